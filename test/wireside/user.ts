/** User mode: the raw socket calls of one machine, with words for numbers. */

import { netbiosName } from '../../host/wire/nbname.js';
import { THEM } from './build.js';
import type { Machine } from './machine.js';

const SCRATCH = 65536;
const RECORDS = 64;

/** What a socket, or an echo, told. */
export interface Told {
  context: number;
  events: string[];
  status: string;
  handle: number;
}

/** The sockets of one machine; each that is open at the end of a test is closed then. */
export class User {
  private readonly open = new Set<number>();
  private readonly told: Told[] = [];
  private readonly scratch: number;
  private readonly records: number;
  private contexts = 0;

  constructor(private readonly machine: Machine) {
    this.scratch = machine.call((raw) => raw.userAllocate(SCRATCH)) >>> 0;
    this.records = machine.call((raw) => raw.userAllocate(RECORDS * 16)) >>> 0;
  }

  /** A socket; 0: there was no memory. */
  socket(kind: 'STREAM' | 'DATAGRAM' | 'NETBIOS' | 'NETBIOS_DIRECT' = 'STREAM'): number {
    const number = this.machine.number(`SocketKind.${kind}`);
    return this.keep(this.machine.call((raw) => raw.socketOpen(number, ++this.contexts)));
  }

  bind(handle: number, port: number, address = 0): string {
    return this.status(this.machine.call((raw) => raw.socketBind(handle, address, port)));
  }

  /** A NetBIOS socket, to a name that is had at once. */
  bindName(handle: number, name: string): string {
    const at = this.writeName(name);
    return this.status(this.machine.call((raw) => raw.socketBindName(handle, at)));
  }

  /** One that is bound calls a name at an address. */
  callName(handle: number, name: string, address = THEM): string {
    const at = this.writeName(name);
    return this.status(this.machine.call((raw) => raw.socketConnectName(handle, at, address)));
  }

  listenOn(handle: number, backlog: number): string {
    return this.status(this.machine.call((raw) => raw.socketListen(handle, backlog)));
  }

  /** A socket that listens. @throws Error if it cannot. */
  listen(port: number, backlog = 5): number {
    const handle = this.socket();
    const bound = this.bind(handle, port);
    const listening = bound === 'SUCCESS' ? this.listenOn(handle, backlog) : bound;
    if (listening !== 'SUCCESS') throw new Error(`listen ${port}: ${listening}`);
    return handle;
  }

  connect(handle: number, port: number, address = THEM): string {
    return this.status(this.machine.call((raw) => raw.socketConnect(handle, address, port)));
  }

  /** The oldest connection that waits, or 0. */
  accept(listener: number): number {
    return this.keep(
      this.machine.call((raw) => raw.socketAccept(listener, ++this.contexts)),
    );
  }

  /** Octets taken, or the word of a status. */
  send(handle: number, octets: Uint8Array, how: 'plain' | 'urgent' = 'plain'): number | string {
    const { scratch } = this;
    const length = Math.min(octets.length, SCRATCH);
    this.machine.octets(scratch, length).set(octets.subarray(0, length));
    return this.result(this.machine.call((raw) => {
      const call = how === 'plain' ? raw.socketSend : raw.socketSendUrgent;
      return call(handle, scratch, length);
    }));
  }

  /** Octets of the datagram, or the word of a status. */
  sendTo(handle: number, octets: Uint8Array, port: number, address = THEM): number | string {
    const { scratch } = this;
    this.machine.octets(scratch, octets.length).set(octets);
    return this.result(this.machine.call((raw) =>
      raw.socketSendTo(handle, scratch, octets.length, address, port)));
  }

  /** What has come, at most `length` octets, none where no datagram is; or the word of a status. */
  receive(handle: number, length = SCRATCH): Uint8Array | string {
    const { scratch } = this;
    const result = this.result(
      this.machine.call((raw) => raw.socketReceive(handle, scratch, length)),
    );
    if (result === 'NO_MORE_ENTRIES') return new Uint8Array(0);
    return typeof result === 'string' ? result : this.machine.octets(scratch, result).slice();
  }

  /** The urgent octet, none where it has not come yet; or the word of a status. */
  receiveUrgent(handle: number): Uint8Array | string {
    const { scratch } = this;
    const result = this.result(
      this.machine.call((raw) => raw.socketReceiveUrgent(handle, scratch)),
    );
    return typeof result === 'string' ? result : this.machine.octets(scratch, result).slice();
  }

