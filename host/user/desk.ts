/** What all promises of one machine's user mode share: calls that wait, buffers, words. */

import { statusError, statusName } from '../kernel/status.js';
import type { StatusError } from '../kernel/status.js';
import { valueOf } from '../kernel/layout.js';
import type { Machine } from '../machine/machine.js';
import type { SocketBlock } from '../machine/usermode.js';
import type { SocketTable } from './raw.js';

/** Octets of the block through which promises send and receive; a datagram fits. */
const BUFFER_OCTETS = 65_536;

/** Octets of the longest message of a NetBIOS session, and one. */
const MESSAGE_OCTETS = 0x20000;

/** A promise's two ends. */
export interface Waiter<T> {
  resolve(value: T): void;
  reject(error: Error): void;
}

/** The desk of one machine. */
export class Desk {
  /** The NTSTATUS at the end of a connection. */
  readonly gracefulDisconnect: number;
  /** What a call says whose end an event tells. */
  readonly pendingStatus: number;
  /** What promises send from and receive into, during one call. */
  readonly block: SocketBlock;
  private messageBlock: SocketBlock | undefined;
  private readonly queue: (() => void)[] = [];
  // What rejects each promise that is not settled.
  private readonly pending = new Set<(error: Error) => void>();
  private ended: Error | undefined;
  private unmade = 0;
  private readonly encoder = new TextEncoder();

  constructor(readonly machine: Machine, readonly raw: SocketTable) {
    this.gracefulDisconnect = valueOf(machine.kernel.layout, 'Status', 'GRACEFUL_DISCONNECT');
    this.pendingStatus = valueOf(machine.kernel.layout, 'Status', 'PENDING');
    this.block = raw.allocate(BUFFER_OCTETS);
  }

  /** The same for the messages of NetBIOS sessions; there once it is used. */
  get messages(): SocketBlock {
    this.messageBlock ??= this.raw.allocate(MESSAGE_OCTETS);
    return this.messageBlock;
  }

  /** Calls that wait for a processor, or came when the machine had stopped. */
  get waiting(): number {
    return this.queue.length + this.unmade;
  }

  /**
   * A promise whose beginning is a call into the kernel: it is made at once, or, where no processor
   * can run it, when one can. What it throws rejects the promise, and so does the machine's end.
   */
  async request<T>(begin: (waiter: Waiter<T>) => void): Promise<T> {
    this.machine.runner.noteActivity();
    if (this.ended !== undefined) {
      this.unmade++;
      throw this.ended;
    }
    return new Promise<T>((resolve, reject) => {
      const fail = (error: Error): void => {
        this.settle(fail);
        reject(error);
      };
      const waiter: Waiter<T> = {
        resolve: (value) => {
          this.settle(fail);
          resolve(value);
        },
        reject: fail,
      };
      this.pending.add(fail);
      const call = (): void => {
        try {
          begin(waiter);
        } catch (thrown) {
          waiter.reject(thrown instanceof Error ? thrown : new Error(String(thrown)));
        }
      };
      if (this.queue.length === 0 && this.machine.enterUser()) call();
      else if (this.isRunning()) this.queue.push(call);
      else this.unmade++;
    });
  }

  /** Makes the calls that waited, where a processor can run them now. */
  resume(): void {
    while (this.queue.length > 0 && this.machine.enterUser()) this.queue.shift()?.();
  }

  /**
   * The machine has stopped: what is not settled fails with its KernelStop, or with
   * DEVICE_NOT_READY where it was halted, and so does all that is asked from here on.
   */
  end(): void {
    const { stopped } = this.machine;
    const error = stopped ?? this.error('the machine is stopped', 'DEVICE_NOT_READY');
    this.ended ??= error;
    this.unmade += this.queue.splice(0).length;
    for (const fail of this.pending) fail(this.ended);
  }

  /** Whether this is what the machine's end rejected a promise with. */
  isEnd(thrown: unknown): boolean {
    return this.ended !== undefined && thrown === this.ended;
  }

  /** What serves a connection ends with its machine: that is no failure that somebody must hear. */
  serve(served: unknown): void {
    if (!(served instanceof Promise)) return;
    served.catch((thrown: unknown) => {
      if (!this.isEnd(thrown)) throw thrown;
    });
  }

  /** The octets of data; of text, in UTF-8. @throws TypeError for anything else. */
  octetsOf(data: Uint8Array | string): Uint8Array {
    if (typeof data === 'string') return this.encoder.encode(data);
    if (data instanceof Uint8Array) return data;
    throw new TypeError('data: octets or text, a Uint8Array or a string');
  }

  /** The name of an NTSTATUS. */
  nameOf(status: number): string {
    return statusName(this.machine.kernel.layout, status);
  }

  /** An error for what failed, with the name of its NTSTATUS in `status`. */
  error(what: string, status: number | string): StatusError {
    const name = typeof status === 'number' ? this.nameOf(status) : status;
    return statusError(`${this.machine.name}: ${what}`, name);
  }

  /** @throws the error of `what` where `status` is one. */
  mustSucceed(what: string, status: number): void {
    if (status < 0) throw this.error(what, status);
  }

  private settle(fail: (error: Error) => void): void {
    this.pending.delete(fail);
    this.machine.runner.noteActivity();
  }

  /** Asked again after a call into the kernel, which may be its last. */
  private isRunning(): boolean {
    return this.ended === undefined;
  }
}
