/** A machine with NetBT on a wire of the test's own: its names, and both services' packets. */

import { NB_FLAG, netbiosName, parseNamePacket } from '../../host/wire/nbname.js';
import type { NameFields, NameHeard, NbEntry } from '../../host/wire/nbname.js';
import { buildNamePacket, nbEntries } from '../../host/wire/nbname.js';
import { parseNbDatagram } from '../wire/nbdatagram.js';
import type { DatagramHeard } from '../wire/nbdatagram.js';
import { BROADCAST_MAC, THEM, US, ethernet, ipv4, udp } from '../wireside/build.js';
import type { Bench } from '../wireside/fixture.js';
import type { Machine, MachineOptions } from '../wireside/machine.js';
import { address } from '../wireside/octets.js';

export const NAME_PORT = 137;
export const DATAGRAM_PORT = 138;
/** Everybody on the net of the machine. */
export const EVERYBODY = address('10.0.0.255');

/** A packet of the name service that the kernel sent, when and where to. */
export interface NameSent extends NameHeard {
  readonly atMs: number;
  readonly to: number;
  readonly port: number;
  readonly octets: number;
}

/** Where a packet of the test's goes and whom it is from. */
interface Route {
  readonly source?: number;
  readonly port?: number;
  readonly broadcast?: boolean;
}

const ROOM = 4096;

/** One node. */
export class Node {
  readonly machine: Machine;
  private readonly block: number;
  private readonly handles = new Set<number>();

  constructor(bench: (options?: MachineOptions) => Bench, options: MachineOptions = {}) {
    this.machine = bench({ netbios: true, ...options }).machine;
    this.machine.meet();
    this.block = this.machine.call((raw) => raw.userAllocate(ROOM)) >>> 0;
  }

  /** Begins to register a name; a handle, or the word of a status. */
  add(name: string, type: 'UNIQUE' | 'GROUP' | 'QUICK_UNIQUE' = 'UNIQUE'): number {
    this.writeName(name, type);
    const handle = this.machine.call((raw) => raw.netbiosAdd(this.block));
    if (handle > 0) this.handles.add(handle);
    return handle;
  }

  /** How that went. */
  status(handle: number): string {
    return this.word(this.machine.call((raw) => raw.netbiosStatus(handle)));
  }

  delete(handle: number): void {
    this.handles.delete(handle);
    this.machine.call((raw) => raw.netbiosDelete(handle));
  }

  /** A name that is ours: registered, and what that took is not heard of. */
  own(name: string, type: 'UNIQUE' | 'GROUP' = 'UNIQUE'): number {
    const handle = this.add(name, type);
    this.machine.advance(10_000);
    if (this.status(handle) !== 'SUCCESS') throw new Error(`${name}: ${this.status(handle)}`);
    this.machine.take();
    return handle;
  }

  /** Deletes what is left, frees the block; nobody hears the releases. */
  leave(): void {
    for (const handle of this.handles) this.delete(handle);
    this.machine.advance(10_000);
    this.machine.call((raw) => raw.userFree(this.block));
    this.machine.take();
  }

  /** Begins to find a name. */
  find(name: string): number {
    return this.ask('FIND_NAME', name, 0);
  }

  ask(control: string, name: string, remote: number): number {
    this.writeName(name, 'UNIQUE');
    const code = this.machine.number(`NetbtControl.${control}`);
    return this.machine.call((raw) => raw.netbiosAsk(code, this.block, remote, 2048));
  }

  /** How a request ended, or PENDING. */
  asked(handle: number): string {
    return this.word(this.machine.call((raw) => raw.netbiosAsked(handle)));
  }

  /** The octets of its answer. */
  answer(handle: number): Uint8Array {
    const octets = this.machine.call((raw) => raw.netbiosAnswer(handle, this.block, ROOM));
    return this.machine.octets(this.block, octets).slice();
  }

  /** The addresses that a find came to. */
  found(handle: number): number[] {
    const octets = this.answer(handle);
    const view = new DataView(octets.buffer);
    const count = view.getUint32(4, true);
    return Array.from({ length: count }, (_, i) => view.getUint32(8 + 4 * i, true));
  }

  /** Sends a datagram; the word of a status. */
  send(handle: number, to: string, data: Uint8Array, type: 'UNIQUE' | 'GROUP' = 'UNIQUE'): string {
    this.writeName(to, type);
    this.machine.octets(this.block + 64, data.length).set(data);
    return this.word(this.machine.call((raw) =>
      raw.netbiosSend(handle, this.block, this.block + 64, data.length)));
  }

  /** The next datagram's data, or the word of a status. */
  receive(handle: number): Uint8Array | string {
    const count = this.machine.call((raw) => raw.netbiosReceive(handle, this.block, ROOM));
    if (count < 0) return this.word(count);
    return this.machine.octets(this.block + 20, count - 20).slice();
  }

  /** The packets of the name service since this was last asked; all other frames are given back. */
  heard(): NameSent[] {
    return this.packets(NAME_PORT).map(({ atMs, to, port, data }) =>
      ({ ...parseNamePacket(data), atMs, to, port, octets: data.length }));
  }

  /** The same of the datagram service. */
  datagrams(): (DatagramHeard & { readonly to: string })[] {
    return this.packets(DATAGRAM_PORT).map(({ data }) => {
      const heard = parseNbDatagram(data);
      return { ...heard, to: heard.to ?? '' };
    });
  }

  /** A packet of the name service comes in; theirs to us unless told. */
  say(fields: NameFields | Uint8Array, route: Route = {}): void {
    const octets = fields instanceof Uint8Array ? fields : buildNamePacket(fields);
    this.machine.receive(frame(octets, NAME_PORT, route));
  }

  /** A packet of the datagram service. */
  sayDatagram(octets: Uint8Array, route: Route = {}): void {
    this.machine.receive(frame(octets, DATAGRAM_PORT, route));
  }

  private packets(own: number): { atMs: number; to: number; port: number; data: Uint8Array }[] {
    const frames = this.machine.take();
    const mine = frames.filter(({ udp: datagram }) => datagram?.sourcePort === own);
    this.machine.giveBack(frames.filter((each) => !mine.includes(each)));
    return mine.map(({ atMs, ip, udp: datagram }) => ({
      atMs, to: ip?.destination ?? 0, port: datagram?.destinationPort ?? 0,
      data: datagram?.data ?? new Uint8Array(0),
    }));
  }

  private writeName(name: string, type: string): void {
    const place = this.machine.octets(this.block, 20);
    place.set(netbiosName(name));
    place.fill(0, 16);
    place[16] = this.machine.number(`NetbiosNameType.${type}`);
  }

  private word(status: number): string {
    return this.machine.word('Status', status);
  }
}

function frame(octets: Uint8Array, port: number, route: Route): Uint8Array {
  const { source = THEM, port: from = port, broadcast = false } = route;
  const between = { source, destination: broadcast ? EVERYBODY : US };
  const datagram = udp(octets, { source: from, destination: port }, between);
  return ethernet(ipv4(datagram, between), broadcast ? { destination: BROADCAST_MAC } : {});
}

/** The only address of the first record of a packet. */
export function entryOf(packet: NameHeard): NbEntry | undefined {
  const record = packet.additionals[0] ?? packet.answers[0];
  return record === undefined ? undefined : nbEntries(record.data)[0];
}

/** Whether an entry is a group's. */
export function isGroup(entry: NbEntry | undefined): boolean {
  return ((entry?.flags ?? 0) & NB_FLAG.GROUP) !== 0;
}
