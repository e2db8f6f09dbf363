/** The sockets of a script: Berkeley's descriptors over the machine's handles. */

import { valueOf } from '../kernel/layout.js';
import { statusName } from '../kernel/status.js';
import type { Machine } from '../machine/machine.js';
import type { RawSockets, SocketBlock, SocketHandler } from '../machine/usermode.js';
import { errnoOf } from './errno.js';

/** Octets of the block through which calls send and receive. */
const BLOCK_OCTETS = 65_536;

const NOTHING = new Uint8Array(0);
/** What URGENT_LEFT answers where no urgent data is ahead. */
const NO_URGENT = 0xffff_ffff;

/** Where a descriptor is in its life. */
export type DescriptorState = 'open' | 'bound' | 'listening' | 'connecting' | 'connected' | 'dead';

/** A descriptor: what a script calls 3. */
export class Descriptor implements SocketHandler {
  state: DescriptorState = 'open';
  handle = 0;
  /** O_NONBLOCK is set. */
  nonBlocking = false;
  /** What SO_ERROR will give, and the next call that would wait. */
  pendingError: string | undefined;
  /** No more is read, or written. */
  shutRead = false;
  shutWrite = false;
  /** The peer has closed its side, and all before it is read. */
  atEnd = false;
  /** Of one that was accepted: once its connection is over, its socket knows no more of it. */
  acceptedPort = 0;
  /** Options by their names that only remember what they are set to. */
  readonly remembered = new Map<string, number>();

  constructor(
    readonly number: number,
    readonly kind: 'stream' | 'datagram',
    private readonly sockets: Sockets,
  ) {}

  /** Of its close, where SO_LINGER has a time: whether that was asked for, and is over. */
  private closing: 'no' | 'waits' | 'over' = 'no';

  onEvent(events: number, status: number): void {
    const { CONNECTED, FAILED, ABORTED, CLOSED, LINGERED } = this.sockets.raw.events;
    this.sockets.noteNews();
    if ((events & (LINGERED | ABORTED)) !== 0 && this.closing === 'waits') this.closing = 'over';
    if ((events & CLOSED) !== 0) this.atEnd = true;
    if ((events & CONNECTED) !== 0) this.state = 'connected';
    if ((events & (FAILED | ABORTED)) === 0) return;
    this.state = 'dead';
    this.pendingError = this.sockets.errnoOf(status);
  }

  /** Whether a close of it waits until what was sent is acknowledged, or the time is up. */
  lingers(): boolean {
    const { sockets } = this;
    if (this.closing === 'no') {
      this.closing = sockets.isPending(sockets.raw.linger(this.handle)) ? 'waits' : 'over';
    }
    return this.closing === 'waits';
  }

  /** The error that waits, which is then none any more. */
  takeError(): string | undefined {
    const error = this.pendingError;
    this.pendingError = undefined;
    return error;
  }

  /**
   * What came, at most so many octets: none at the end, errno, or undefined where none came yet.
   * What is only looked at stays to be read.
   */
  receive(octets: number, peek: boolean): Uint8Array | string | undefined {
    const { raw, block } = this.sockets;
    if (this.shutRead) return NOTHING;
    const count = peek
      ? raw.peek(this.handle, block, octets)
      : raw.receive(this.handle, block, octets);
    if (this.sockets.isEnd(count)) {
      this.atEnd = true;
      return NOTHING;
    }
    if (this.kind === 'datagram' && count === raw.noDatagram) return undefined;
    // An error is told once; behind it is the end.
    if (count < 0 && this.state === 'dead') return this.takeError() ?? NOTHING;
    if (count < 0) return this.sockets.errnoOf(count);
    if (count > 0) return block.read(count);
    return this.state === 'connecting' ? undefined : this.noData();
  }

  /** The urgent octet; errno, or undefined where it was announced and did not come yet. */
  receiveUrgent(): Uint8Array | string | undefined {
    const { raw, block } = this.sockets;
    const count = raw.receiveUrgent(this.handle, block);
    if (count < 0) return this.sockets.errnoOf(count);
    return count > 0 ? block.read(count) : undefined;
  }

