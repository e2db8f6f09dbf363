/**
 * A name server as WINS was: a program over UDP sockets, for p, m and h nodes to ask (RFC 1002,
 * 5.1.4). A name that has an owner is only given to another when the owner, asked, is silent.
 */

import { formatAddress } from '../machine/address.js';
import type { Machine } from '../machine/machine.js';
import type { Datagram, DatagramSocket } from '../machine/usermode.js';
import {
  NAME_FLAG, NAME_OPCODE, NAME_RESULT, NB_FLAG, RECORD_TYPE, buildNamePacket, nbData, nbEntries,
  parseNamePacket,
} from '../wire/nbname.js';
import type { NameHeard, NbEntry } from '../wire/nbname.js';

/** Where it listens. */
export const NAME_SERVER_PORT = 137;
/** Addresses of a group that are told at most (MS-NBTE: 25). */
const MOST_MEMBERS = 25;
/** How often an old owner is asked, and how long each time: UCAST_REQ (RFC 1002, 6). */
const CHALLENGES = 3;
const CHALLENGE_NS = 500_000_000;
/** Seconds that who wants the name is told to wait meanwhile: more than all challenges take. */
const WAIT_SECONDS = 5;
/** The suffix of master browsers, of which each net has its own: never kept, as by WINS. */
const MASTER = /<1D>$/;
/** The suffix of groups whose addresses are kept one by one. */
const INTERNET_GROUP = /<1C>$/;
/** Characters of a scope at most, as of WINS (RFC 1002 has room for 220). */
const MOST_SCOPE = 237;
/** What a group is answered with: its members are all over the net. */
const EVERYBODY = 0xffff_ffff;

/** How a name server is set. */
export interface NameServerOptions {
  /** Seconds that a registration lives without a refresh; six days where not given, as WINS had. */
  readonly ttl?: number;
  /** Names that it keeps; more are refused. 10,000 where not given. */
  readonly mostNames?: number;
}

/** A name that it keeps. */
export interface ServedName {
  readonly name: string;
  readonly scope: string;
  readonly type: 'unique' | 'group' | 'internet group';
  readonly addresses: readonly string[];
}

interface Member {
  readonly entry: NbEntry;
  expiresNs: number;
}

interface Entry {
  readonly name: string;
  readonly scope: string;
  readonly type: ServedName['type'];
  members: Member[];
  /** For whose request an old owner is being asked: others wait. */
  challenger: string | undefined;
}

/** A name server that runs on a machine, whose NetBT must not be bound: the port is its own. */
export class NameServer {
  private readonly entries = new Map<string, Entry>();
  private readonly ttl: number;
  private readonly mostNames: number;
  /** By id: who was asked, and what becomes of the answer. */
  private readonly asked = new Map<number, { readonly address: string; answered(): void }>();
  private nextId = 1;

  private constructor(
    private readonly machine: Machine, private readonly socket: DatagramSocket,
    options: NameServerOptions,
  ) {
    this.ttl = options.ttl ?? 518_400;
    this.mostNames = options.mostNames ?? 10_000;
  }

  /** Starts one. @throws Error where port 137 is taken. */
  static async start(machine: Machine, options: NameServerOptions = {}): Promise<NameServer> {
    const socket = await machine.user.datagram(NAME_SERVER_PORT);
    const server = new NameServer(machine, socket, options);
    void server.serve();
    return server;
  }

  /** The names it keeps that have not expired. */
  names(): ServedName[] {
    return [...this.entries.values()].filter((entry) => this.live(entry).length > 0)
      .map((entry) => ({
        name: entry.name, scope: entry.scope, type: entry.type,
        addresses: this.live(entry).map((member) => formatAddress(member.entry.address)),
      }));
  }

  /** Ends it. */
  close(): void {
    this.socket.close();
  }

  /** What cannot be read is dropped: no answer is the answer to what is no request. */
  private async serve(): Promise<void> {
    const own = formatAddress(this.machine.settings.address);
    for (;;) {
      let datagram: Datagram | undefined;
      try {
        datagram = await this.socket.receive();
      } catch {
        return; // its machine has stopped
      }
      if (datagram === undefined) return;
      // Its own questions to an owner that is said to be here: nobody is.
      if (datagram.address === own || datagram.address.startsWith('127.')) continue;
      let packet: NameHeard;
      try {
        packet = parseNamePacket(datagram.data);
      } catch {
        continue;
      }
      if (packet.response) this.response(packet, datagram);
      else this.request(packet, datagram);
    }
  }

  private request(packet: NameHeard, from: Datagram): void {
    if (packet.question === undefined || (packet.flags & NAME_FLAG.BROADCAST) !== 0) return;
    switch (packet.opcode) {
      case NAME_OPCODE.QUERY:
        this.query(packet, from);
        break;
      case NAME_OPCODE.REGISTRATION:
      case NAME_OPCODE.MULTIHOMED:
      case NAME_OPCODE.REFRESH:
      case NAME_OPCODE.REFRESH_ALTERNATE:
        this.register(packet, from);
        break;
      case NAME_OPCODE.RELEASE:
        this.release(packet, from);
        break;
      default:
        this.answer(packet, from, NAME_RESULT.NOT_IMPLEMENTED);
    }
  }