  /** The next message of a NetBIOS socket; undefined: none is there; or the word of a status. */
  receiveMessage(handle: number): Uint8Array | string | undefined {
    const { scratch } = this;
    const result = this.result(
      this.machine.call((raw) => raw.socketReceive(handle, scratch, SCRATCH)),
    );
    if (result === 'NO_MORE_ENTRIES') return undefined;
    return typeof result === 'string' ? result : this.machine.octets(scratch, result).slice();
  }

  /** All that has come, call after call, until there is nothing now or a status. */
  drain(handle: number, length = SCRATCH): Uint8Array {
    const runs: Uint8Array[] = [];
    for (;;) {
      const run = this.receive(handle, length);
      if (typeof run === 'string') break;
      runs.push(run);
      // A socket asks the transport for more when it is read: that can be read the next time.
      if (run.length === 0 && this.query(handle, 'READABLE') === 0) break;
    }
    return Uint8Array.from(Buffer.concat(runs));
  }

  shutdown(handle: number): string {
    return this.status(this.machine.call((raw) => raw.socketShutdown(handle)));
  }

  close(handle: number, how: 'graceful' | 'abort' = 'graceful'): void {
    this.open.delete(handle);
    this.machine.call((raw) => raw.socketClose(handle, how === 'abort' ? 1 : 0));
  }

  option(handle: number, option: string, value: number): string {
    const number = this.machine.number(`SocketOption.${option}`);
    return this.status(this.machine.call((raw) => raw.socketOption(handle, number, value)));
  }

  /** What closesocket asks first: whether a close has to wait. */
  linger(handle: number): string {
    return this.status(this.machine.call((raw) => raw.socketLinger(handle)));
  }

  query(handle: number, query: string): number {
    const number = this.machine.number(`SocketQuery.${query}`);
    return this.machine.call((raw) => raw.socketQuery(handle, number)) >>> 0;
  }

  /** As `query`, for what is a status: its word. */
  statusOf(handle: number, query: string): string {
    return this.status(this.query(handle, query) | 0);
  }

  ping(address = THEM, octets = 32, timeoutMs = 1000, context = 0xec40): string {
    return this.status(
      this.machine.call((raw) => raw.echo(address, octets, timeoutMs, context)),
    );
  }

  /** What was told of `handle`, or of the echo with that context, since this was last asked. */
  events(handle: number): { events: string[]; status: string } {
    this.poll();
    const mine = this.told.filter((each) => each.handle === handle || each.context === handle);
    for (const each of mine) this.told.splice(this.told.indexOf(each), 1);
    return {
      events: [...new Set(mine.flatMap((each) => each.events))].sort(),
      status: mine.at(-1)?.status ?? 'NOTHING',
    };
  }

  /** Everything that was told and not asked for. */
  everything(): Told[] {
    this.poll();
    return this.told.splice(0);
  }

  /** Closes what is open by force, and frees user mode's memory. */
  leave(): void {
    for (const handle of this.open) this.close(handle, 'abort');
    this.poll();
    this.machine.call((raw) => raw.userFree(this.scratch));
    this.machine.call((raw) => raw.userFree(this.records));
  }

  private writeName(name: string): number {
    const place = this.machine.octets(this.scratch, 20);
    place.fill(0);
    place.set(netbiosName(name));
    place[16] = this.machine.number('NetbiosNameType.QUICK_UNIQUE');
    return this.scratch;
  }

  private keep(handle: number): number {
    const unsigned = handle >>> 0;
    if (unsigned !== 0) this.open.add(unsigned);
    return unsigned;
  }

  private poll(): void {
    for (;;) {
      const count = this.machine.call((raw) => raw.socketPoll(this.records, RECORDS));
      const words = this.machine.words(this.records, count * 4);
      for (let i = 0; i < count; i++) {
        const [context = 0, events = 0, status = 0, handle = 0] = words.subarray(i * 4);
        this.told.push({
          context, handle, events: this.eventWords(events), status: this.status(status),
        });
      }
      if (count < RECORDS) return;
    }
  }

  private eventWords(events: number): string[] {
    const words: string[] = [];
    for (let bit = 1; bit <= events; bit *= 2) {
      if (events & bit) words.push(this.machine.word('SocketEvent', bit));
    }
    return words;
  }

  private status(value: number): string {
    return this.machine.word('Status', value);
  }

  private result(value: number): number | string {
    return value < 0 ? this.status(value) : value;
  }
}
