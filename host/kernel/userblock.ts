/** User mode's own memory in a kernel: what a socket sends from and receives into. */

import { POLL_RECORD_OCTETS, SELECT_RECORD_OCTETS } from './layout.js';
import type { Kernel } from './load.js';

/** What `socketPoll` says of one socket, or of an echo request. */
export interface PollRecord {
  context: number;
  events: number;
  status: number;
  /** The socket's handle; of an echo request, the round trip in microseconds. */
  handle: number;
}

/** A block of linear memory that belongs to user mode until it is freed. */
export class UserBlock {
  /** Where it lies: what the socket calls are given. */
  readonly address: number;

  /**
   * Call it while a processor at PASSIVE_LEVEL is selected.
   * @throws Error where the kernel has no memory left.
   */
  constructor(private readonly kernel: Kernel, readonly octets: number) {
    this.address = kernel.raw.userAllocate(octets) >>> 0;
    if (this.address === 0) throw new Error(`user mode gets no block of ${octets} octets`);
  }

  /** The address of a part of it. @throws RangeError where it has no such part. */
  partAt(offset: number, octets: number): number {
    if (offset >= 0 && octets >= 0 && offset + octets <= this.octets) return this.address + offset;
    throw new RangeError(`${octets} octets at ${offset} of a block of ${this.octets}`);
  }

  /** Writes octets of `data`, from `from` to before `end`, at the block's start. */
  write(data: Uint8Array, from = 0, end = data.length): void {
    const count = end - from;
    if (count > this.octets) throw new RangeError(`${count} octets in a block of ${this.octets}`);
    const part = from === 0 && end === data.length ? data : data.subarray(from, end);
    this.kernel.memory.octets.set(part, this.address);
  }

  /** A copy of the block's first octets. */
  read(count: number): Uint8Array {
    return this.view(count).slice();
  }

  /** The block's first octets where they lie: void after the next call into the kernel. */
  view(count = this.octets): Uint8Array {
    return this.kernel.memory.octets.subarray(this.address, this.address + count);
  }

  /** How many records of `socketPoll` it holds. */
  get records(): number {
    return Math.floor(this.octets / POLL_RECORD_OCTETS);
  }

  /** Reads the i-th record of `socketPoll`. */
  readRecord(i: number, record: PollRecord): void {
    const words = this.kernel.memory.words;
    const at = (this.address + i * POLL_RECORD_OCTETS) >>> 2;
    record.context = words[at] as number;
    record.events = words[at + 1] as number;
    record.status = (words[at + 2] as number) | 0;
    record.handle = words[at + 3] as number;
  }

  /** Writes the i-th record of `socketSelect`. */
  writeSelectRecord(i: number, handle: number, events: number): void {
    const words = this.kernel.memory.words;
    const at = (this.address + i * SELECT_RECORD_OCTETS) >>> 2;
    words[at] = handle;
    words[at + 1] = events;
  }

  /** The events of the i-th record of `socketSelect`. */
  readSelectEvents(i: number): number {
    const at = (this.address + i * SELECT_RECORD_OCTETS) >>> 2;
    return this.kernel.memory.words[at + 1] as number;
  }

  /** Gives the memory back; the block must not be used again. */
  free(): void {
    this.kernel.raw.userFree(this.address);
  }
}
