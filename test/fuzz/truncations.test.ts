/**
 * Every packet of NetBT that was recorded, cut behind each of its octets: sessions' to a machine
 * that is called and from one that it has called, names' and datagrams' to a node that has names
 * and to one that waits for an answer. Nobody is given what is not whole; each is counted with its
 * reason; who is beside goes on, and nothing goes out for it. Where NTSTACK_FUZZ_FRAMES is given,
 * every octet of the longest, and the recordings of ../shared/captures too, where there are some.
 */

import { describe, expect } from 'vitest';
import { NAME_OPCODE, RECORD_TYPE, parseNamePacket } from '../../host/wire/nbname.js';
import type { NameHeard } from '../../host/wire/nbname.js';
import { join, viewOf } from '../../host/wire/octets.js';
import { Node } from '../netbt/node.js';
import { readDatagrams, readSessions } from '../netbt/recorded.js';
import {
  Caller, DIRECT_PORT, POSITIVE, SESSION, beCalled, listenOn, openSession, packet,
} from '../netbt/station.js';
import type { Opened } from '../netbt/station.js';
import { DATAGRAM_PACKETS, NAME_PACKETS } from '../wire/nbpackets.js';
import { THEM } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import type { Bench } from '../wireside/fixture.js';
import { Bystander } from './bystander.js';

const ALL = process.env['NTSTACK_FUZZ_FRAMES'] !== undefined;
/**
 * Where not every octet is tried: each up to here, those around the ends of the first segments, and
 * the last.
 */
const EACH_OCTET = 100;
const SEGMENT = 1460;
const SEGMENTS = 3;
/** Ports of those who call, in turn, and the port of whom a machine calls by name. */
const FIRST_PORT = 10_000;
const PORTS = 40_000;
/** Packets after which time passes, and what was told is taken. */
const PAUSE = 100;
/** Where an identifier lies that is another in each packet. */
const NAME_IDENTIFIER_AT = 0;
const DATAGRAM_IDENTIFIER_AT = 2;

/** Names that the recordings ask for and claim, and those that nbpackets.ts does. */
const NAMES = ['NTSRV<00>', 'NTSRV<20>', 'SERVER<20>'] as const;

const NAME_DROPS = /^NAME_(SHORT|COUNTS|NAME|RECORD|CLASS)$/;
const DATAGRAM_DROPS = /^DATAGRAM_(SHORT|TYPE|SOURCE_NAME|DESTINATION_NAME|LENGTH)$/;
const SESSION_DROPS = /^SESSION_(CUT|PACKET|REFUSED)$/;

/** What NetBT has counted, of the counters whose names match. */
function counted({ machine }: { machine: Bench['machine'] }, names: RegExp): number {
  return Object.entries(machine.nbt()).filter(([name]) => names.test(name))
    .reduce((sum, [, value]) => sum + value, 0);
}

/** How many octets come of a packet of so many, each time. */
function cutsOf(length: number): number[] {
  return Array.from({ length }, (_, cut) => cut).filter((cut) => {
    const beside = cut % SEGMENT;
    const atEnd = cut < SEGMENTS * SEGMENT + 2 && (beside <= 1 || beside === SEGMENT - 1);
    return ALL || cut <= EACH_OCTET || atEnd || cut > length - 3;
  });
}

/** A packet of a session, and who says it. */
interface Said {
  readonly direct: boolean;
  readonly octets: Uint8Array;
}

/** What clients, or servers, said: of messages, in which nobody looks, one of each length. */
function saidBy(way: 'client' | 'server'): Said[] {
  const found = new Map<string, Said>();
  for (const { port, packets } of readSessions(ALL)) {
    const direct = port === DIRECT_PORT;
    for (const { type, payload } of packets.filter((each) => each.way === way)) {
      const content = type === SESSION.MESSAGE ? payload.length : payload.join();
      found.set(`${direct} ${type} ${content}`, { direct, octets: packet(type, payload) });
    }
  }
  return [...found.values()];
}

const kindOf = (direct: boolean) => direct ? 'NETBIOS_DIRECT' : 'NETBIOS';

/** Cuts one packet after another, and looks at the bystander now and then. */
class Cutter {
  turn = 0;

  constructor(private readonly bench: Bench, private readonly bystander: Bystander) {}

  /** What ends a connection, in turn. */
  get how(): 'close' | 'reset' {
    return this.turn % 2 === 0 ? 'close' : 'reset';
  }

