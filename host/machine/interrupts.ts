/** Lines raised, vectors delivered: an interrupt that every processor masks stays pending. */

import type { Kernel } from '../kernel/load.js';
import type { Processors } from './processors.js';

/** The interrupt controller of one machine. Its callers catch what the kernel throws. */
export class Interrupts {
  /** Lines that are raised and not delivered, one bit each. */
  pending = 0;

  constructor(private readonly kernel: Kernel, private readonly processors: Processors) {}

  /** Raises a line and delivers it where a processor takes it. */
  raise(line: number): void {
    const processor = this.processors.forInterrupt(line);
    if (processor < 0) {
      this.pending |= 1 << line;
      return;
    }
    this.processors.select(processor);
    this.kernel.raw.onInterrupt(line);
  }

  /** Delivers what is pending, as far as processors take it. */
  deliver(): void {
    for (let line = 0; this.pending >>> line !== 0; line++) {
      if (((this.pending >>> line) & 1) === 0) continue;
      this.pending &= ~(1 << line);
      this.raise(line);
    }
  }
}
