/** Sockets by handle: each call straight into the kernel, news by context, nothing allocated. */

import { SELECT_RECORD_OCTETS, valueOf } from '../kernel/layout.js';
import type { EnumName } from '../kernel/layout.js';
import type { KernelExports } from '../kernel/exports.js';
import { UserBlock } from '../kernel/userblock.js';
import type { PollRecord } from '../kernel/userblock.js';
import type { Machine } from '../machine/machine.js';
import type {
  RawSockets, SelectEntry, SocketBlock, SocketHandler, SocketKind, SocketOptionName,
  SocketQueryName,
} from '../machine/usermode.js';

/** Octets of the block that news are read into: 256 records. */
const NEWS_OCTETS = 4096;
/** Octets of a NetbiosAddress: a name, and what it is. */
const ADDRESS_OCTETS = 20;
/** The handle of a context that belongs to an echo request. */
const ECHO_HANDLE = -1;
/** And of one that belongs to a select. */
const SELECT_HANDLE = -2;
const NONE_FREED: readonly number[] = [];

const EVENTS = [
  'CONNECTED', 'ACCEPT', 'READABLE', 'WRITABLE', 'CLOSED', 'ABORTED', 'FAILED', 'ECHO', 'URGENT',
  'SOFT_ERROR', 'LINGERED', 'SELECTED',
] as const;
const POLL_EVENTS = [
  'RECEIVE', 'RECEIVE_EXPEDITED', 'SEND', 'DISCONNECT', 'ABORT', 'LOCAL_CLOSE', 'CONNECT', 'ACCEPT',
  'CONNECT_FAIL',
] as const;
/** Sockets of one select at most: as many as the kernel takes. */
const MOST_SELECTED = 4096;

/** The sockets of one machine. */
export class SocketTable implements RawSockets {
  readonly events: RawSockets['events'];
  readonly pollEvents: RawSockets['pollEvents'];
  /** Calls that no processor could run. */
  refused = 0;
  private readonly kernel: KernelExports;
  private readonly pending: number;
  readonly noDatagram: number;
  private readonly kinds: Readonly<Record<SocketKind, number>>;
  private readonly options: Readonly<Record<SocketOptionName, number>>;
  private readonly queries: Readonly<Record<SocketQueryName, number>>;
  private readonly blocks: UserBlock[] = [];
  private readonly news: UserBlock;
  private readonly record: PollRecord = { context: 0, events: 0, status: 0, handle: 0 };
  // By context; 0 is none's.
  private readonly handlers: (SocketHandler | undefined)[] = [undefined];
  private readonly handles: number[] = [0];
  private readonly free: number[] = [];
  // Given back since the last news: they may still be in the next.
  private readonly freed: number[] = [];
  private readonly contexts = new Map<number, number>();
  /** Selects that wait, by context. */
  private readonly selects = new Map<number, readonly SelectEntry[]>();
  private records: UserBlock | undefined;

  constructor(private readonly machine: Machine) {
    const { layout } = machine.kernel;
    const values = <T extends string>(name: EnumName, members: readonly T[]): Record<T, number> =>
      Object.fromEntries(members.map((each) => [each, valueOf(layout, name, each)])) as
        Record<T, number>;
    this.kernel = machine.kernel.raw;
    this.pending = valueOf(layout, 'Status', 'PENDING');
    this.noDatagram = valueOf(layout, 'Status', 'NO_MORE_ENTRIES');
    this.events = values('SocketEvent', EVENTS);
    this.pollEvents = values('PollEvent', POLL_EVENTS);
    this.kinds = {
      stream: valueOf(layout, 'SocketKind', 'STREAM'),
      datagram: valueOf(layout, 'SocketKind', 'DATAGRAM'),
      netbios: valueOf(layout, 'SocketKind', 'NETBIOS'),
      netbiosDirect: valueOf(layout, 'SocketKind', 'NETBIOS_DIRECT'),
    };
    this.options = values('SocketOption', [
      'NO_DELAY', 'KEEP_ALIVE', 'SINK', 'SEND_BUFFER', 'RECEIVE_BUFFER', 'OOB_INLINE',
      'SOFT_ERRORS', 'RETRANSMISSIONS', 'TYPE_OF_SERVICE', 'LOOSE_HOP', 'STRICT_HOP', 'LINGER',
    ]);
    this.queries = values('SocketQuery', [
      'LOCAL_ADDRESS', 'LOCAL_PORT', 'REMOTE_ADDRESS', 'REMOTE_PORT', 'STATUS', 'READABLE',
      'SEND_ROOM', 'RECEIVED', 'URGENT_LEFT', 'SOFT_ERROR', 'LINGER',
    ]);
    this.news = this.allocate(NEWS_OCTETS);
  }

  allocate(octets: number): UserBlock {
    if (!this.enter()) throw new Error(`${this.machine.name} runs no user mode: no memory for it`);
    const block = new UserBlock(this.machine.kernel, octets);
    this.blocks.push(block);
    this.machine.leaveUser();
    return block;
  }