  private query(packet: NameHeard, from: Datagram): void {
    if (packet.question?.type !== RECORD_TYPE.NB) return;
    const entry = this.entries.get(keyOf(packet));
    const members = entry === undefined ? [] : this.live(entry);
    if (entry === undefined || members.length === 0) {
      this.answer(packet, from, NAME_RESULT.NAME);
      return;
    }
    const entries = entry.type === 'group'
      ? [{ flags: NB_FLAG.GROUP, address: EVERYBODY }]
      : members.slice(0, MOST_MEMBERS).map((member) => member.entry);
    this.answer(packet, from, NAME_RESULT.SUCCESS, entries);
  }

  private register(packet: NameHeard, from: Datagram): void {
    const wanted = entryOf(packet);
    if (wanted === undefined) {
      this.answer(packet, from, NAME_RESULT.FORMAT);
      return;
    }
    if (packet.scope.length > MOST_SCOPE) {
      this.answer(packet, from, NAME_RESULT.SERVER, [wanted]);
      return;
    }
    if (MASTER.test(packet.question?.name ?? '')) {
      this.answer(packet, from, NAME_RESULT.SUCCESS, [wanted]);
      return;
    }
    const key = keyOf(packet);
    const entry = this.entries.get(key);
    const type = typeOf(packet, wanted);
    const owners = entry === undefined ? [] : this.live(entry);
    if (entry === undefined || owners.length === 0) {
      this.take(key, packet, from, wanted, type);
    } else if (entry.type !== type) {
      // A group does not become somebody's, nor the other way round.
      this.answer(packet, from, NAME_RESULT.ACTIVE, [wanted]);
    } else if (type !== 'unique' || owners.some(({ entry: { address } }) =>
      address === wanted.address)) {
      this.renew(entry, wanted);
      this.answer(packet, from, NAME_RESULT.SUCCESS, [wanted]);
    } else void this.challenge(key, entry, packet, from, wanted);
  }

  private take(
    key: string, packet: NameHeard, from: Datagram, wanted: NbEntry, type: ServedName['type'],
  ): void {
    if (!this.entries.has(key) && this.entries.size >= this.mostNames) this.sweep();
    if (!this.entries.has(key) && this.entries.size >= this.mostNames) {
      this.answer(packet, from, NAME_RESULT.SERVER, [wanted]);
      return;
    }
    const entry: Entry = {
      name: packet.question?.name ?? '', scope: packet.scope, type, members: [],
      challenger: undefined,
    };
    this.entries.set(key, entry);
    this.renew(entry, wanted);
    this.answer(packet, from, NAME_RESULT.SUCCESS, [wanted]);
  }

  /** Asks the old owner whether it still has the name; who wants it waits (5.1.4.1). */
  private async challenge(
    key: string, entry: Entry, packet: NameHeard, from: Datagram, wanted: NbEntry,
  ): Promise<void> {
    const challenger = `${from.address}:${from.port}:${packet.id}`;
    // It has been told to wait, and is asked no second time to.
    if (entry.challenger === challenger) return;
    this.wait(packet, from);
    if (entry.challenger !== undefined) return;
    entry.challenger = challenger;
    const [owner] = this.live(entry);
    const isThere = owner !== undefined && await this.ask(entry, owner.entry.address);
    entry.challenger = undefined;
    if (this.entries.get(key) !== entry) return;
    if (isThere) {
      this.answer(packet, from, NAME_RESULT.ACTIVE, [wanted]);
      return;
    }
    entry.members = [];
    this.renew(entry, wanted);
    this.answer(packet, from, NAME_RESULT.SUCCESS, [wanted]);
  }

  /** Whether the node at `address` says that it has the name. */
  private async ask(entry: Entry, address: number): Promise<boolean> {
    const host = formatAddress(address);
    let isThere = false;
    for (let left = CHALLENGES; left > 0 && !isThere; left--) {
      this.nextId = (this.nextId + 1) & 0xffff;
      const id = this.nextId;
      const answered = new Promise<void>((resolve) => {
        this.asked.set(id, { address: host, answered: resolve });
      });
      const query = buildNamePacket({
        id, opcode: NAME_OPCODE.QUERY, question: { name: entry.name, type: RECORD_TYPE.NB },
        scope: entry.scope,
      });
      await this.socket.send(query, host, NAME_SERVER_PORT).catch(() => undefined);
      isThere = await Promise.race([
        answered.then(() => true), this.machine.sleep(CHALLENGE_NS).then(() => false),
      ]);
      this.asked.delete(id);
    }
    return isThere;
  }

