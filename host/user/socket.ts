/** A TCP connection as promises: connect, send, receive, shut down, close. */

import { checkPort, formatAddress, parseAddress } from '../machine/address.js';
import { mustBeWithin, mustKnow } from '../machine/options.js';
import type { ConnectOptions, Socket, SocketHandler } from '../machine/usermode.js';
import type { StatusError } from '../kernel/status.js';
import type { Desk, Waiter } from './desk.js';

/** Octets that one receive gives where it is not told. */
const MOST_RECEIVED = 65_536;

const CONNECT_OPTIONS = [
  'noDelay', 'keepAlive', 'sendBuffer', 'receiveBuffer', 'localPort', 'route', 'strictRoute',
  'linger',
];
/** Addresses that a source route has room for (RFC 791, 3.1). */
const MOST_HOPS = 9;

/** A receive that waits. */
interface Receiver {
  readonly most: number;
  readonly waiter: Waiter<Uint8Array | undefined>;
}

/** A send that waits, or a shutdown or close behind the sends before it. */
interface Task {
  readonly kind: 'send' | 'shutdown' | 'close';
  readonly data: Uint8Array;
  /** Octets that the kernel has taken. */
  taken: number;
  readonly waiter: Waiter<void>;
}

/** What a socket holds: the options of a connect and of a listener have it alike. */
type Buffers = Pick<ConnectOptions, 'sendBuffer' | 'receiveBuffer' | 'linger'>;
/** The most seconds of SO_LINGER: an unsigned short. */
const MOST_LINGER = 0xffff;

/** l_onoff of the struct linger, as the option has it. */
export const LINGER_ON = 0x10000;

const NOTHING = new Uint8Array(0);

/** One connection. */
export class StreamSocket implements Socket, SocketHandler {
  localAddress = '';
  localPort = 0;
  remoteAddress = '';
  remotePort = 0;
  /** The kernel's; 0: it is closed. */
  handle = 0;
  private connecting: Waiter<void> | undefined;
  private readonly receivers: Receiver[] = [];
  private readonly tasks: Task[] = [];
  private failure: StatusError | undefined;
  private closing: Promise<void> | undefined;
  /** SO_LINGER has a time, and the close that waits for it has begun. */
  private lingers = false;
  private lingering = false;

  /** Neither open nor connected: `connect` and `adopt` see to that. */
  constructor(private readonly desk: Desk) {}

  /** Opens a connection. @throws TypeError for an argument or an option that is wrong. */
  static async connect(
    desk: Desk, host: string, port: number, options: ConnectOptions,
  ): Promise<Socket> {
    const address = parseAddress(host, 'host');
    checkPort(port, 1);
    mustKnow(options, CONNECT_OPTIONS, 'a connect');
    const { localPort = 0 } = options;
    checkPort(localPort, 0, 'localPort');
    checkBuffers(options);
    const hops = (options.route ?? []).map((hop) => parseAddress(hop, 'route'));
    mustBeWithin('route: number of addresses', hops.length, 0, MOST_HOPS);
    const socket = new StreamSocket(desk);
    await desk.request<void>((waiter) => {
      socket.connecting = waiter;
      socket.begin(address, port, localPort, hops, options);
    });
    return socket;
  }

  /** Takes over a handle that is connected: accepted by a listener. */
  adopt(handle: number, lingerSeconds: number): void {
    this.handle = handle;
    this.lingers = lingerSeconds > 0;
    this.learnEnds();
  }

  onEvent(events: number, status: number): void {
    const {
      CONNECTED, FAILED, READABLE, WRITABLE, CLOSED, ABORTED, LINGERED,
    } = this.desk.raw.events;
    if ((events & LINGERED) !== 0) this.endClose(status);
    if ((events & CONNECTED) !== 0) this.connected();
    if ((events & FAILED) !== 0) this.connectFailed(status);
    // What came before the end is still given.
    if ((events & (READABLE | CLOSED | ABORTED)) !== 0) this.pumpReceivers();
    if ((events & ABORTED) !== 0) this.fail(this.desk.error(this.what('connection'), status));
    if ((events & WRITABLE) !== 0) this.pumpTasks();
  }