  /** Cuts a packet in all places, in a connection of its own each; `cut` says how it went. */
  cut({ octets }: Said, cut: (part: Uint8Array) => void): void {
    const { bench, bench: { machine, user } } = this;
    for (const length of cutsOf(octets.length)) {
      const before = counted(bench, SESSION_DROPS);
      cut(octets.subarray(0, length));
      expect(counted(bench, SESSION_DROPS) - before).toBe(length === 0 ? 0 : 1);
      if (++this.turn % PAUSE !== 0) continue;
      this.bystander.mustGoOn(this.turn);
      machine.advance(1000);
      user.everything();
      machine.take();
    }
  }
}

/** The part of a message is said in a session that is open, and the session ends. */
function endWithin({ user }: Bench, { caller, handle }: Opened, part: Uint8Array, cutter: Cutter) {
  caller.say(part);
  expect(user.receiveMessage(handle)).toBeUndefined();
  caller.end(cutter.how);
  expect(user.receiveMessage(handle)).toBeTypeOf('string');
  user.close(handle, 'abort');
  caller.listen();
}

describe('fuzz/truncations of sessions', () => {
  it('of clients: a server of ours gets no part, and goes on', ({ bench }) => {
    const made = bench({ netbios: 'direct' });
    const listeners = { NETBIOS: listenOn(made), NETBIOS_DIRECT: 0 };
    listeners.NETBIOS_DIRECT = listenOn(made, 20, 'NETBIOS_DIRECT');
    const cutter = new Cutter(made, new Bystander(made, listeners.NETBIOS));
    for (const said of saidBy('client')) {
      const kind = kindOf(said.direct);
      cutter.cut(said, (part) => {
        const port = FIRST_PORT + cutter.turn % PORTS;
        if (said.octets[0] === SESSION.MESSAGE) {
          endWithin(made, openSession(made, listeners[kind], port, kind), part, cutter);
          return;
        }
        const caller = new Caller(made, port);
        expect(caller.connect()).toBe(true);
        expect(caller.say(part)).toEqual(new Uint8Array(0));
        expect(made.user.accept(listeners.NETBIOS)).toBe(0);
        caller.end(cutter.how);
      });
    }
    expect(cutter.turn).toBeGreaterThan(1000);
  });

  it('of servers: a client of ours gets no part, and its call fails', ({ bench }) => {
    const made = bench({ netbios: 'direct' });
    const cutter = new Cutter(made, new Bystander(made, listenOn(made)));
    // Samba's server has neither refused a call nor sent one elsewhere.
    const others = [
      packet(SESSION.NEGATIVE, Uint8Array.of(0x82)),
      packet(SESSION.RETARGET, Uint8Array.of(10, 0, 0, 9, 0, 139)),
    ].map((octets) => ({ direct: false, octets }));
    for (const said of [...others, ...saidBy('server')]) {
      const isAnswer = said.octets[0] !== SESSION.MESSAGE;
      cutter.cut(said, (part) => {
        const opened = beCalled(made, kindOf(said.direct));
        const { caller, handle } = opened;
        if (!isAnswer) {
          if (!said.direct) caller.say(POSITIVE);
          expect(made.user.events(handle).events).toContain('CONNECTED');
          endWithin(made, opened, part, cutter);
          return;
        }
        expect(caller.say(part)).toEqual(new Uint8Array(0));
        expect(made.user.events(handle).status).toBe('NOTHING');
        caller.end(cutter.how);
        expect(made.user.events(handle)).toEqual({
          events: ['FAILED'], status: 'BAD_NETWORK_PATH',
        });
        made.user.close(handle, 'abort');
      });
    }
    expect(cutter.turn).toBeGreaterThan(1000);
  });
});

/** Packets of the name service: recorded ones, and those of each kind. */
const names = [
  ...Object.values(NAME_PACKETS), ...readDatagrams(137, NAME_IDENTIFIER_AT, ALL),
];
const datagrams = [
  ...Object.values(DATAGRAM_PACKETS), ...readDatagrams(138, DATAGRAM_IDENTIFIER_AT, ALL),
];

/** A node with the names that are asked for. */
function ownerOf(bench: (options?: object) => Bench): Node {
  const node = new Node(bench);
  for (const name of NAMES) node.own(name);
  node.own('NTGROUP<1E>', 'GROUP');
  return node;
}