  /** An answer to a challenge: only that of who was asked counts. */
  private response(packet: NameHeard, from: Datagram): void {
    const asked = this.asked.get(packet.id);
    if (asked?.address !== from.address || packet.result !== NAME_RESULT.SUCCESS) return;
    if (packet.opcode === NAME_OPCODE.QUERY) asked.answered();
  }

  private release(packet: NameHeard, from: Datagram): void {
    const wanted = entryOf(packet);
    const entry = this.entries.get(keyOf(packet));
    const owned = entry?.members.some((member) => member.entry.address === wanted?.address);
    if (wanted === undefined || entry === undefined || owned !== true) {
      // What is not there is released: RFC 1002 says so of a name, and WINS does.
      this.answer(packet, from, NAME_RESULT.SUCCESS, wanted === undefined ? [] : [wanted]);
      return;
    }
    if (entry.type === 'group') {
      // WINS knows no members of it: it goes when nobody refreshes it any more.
      this.answer(packet, from, NAME_RESULT.SUCCESS, [wanted]);
      return;
    }
    if (formatAddress(wanted.address) !== from.address) {
      this.answer(packet, from, NAME_RESULT.ACTIVE, [wanted]);
      return;
    }
    entry.members = entry.members.filter((member) => member.entry.address !== wanted.address);
    if (entry.members.length === 0) this.entries.delete(keyOf(packet));
    this.answer(packet, from, NAME_RESULT.SUCCESS, [wanted]);
  }

  private renew(entry: Entry, wanted: NbEntry): void {
    const expiresNs = this.machine.clock.now + this.ttl * 1e9;
    entry.members = this.live(entry).filter((member) => member.entry.address !== wanted.address);
    // The newest come first: they are told, where not all have room.
    entry.members.unshift({ entry: wanted, expiresNs });
    if (entry.members.length > MOST_MEMBERS) entry.members.length = MOST_MEMBERS;
  }

  private live(entry: Entry): Member[] {
    return entry.members.filter(({ expiresNs }) => expiresNs > this.machine.clock.now);
  }

  /** Forgets what has expired. */
  private sweep(): void {
    for (const [key, entry] of this.entries) {
      if (this.live(entry).length === 0) this.entries.delete(key);
    }
  }

  /** WAIT FOR ACKNOWLEDGEMENT (4.2.16): the data is the request's second word. */
  private wait(packet: NameHeard, from: Datagram): void {
    const word = (packet.opcode << 11) | packet.flags;
    this.send(from, buildNamePacket({
      id: packet.id, opcode: NAME_OPCODE.WACK,
      flags: NAME_FLAG.RESPONSE | NAME_FLAG.AUTHORITATIVE, scope: packet.scope,
      answers: [{
        name: packet.question?.name ?? '', type: RECORD_TYPE.NB, ttl: WAIT_SECONDS,
        data: Uint8Array.of(word >> 8, word & 255),
      }],
    }));
  }

  private answer(
    packet: NameHeard, from: Datagram, result: number, entries: readonly NbEntry[] = [],
  ): void {
    // A refresh is answered as a registration (4.2.5).
    const isRefresh = packet.opcode === NAME_OPCODE.REFRESH
      || packet.opcode === NAME_OPCODE.REFRESH_ALTERNATE
      || packet.opcode === NAME_OPCODE.MULTIHOMED;
    const has = entries.length > 0;
    this.send(from, buildNamePacket({
      id: packet.id,
      opcode: isRefresh ? NAME_OPCODE.REGISTRATION : packet.opcode,
      flags: NAME_FLAG.RESPONSE | NAME_FLAG.AUTHORITATIVE | NAME_FLAG.RECURSION_AVAILABLE
        | (packet.flags & NAME_FLAG.RECURSION_DESIRED),
      result,
      scope: packet.scope,
      answers: [{
        name: packet.question?.name ?? '',
        type: has ? RECORD_TYPE.NB : RECORD_TYPE.NULL,
        ttl: result === NAME_RESULT.SUCCESS && has ? this.ttl : 0,
        data: nbData(...entries),
      }],
    }));
  }

  private send(to: Datagram, octets: Uint8Array): void {
    this.socket.send(octets, to.address, to.port).catch(() => undefined);
  }
}

function keyOf(packet: NameHeard): string {
  return `${packet.question?.name ?? ''}.${packet.scope}`;
}

/** What a request wants to have written: one address; undefined where it does not say so. */
function entryOf(packet: NameHeard): NbEntry | undefined {
  const [record, ...more] = packet.additionals;
  if (record === undefined || more.length > 0 || record.type !== RECORD_TYPE.NB) return undefined;
  if (record.data.length !== 6) return undefined;
  return nbEntries(record.data)[0];
}

function typeOf(packet: NameHeard, { flags }: NbEntry): ServedName['type'] {
  if ((flags & NB_FLAG.GROUP) === 0) return 'unique';
  return INTERNET_GROUP.test(packet.question?.name ?? '') ? 'internet group' : 'group';
}