  async send(data: Uint8Array | string): Promise<void> {
    const octets = this.desk.octetsOf(data);
    return this.enqueue('send', octets);
  }

  async shutdown(): Promise<void> {
    return this.enqueue('shutdown', NOTHING);
  }

  async close(): Promise<void> {
    this.closing ??= this.enqueue('close', NOTHING).catch((thrown: unknown) => {
      // A machine that has stopped has nothing open.
      if (!this.desk.isEnd(thrown)) throw thrown;
    });
    return this.closing;
  }

  abort(): void {
    if (this.handle === 0) return;
    this.desk.machine.runner.noteActivity();
    this.desk.raw.close(this.handle, true);
    this.handle = 0;
    this.closing ??= Promise.resolve();
    this.fail(this.desk.error(this.what('connection'), 'LOCAL_DISCONNECT'));
  }

  async receive(most = MOST_RECEIVED): Promise<Uint8Array | undefined> {
    mustBeWithin('most', most, 1, Number.MAX_SAFE_INTEGER);
    return this.desk.request((waiter) => {
      this.receivers.push({ most, waiter });
      this.pumpReceivers();
    });
  }

  async receiveAll(): Promise<Uint8Array> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this) pieces.push(piece);
    const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    for (;;) {
      const piece = await this.receive();
      if (piece === undefined) return;
      yield piece;
    }
  }

  private begin(
    address: number, port: number, localPort: number, hops: number[], options: ConnectOptions,
  ): void {
    const { desk } = this;
    const { raw } = desk;
    this.remoteAddress = formatAddress(address);
    this.remotePort = port;
    const what = `connect to ${this.remoteAddress}:${port}`;
    this.handle = raw.open('stream', this);
    try {
      if (this.handle === 0) throw desk.error(what, 'INSUFFICIENT_RESOURCES');
      const { handle } = this;
      if (localPort !== 0) desk.mustSucceed(`bind to ${localPort}`, raw.bind(handle, 0, localPort));
      setBuffers(desk, handle, options);
      this.lingers = (options.linger ?? 0) > 0;
      for (const [name, option] of [
        ['noDelay', 'NO_DELAY'], ['keepAlive', 'KEEP_ALIVE'],
      ] as const) {
        const value = options[name];
        if (value !== undefined) desk.mustSucceed(name, raw.option(handle, option, Number(value)));
      }
      const kind = options.strictRoute === true ? 'STRICT_HOP' : 'LOOSE_HOP';
      for (const hop of hops) desk.mustSucceed('route', raw.option(handle, kind, hop));
      desk.mustSucceed(what, raw.connect(handle, address, port));
    } catch (thrown) {
      this.letGo(true);
      throw thrown;
    }
  }

  private connected(): void {
    this.learnEnds();
    this.connecting?.resolve();
    this.connecting = undefined;
  }

  private connectFailed(status: number): void {
    const error = this.desk.error(this.what('connect'), status);
    this.failure = error;
    this.connecting?.reject(error);
    this.connecting = undefined;
    this.letGo(true);
  }

  private learnEnds(): void {
    const { raw } = this.desk;
    this.localAddress = formatAddress(raw.query(this.handle, 'LOCAL_ADDRESS'));
    this.localPort = raw.query(this.handle, 'LOCAL_PORT');
    this.remoteAddress = formatAddress(raw.query(this.handle, 'REMOTE_ADDRESS'));
    this.remotePort = raw.query(this.handle, 'REMOTE_PORT');
  }

  private what(verb: string): string {
    return `${verb} to ${this.remoteAddress}:${this.remotePort}`;
  }

  private async enqueue(kind: Task['kind'], data: Uint8Array): Promise<void> {
    return this.desk.request((waiter) => {
      this.tasks.push({ kind, data, taken: 0, waiter });
      this.pumpTasks();
    });
  }

  /** Does the tasks in their order, as far as the kernel has room. */
  private pumpTasks(): void {
    for (let task = this.tasks[0]; task !== undefined; task = this.tasks[0]) {
      const status = this.handle === 0 ? undefined : this.doTask(task);
      if (status === 'wait') return;
      this.tasks.shift();
      if (task.kind === 'close') {
        this.finishClose(task, status ?? 0);
      } else if (status === undefined) {
        task.waiter.reject(this.failure ?? this.desk.error(this.what(task.kind), 'ADDRESS_CLOSED'));
      } else if (status < 0) {
        task.waiter.reject(this.desk.error(this.what(task.kind), status));
      } else {
        task.waiter.resolve();
      }
    }
  }

  /** Part of a task: `wait` where WRITABLE must come first, or its status. */
  private doTask(task: Task): number | 'wait' {
    const { raw } = this.desk;
    if (task.kind === 'close') return this.lingers ? this.linger() : 0;
    if (task.kind === 'shutdown') return raw.shutdown(this.handle);
    const { block } = this.desk;
    while (task.taken < task.data.length) {
      const end = Math.min(task.taken + block.octets, task.data.length);
      block.write(task.data, task.taken, end);
      const count = raw.send(this.handle, block, end - task.taken);
      if (count < 0) return count;
      if (count === 0) return 'wait';
      task.taken += count;
    }
    return 0;
  }

  /** What a close waits for, or why it cannot. */
  private linger(): number | 'wait' {
    if (this.lingering) return 'wait';
    const status = this.desk.raw.linger(this.handle);
    this.lingering = status === this.desk.pendingStatus;
    return this.lingering ? 'wait' : status;
  }

  /** What a close waited for has come; negative: it has not, and will not. */
  private endClose(status: number): void {
    const [task] = this.tasks.splice(0, 1);
    if (task !== undefined) this.finishClose(task, status);
  }

  private finishClose(task: Task, status: number): void {
    this.letGo(status < 0);
    if (status < 0) task.waiter.reject(this.desk.error(this.what('close'), status));
    else task.waiter.resolve();
  }

  private pumpReceivers(): void {
    const { raw } = this.desk;
    for (let first = this.receivers[0]; first !== undefined; first = this.receivers[0]) {
      if (this.handle === 0) {
        this.receivers.shift();
        this.endOf(first);
        continue;
      }
      const { block } = this.desk;
      const count = raw.receive(this.handle, block, Math.min(first.most, block.octets));
      if (count === 0) return;
      this.receivers.shift();
      if (count > 0) first.waiter.resolve(block.read(count));
      else if (count === this.desk.gracefulDisconnect) first.waiter.resolve(undefined);
      else first.waiter.reject(this.desk.error(this.what('receive'), count));
    }
  }

  /** A receive on a socket that is closed sees the end, or why there is one. */
  private endOf({ waiter }: Receiver): void {
    if (this.failure === undefined) waiter.resolve(undefined);
    else waiter.reject(this.failure);
  }

  private fail(error: StatusError): void {
    this.failure ??= error;
    for (const { waiter } of this.receivers.splice(0)) waiter.reject(this.failure);
    for (const { kind, waiter } of this.tasks.splice(0)) {
      if (kind === 'close') {
        this.letGo(true);
        if (this.lingering) waiter.reject(this.failure);
        else waiter.resolve();
      } else waiter.reject(this.failure);
    }
  }

  private letGo(abort: boolean): void {
    if (this.handle !== 0) this.desk.raw.close(this.handle, abort);
    this.handle = 0;
    this.pumpReceivers();
  }
}

/** @throws TypeError for a buffer of no size, and a time that is none. */
export function checkBuffers(options: Buffers): void {
  for (const name of ['sendBuffer', 'receiveBuffer'] as const) {
    const octets = options[name];
    if (octets !== undefined) mustBeWithin(name, octets, 1, 0x4000_0000);
  }
  if (options.linger !== undefined) mustBeWithin('linger', options.linger, 0, MOST_LINGER);
}

/**
 * Sets the buffers and the time that are given.
 * @throws Error with the status where one cannot be.
 */
export function setBuffers(desk: Desk, handle: number, options: Buffers): void {
  for (const [name, option] of [
    ['sendBuffer', 'SEND_BUFFER'], ['receiveBuffer', 'RECEIVE_BUFFER'],
  ] as const) {
    const octets = options[name];
    if (octets !== undefined) desk.mustSucceed(name, desk.raw.option(handle, option, octets));
  }
  if (options.linger !== undefined) {
    const value = LINGER_ON + options.linger;
    desk.mustSucceed('linger', desk.raw.option(handle, 'LINGER', value));
  }
}