/** Whether each of its names is still answered for. */
function mustAnswer(node: Node): void {
  node.heard();
  for (const name of NAMES) {
    node.say({ id: 1, opcode: NAME_OPCODE.QUERY, question: { name, type: RECORD_TYPE.NB } });
    expect(node.heard().map(({ answers }) => answers[0]?.name)).toEqual([name]);
  }
}

/** What node status of others, and nmbd as name server, said to a node that had asked. */
function answersToNodes(): { packet: Uint8Array; heard: NameHeard }[] {
  return names.flatMap((each) => {
    try {
      const heard = parseNamePacket(each);
      return heard.response && heard.answers.length === 1 ? [{ packet: each, heard }] : [];
    } catch {
      // smbtorture's, whose names are none.
      return [];
    }
  });
}

/** Asks what `heard` answers; how that ended, or PENDING. Undefined: no node asks that. */
function ask(node: Node, { opcode, answers: [record] }: NameHeard): (() => string) | undefined {
  const name = record?.name ?? '';
  if (opcode === NAME_OPCODE.REGISTRATION) {
    const claim = node.add(name);
    return () => node.status(claim);
  }
  if (opcode !== NAME_OPCODE.QUERY) return undefined;
  const asked = record?.type === RECORD_TYPE.NBSTAT
    ? node.ask('ADAPTER_STATUS', '*', THEM) : node.find(name);
  return () => {
    const status = node.asked(asked);
    if (status !== 'PENDING') node.answer(asked);
    return status;
  };
}

describe('fuzz/truncations of names and datagrams', () => {
  it('has recordings of nmbd, and of who asks it', () => {
    expect(readDatagrams(137, NAME_IDENTIFIER_AT, ALL).length).toBeGreaterThan(100);
    expect(readDatagrams(138, DATAGRAM_IDENTIFIER_AT, ALL).length).toBeGreaterThan(10);
  });

  it('counts each, answers none, and keeps its names', ({ bench }) => {
    const node = ownerOf(bench);
    const before = counted(node, NAME_DROPS);
    const out = node.machine.nbt()['NAME_OCTETS_OUT'];
    let tried = 0;
    for (const each of names) {
      for (let length = 0; length < each.length; length++, tried++) {
        node.say(each.subarray(0, length), { broadcast: tried % 2 === 0 });
      }
    }
    expect(tried).toBeGreaterThan(10_000);
    expect(counted(node, NAME_DROPS) - before).toBe(tried);
    expect(node.machine.nbt()['NAME_OCTETS_OUT']).toBe(out);
    expect(node.machine.take()).toEqual([]);
    mustAnswer(node);
    node.leave();
  });

  it('counts each datagram, and gives none to anybody', ({ bench }) => {
    const node = ownerOf(bench);
    const group = node.own('NTGROUP<1D>', 'GROUP');
    const before = counted(node, DATAGRAM_DROPS);
    let tried = 0;
    for (const each of datagrams) {
      for (let length = 0; length < each.length; length++, tried++) {
        node.sayDatagram(each.subarray(0, length), { broadcast: tried % 2 === 0 });
      }
    }
    expect(tried).toBeGreaterThan(2000);
    expect(counted(node, DATAGRAM_DROPS) - before).toBe(tried);
    expect(node.machine.take()).toEqual([]);
    expect(node.receive(group)).toBe('NO_MORE_ENTRIES');
    mustAnswer(node);
    node.leave();
  });

  it('believes no answer that is not whole, and then the one that is', ({ bench }) => {
    let asked = 0;
    for (const { packet: each, heard } of answersToNodes()) {
      // Each of its own: what was answered once is known.
      const node = new Node(bench, { parameters: { NameServer: THEM, NodeType: 2 } });
      const status = ask(node, heard);
      const [sent] = node.heard();
      if (status !== undefined && sent !== undefined) {
        const whole = each.slice();
        viewOf(whole).setUint16(NAME_IDENTIFIER_AT, sent.id);
        const before = counted(node, NAME_DROPS);
        for (let length = 0; length < whole.length; length++) {
          node.say(whole.subarray(0, length));
          expect(status()).toBe('PENDING');
        }
        expect(counted(node, NAME_DROPS) - before).toBe(whole.length);
        node.say(join(whole));
        expect(status()).not.toBe('PENDING');
        asked++;
      }
      node.leave();
    }
    expect(asked).toBeGreaterThan(5);
  });
});
