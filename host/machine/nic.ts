/** A card: descriptor rings on one side, a link on the other, batches of frames between them. */

import { FRAME_STRIDE } from '../kernel/layout.js';
import type { Kernel } from '../kernel/load.js';
import { ReceiveRing, TransmitRing } from '../kernel/ring.js';
import type { FrameBatch } from '../link/batch.js';
import type { Link, Port, Receiver } from '../link/link.js';

/** What a card counted. */
export interface CardStats {
  framesIn: number;
  octetsIn: number;
  framesOut: number;
  octetsOut: number;
  /** Frames that came and did not reach the drivers: no room in the ring, or nobody there. */
  readonly droppedIn: { ring: number; stopped: number };
  /** Frames that the drivers sent while no link was plugged in. */
  droppedOut: number;
}

/** One card. Its number is its interrupt line. */
export class Nic implements Receiver {
  readonly stats: CardStats = {
    framesIn: 0,
    octetsIn: 0,
    framesOut: 0,
    octetsOut: 0,
    droppedIn: { ring: 0, stopped: 0 },
    droppedOut: 0,
  };
  private readonly received: ReceiveRing;
  private readonly transmitted: TransmitRing;
  private port: Port | undefined;

  /**
   * `batch` is what frames leave in; `interrupt` raises the card's line, and is false where the
   * machine has stopped.
   * @throws Error if the kernel has no such card, or the batch is not laid out as its frames are.
   */
  constructor(
    kernel: Kernel,
    readonly index: number,
    private readonly batch: FrameBatch,
    private readonly machine: { running: boolean; interrupt(line: number): void },
  ) {
    const receive = kernel.raw.receiveRing(index) >>> 0;
    const transmit = kernel.raw.transmitRing(index) >>> 0;
    if (receive === 0 || transmit === 0) throw new Error(`the kernel has no adapter ${index}`);
    if (batch.octets.length !== batch.capacity * FRAME_STRIDE) {
      throw new Error(`a batch's frames must lie ${FRAME_STRIDE} octets apart`);
    }
    this.received = new ReceiveRing(kernel.memory, receive);
    this.transmitted = new TransmitRing(kernel.memory, transmit);
  }

  /** Plugs a link in. @throws Error if one is, or the link takes no more. */
  plug(link: Link): void {
    if (this.port !== undefined) throw new Error(`card ${this.index} is plugged in`);
    this.port = link.attach(this);
  }

  /** Unplugs the link, if there is one. */
  unplug(): void {
    this.port?.close();
    this.port = undefined;
  }

  /** Frames from the link: into the ring, and one interrupt for all of them. */
  receive(batch: FrameBatch): void {
    if (!this.machine.running) {
      this.stats.droppedIn.stopped += batch.count;
      return;
    }
    const count = this.received.put(batch);
    this.stats.framesIn += count;
    this.stats.octetsIn += this.received.octets;
    this.stats.droppedIn.ring += batch.count - count;
    this.machine.interrupt(this.index);
  }

  /** Sends what lies in the transmit ring. The kernel is not called. */
  drain(): void {
    const { batch, transmitted, stats } = this;
    while (transmitted.waits) {
      transmitted.take(batch);
      stats.framesOut += batch.count;
      stats.octetsOut += transmitted.octets;
      if (this.port === undefined) stats.droppedOut += batch.count;
      else this.port.send(batch);
      batch.clear();
    }
  }
}