  open(kind: SocketKind, handler: SocketHandler): number {
    if (!this.enter()) return 0;
    const context = this.takeContext(handler);
    return this.own(context, this.call2(this.kernel.socketOpen, this.kinds[kind], context));
  }

  bind(handle: number, address: number, port: number): number {
    if (!this.enter()) return this.pending;
    return this.call3(this.kernel.socketBind, handle, address, port);
  }

  bindName(handle: number, block: SocketBlock): number {
    const name = addressOf(block, ADDRESS_OCTETS, 0);
    if (!this.enter()) return this.pending;
    return this.call2(this.kernel.socketBindName, handle, name);
  }

  connectName(handle: number, block: SocketBlock, address: number): number {
    const name = addressOf(block, ADDRESS_OCTETS, 0);
    if (!this.enter()) return this.pending;
    return this.call3(this.kernel.socketConnectName, handle, name, address);
  }

  remoteName(handle: number, block: SocketBlock): number {
    const name = addressOf(block, ADDRESS_OCTETS, 0);
    if (!this.enter()) return this.pending;
    return this.call2(this.kernel.socketRemoteName, handle, name);
  }

  listen(handle: number, backlog: number): number {
    if (!this.enter()) return this.pending;
    return this.call2(this.kernel.socketListen, handle, backlog);
  }

  connect(handle: number, address: number, port: number): number {
    if (!this.enter()) return this.pending;
    return this.call3(this.kernel.socketConnect, handle, address, port);
  }

  accept(handle: number, handler: SocketHandler): number {
    if (!this.enter()) return 0;
    const context = this.takeContext(handler);
    return this.own(context, this.call2(this.kernel.socketAccept, handle, context));
  }

  send(handle: number, block: SocketBlock, octets: number, offset = 0): number {
    const address = addressOf(block, octets, offset);
    if (!this.enter()) return 0;
    return this.call3(this.kernel.socketSend, handle, address, octets);
  }

  sendUrgent(handle: number, block: SocketBlock, octets: number, offset = 0): number {
    const address = addressOf(block, octets, offset);
    if (!this.enter()) return 0;
    return this.call3(this.kernel.socketSendUrgent, handle, address, octets);
  }

  sendTo(
    handle: number, block: SocketBlock, octets: number, address: number, port: number,
  ): number {
    const from = addressOf(block, octets, 0);
    if (!this.enter()) return 0;
    let sent = 0;
    try {
      sent = this.kernel.socketSendTo(handle, from, octets, address, port);
    } catch (thrown) {
      this.machine.fail(thrown);
    }
    this.machine.leaveUser();
    return sent;
  }

  receive(handle: number, block: SocketBlock, octets = block.octets): number {
    const address = addressOf(block, octets, 0);
    if (!this.enter()) return 0;
    return this.call3(this.kernel.socketReceive, handle, address, octets);
  }

  peek(handle: number, block: SocketBlock, octets = block.octets): number {
    const address = addressOf(block, octets, 0);
    if (!this.enter()) return 0;
    return this.call3(this.kernel.socketPeek, handle, address, octets);
  }

  receiveUrgent(handle: number, block: SocketBlock): number {
    const address = addressOf(block, 1, 0);
    if (!this.enter()) return 0;
    return this.call2(this.kernel.socketReceiveUrgent, handle, address);
  }

  dropConnection(localAddress: number, remoteAddress: number, ports: number): number {
    if (!this.enter()) return this.pending;
    return this.call3(this.kernel.connectionDelete, localAddress, remoteAddress, ports);
  }

  shutdown(handle: number): number {
    if (!this.enter()) return this.pending;
    return this.call2(this.kernel.socketShutdown, handle, 0);
  }

  linger(handle: number): number {
    if (!this.enter()) return this.pending;
    return this.call2(this.kernel.socketLinger, handle, 0);
  }

  select(entries: readonly SelectEntry[], timeoutMs: number, handler: SocketHandler): number {
    const records = this.recordsFor(entries.length);
    if (!this.enter()) return this.pending;
    const context = this.takeContext(handler);
    this.handles[context] = SELECT_HANDLE;
    this.selects.set(context, entries);
    entries.forEach(({ handle, wanted }, i) => records.writeSelectRecord(i, handle, wanted));
    let ready = 0;
    try {
      ready = this.kernel.socketSelect(records.address, entries.length, timeoutMs, context);
    } catch (thrown) {
      this.machine.fail(thrown);
    }
    this.machine.leaveUser();
    if (ready === this.pending) return ready;
    this.endSelect(context, entries, ready);
    return ready;
  }

  close(handle: number, abort: boolean): void {
    if (!this.enter()) return;
    const context = this.contexts.get(handle);
    if (context !== undefined) this.freeContext(context);
    this.call2(this.kernel.socketClose, handle, abort ? 1 : 0);
  }

