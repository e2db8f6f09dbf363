/** Two machines in one process, one stream: full segments one way, acknowledgments the other. */

import { LinearMemory } from '../host/kernel/memory.js';
import { ReceiveRing, TransmitRing } from '../host/kernel/ring.js';
import { FrameBatch } from '../host/link/batch.js';
import { BenchKernel } from './kernel.js';
import type { BatchRow, Row } from './row.js';

/** Octets of a full segment. */
const LARGE = 1460;

/** The numbers of the two machines in their net. */
const TAKER = 1;
const SENDER = 3;
const TAKER_ADDRESS = 0x0a000001;

/** Microseconds of virtual time from one exchange of frames to the next. */
const EXCHANGE_US = 40;

/** Exchanges in one batch. */
const EXCHANGES = 64;
const ROUND = 8;

/** One machine as the host sees it: rings, interrupts, a clock. */
class End {
  readonly #memory: LinearMemory;
  readonly #received: ReceiveRing;
  readonly #transmitted: TransmitRing;
  readonly #interrupt: (line: number) => number;
  readonly #onTick: (tick: number) => number;
  readonly #nextTick: () => number;
  readonly #shared: number;
  readonly #batch = new FrameBatch();

  constructor(kernel: BenchKernel) {
    this.#memory = new LinearMemory(kernel.memory);
    this.#received = new ReceiveRing(this.#memory, kernel.routine('receiveRing')(0));
    this.#transmitted = new TransmitRing(this.#memory, kernel.routine('transmitRing')(0));
    this.#interrupt = kernel.routine('onInterrupt');
    this.#onTick = kernel.routine('onTick');
    this.#nextTick = kernel.routine('nextTick');
    this.#shared = kernel.routine('sharedData')();
  }

  /** Moves all that this end has sent to `other`, 64 frames and one interrupt at a time. */
  moveTo(other: End): void {
    while (this.#transmitted.waits) {
      this.#transmitted.take(this.#batch);
      const count = other.#received.put(this.#batch);
      if (count !== this.#batch.count) throw new Error('the receive ring is full');
      other.#interrupt(0);
      this.#batch.clear();
    }
  }

  /** Time moves on to `us`. */
  moveOn(us: number): void {
    this.#memory.setWord(this.#shared, us);
    this.#memory.setWord(this.#shared + 12, Math.floor(us / 10_000));
    const now = Math.floor(us / 10_000);
    for (let tick = this.#nextTick() >>> 0; tick <= now; tick = this.#nextTick() >>> 0) {
      this.#onTick(tick);
    }
  }
}

/**
 * `benchListen()`: a client that takes what comes. `benchOpenStream(address)`: another connects to
 * it and sends without end. Both ends verify every checksum. An operation is a full segment, with
 * all that both ends and the host between them do for it.
 */
const streamRow: BatchRow = {
  kind: 'batch',
  name: 'stream',
  n: 1,
  octets: LARGE,
  warmBatches: ROUND,
  roundBatches: ROUND,
  prepare: (kernel) => {
    const other = new BenchKernel();
    kernel.boot(TAKER);
    other.boot(SENDER);
    const taker = new End(kernel);
    const sender = new End(other);
    const listens = kernel.routine('benchListen')();
    const sends = other.routine('benchOpenStream')(TAKER_ADDRESS);
    if (!listens || !sends) throw new Error('no memory for a stream');
    const delivered = kernel.routine('benchDelivered');
    let us = 0;
    let before = delivered();
    let octets = 0;
    let batches = 0;
    return {
      build: () => {},
      run: () => {
        for (let i = 0; i < EXCHANGES; i++) {
          us += EXCHANGE_US;
          sender.moveOn(us);
          taker.moveOn(us);
          sender.moveTo(taker);
          taker.moveTo(sender);
        }
        batches++;
        const now = delivered();
        const got = (now - before) >>> 0;
        before = now;
        octets += got;
        return got / LARGE;
      },
      check: () => {
        const least = batches * EXCHANGES * LARGE;
        if (octets < least) throw new Error(`${octets} octets arrived, where ${least} may`);
      },
    };
  },
};

export const rows: readonly Row[] = [streamRow];