  private noData(): string | undefined {
    if (this.state === 'connected') return undefined;
    return this.takeError() ?? 'ENOTCONN';
  }

  /** Octets that can be read now. */
  get readable(): number {
    return this.sockets.raw.query(this.handle, 'READABLE');
  }

  /** Octets before the urgent one; undefined where none is ahead. */
  get urgentLeft(): number | undefined {
    const left = this.sockets.raw.query(this.handle, 'URGENT_LEFT');
    return left === NO_URGENT ? undefined : left;
  }

  /** The port on our side; 0 where there is none yet. */
  get localPort(): number {
    return this.acceptedPort || this.sockets.raw.query(this.handle, 'LOCAL_PORT');
  }

  /** The port on the other side; 0 where there is none. */
  get remotePort(): number {
    return this.sockets.raw.query(this.handle, 'REMOTE_PORT');
  }
}

/** All descriptors of one script. */
export class Sockets {
  readonly raw: RawSockets;
  readonly block: SocketBlock;
  /** Counts what calls that wait may be waiting for. */
  news = 0;
  /** The descriptor that was used last: what an assertion is about. */
  current: Descriptor | undefined;
  private readonly open = new Map<number, Descriptor>();
  private readonly gracefulDisconnect: number;
  private readonly pending: number;

  constructor(readonly machine: Machine) {
    this.raw = machine.user.raw;
    this.block = this.raw.allocate(BLOCK_OCTETS);
    this.gracefulDisconnect = valueOf(machine.kernel.layout, 'Status', 'GRACEFUL_DISCONNECT');
    this.pending = valueOf(machine.kernel.layout, 'Status', 'PENDING');
  }

  /** A call that waits may have an end now. */
  noteNews(): void {
    this.news++;
  }

  /** A descriptor by its number; undefined where there is none. */
  find(number: number): Descriptor | undefined {
    const found = this.open.get(number);
    if (found !== undefined) this.current = found;
    return found;
  }

  /** All that are open. */
  all(): Descriptor[] {
    return [...this.open.values()];
  }

  /** A new socket under the number that the script gives it; or errno. */
  create(number: number, kind: 'stream' | 'datagram'): Descriptor | string {
    const made = new Descriptor(number, kind, this);
    made.handle = this.raw.open(kind, made);
    if (made.handle === 0) return 'ENOBUFS';
    // Berkeley has one buffer, whose room is the window: ours stays empty, the transport's counts.
    if (kind === 'stream') this.raw.option(made.handle, 'RECEIVE_BUFFER', 0);
    this.keep(made);
    return made;
  }

  /** The next connection that waits, under that number; undefined where none does. */
  accept(listener: Descriptor, number: number): Descriptor | undefined {
    const made = new Descriptor(number, 'stream', this);
    made.handle = this.raw.accept(listener.handle, made);
    if (made.handle === 0) return undefined;
    made.state = 'connected';
    this.keep(made);
    made.acceptedPort = listener.localPort;
    return made;
  }

  /** Closes one: by force where SO_LINGER is set to no time. */
  close(descriptor: Descriptor): void {
    this.raw.close(descriptor.handle, false);
    this.open.delete(descriptor.number);
    if (this.current === descriptor) this.current = undefined;
  }

  /** The end of the program. */
  closeAll(): void {
    for (const each of this.open.values()) this.raw.close(each.handle, true);
    this.open.clear();
  }

  /** Whether a result is the end of what the peer sends. */
  isEnd(status: number): boolean {
    return status === this.gracefulDisconnect;
  }

  /** Whether an event will tell how a call ended. */
  isPending(status: number): boolean {
    return status === this.pending;
  }

  /** The name of errno for an NTSTATUS. */
  errnoOf(status: number): string {
    return errnoOf(statusName(this.machine.kernel.layout, status));
  }

  private keep(descriptor: Descriptor): void {
    this.open.set(descriptor.number, descriptor);
    this.current = descriptor;
  }
}