  option(handle: number, option: SocketOptionName, value: number): number {
    if (!this.enter()) return this.pending;
    return this.call3(this.kernel.socketOption, handle, this.options[option], value);
  }

  query(handle: number, query: SocketQueryName): number {
    if (!this.enter()) return 0;
    return this.call2(this.kernel.socketQuery, handle, this.queries[query]) >>> 0;
  }

  echo(address: number, octets: number, timeoutMs: number, handler: SocketHandler): number {
    if (!this.enter()) return this.pending;
    const context = this.takeContext(handler);
    this.handles[context] = ECHO_HANDLE;
    let status = 0;
    try {
      status = this.kernel.echo(address, octets, timeoutMs, context);
    } catch (thrown) {
      this.machine.fail(thrown);
    }
    this.machine.leaveUser();
    if (status < 0) this.freeContext(context);
    return status;
  }

  /**
   * Reads news and hands them out. A handler that throws does not keep the others from theirs;
   * what it threw is thrown at the end.
   */
  poll(): void {
    const { news, record, machine } = this;
    let failure: { readonly thrown: unknown } | undefined;
    const freed = this.freed.length > 0 ? this.freed.splice(0) : NONE_FREED;
    for (let count = news.records; count === news.records && machine.running;) {
      try {
        count = this.kernel.socketPoll(news.address, news.records);
      } catch (thrown) {
        machine.fail(thrown);
        return;
      }
      for (let i = 0; i < count; i++) {
        news.readRecord(i, record);
        try {
          this.deliver(record.context, record.events, record.status, record.handle);
        } catch (thrown) {
          failure ??= { thrown };
        }
      }
    }
    for (const context of freed) this.free.push(context);
    if (failure !== undefined) throw failure.thrown;
  }

  /** Closes what is open, as the end of a process does, and gives all blocks back. */
  release(): void {
    for (const handle of this.contexts.keys()) this.close(handle, true);
    if (this.enter()) for (const block of this.blocks) block.free();
    this.blocks.length = 0;
  }

  private deliver(context: number, events: number, status: number, handle: number): void {
    const handler = this.handlers[context];
    if (handler === undefined) return;
    if (this.handles[context] === SELECT_HANDLE) this.readSelect(context);
    else if (this.handles[context] === ECHO_HANDLE) this.freeContext(context);
    else if (this.handles[context] !== handle) return;
    handler.onEvent(events, status, handle);
  }

  /** A select has ended: its entries learn what was found. */
  private readSelect(context: number): void {
    const entries = this.selects.get(context) ?? [];
    const { address } = this.recordsFor(entries.length);
    if (!this.enter()) return;
    this.endSelect(context, entries, this.call3(
      this.kernel.socketReadSelect, context, address, entries.length,
    ));
  }

  /** How many are `ready`; negative: none is, and why. */
  private endSelect(context: number, entries: readonly SelectEntry[], ready: number): void {
    entries.forEach((entry, i) => {
      entry.found = ready < 0 ? 0 : this.recordsFor(entries.length).readSelectEvents(i);
    });
    this.selects.delete(context);
    this.freeContext(context);
  }

  /** A block for the records of a select: they are in use during a call only. */
  private recordsFor(count: number): UserBlock {
    if (count > MOST_SELECTED) throw new TypeError(`select: ${count} sockets, and not 4096`);
    this.records ??= this.allocate(MOST_SELECTED * SELECT_RECORD_OCTETS);
    return this.records;
  }

  private enter(): boolean {
    if (this.machine.enterUser()) return true;
    this.refused++;
    return false;
  }

  private call2(routine: (a: number, b: number) => number | void, a: number, b: number): number {
    let result: number | void = 0;
    try {
      result = routine(a, b);
    } catch (thrown) {
      this.machine.fail(thrown);
    }
    this.machine.leaveUser();
    return result ?? 0;
  }

  private call3(
    routine: (a: number, b: number, c: number) => number, a: number, b: number, c: number,
  ): number {
    let result = 0;
    try {
      result = routine(a, b, c);
    } catch (thrown) {
      this.machine.fail(thrown);
    }
    this.machine.leaveUser();
    return result;
  }

  private own(context: number, word: number): number {
    const handle = word >>> 0;
    if (handle === 0) this.freeContext(context);
    else {
      this.handles[context] = handle;
      this.contexts.set(handle, context);
    }
    return handle;
  }

  private takeContext(handler: SocketHandler): number {
    const context = this.free.pop() ?? this.handlers.length;
    this.handlers[context] = handler;
    this.handles[context] = 0;
    return context;
  }

  private freeContext(context: number): void {
    this.contexts.delete(this.handles[context] as number);
    this.handlers[context] = undefined;
    this.handles[context] = 0;
    this.freed.push(context);
  }
}

function addressOf(block: SocketBlock, octets: number, offset: number): number {
  if (!(block instanceof UserBlock)) throw new TypeError('block: not one of raw.allocate');
  return block.partAt(offset, octets);
}
