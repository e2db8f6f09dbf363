/** Which processor runs next: one for each interrupt by a strategy, one for user mode by IRQL. */

import { readIrql } from '../kernel/inspect.js';
import { valueOf } from '../kernel/layout.js';
import type { Kernel } from '../kernel/load.js';

/** Chooses the processor that an interrupt is offered to first; the others follow in order. */
export type ProcessorStrategy = (line: number, processors: number) => number;

/** Every interrupt to the processor that booted. */
export function firstProcessor(): ProcessorStrategy {
  return () => 0;
}

/** Interrupts to all processors in turn. */
export function inTurn(): ProcessorStrategy {
  let turn = -1;
  return (_line, processors) => {
    turn = (turn + 1) % processors;
    return turn;
  };
}

/** The processors of one machine. Only one of them runs at a time. */
export class Processors {
  private readonly prcbs: readonly number[];
  private readonly device: number;
  private readonly clock: number;
  private selected = 0;

  constructor(
    private readonly kernel: Kernel,
    readonly count: number,
    private readonly strategy: ProcessorStrategy,
  ) {
    this.prcbs = Array.from({ length: count }, (_, number) => kernel.raw.prcbAt(number) >>> 0);
    this.device = valueOf(kernel.layout, 'Irql', 'DEVICE');
    this.clock = valueOf(kernel.layout, 'Irql', 'CLOCK');
  }

  /** The current IRQL of a processor. */
  irql(processor: number): number {
    const prcb = this.prcbs[processor];
    if (prcb === undefined) throw new RangeError(`processor ${processor} of ${this.count}`);
    return readIrql(this.kernel, prcb);
  }

  /** From here on `processor` runs. */
  select(processor: number): void {
    if (processor === this.selected) return;
    this.kernel.raw.selectProcessor(processor);
    this.selected = processor;
  }

  /** The processor that runs. */
  get running(): number {
    return this.selected;
  }

  /** The lowest processor at PASSIVE_LEVEL, where threads run; -1 where there is none. */
  lowestPassive(): number {
    for (let number = 0; number < this.prcbs.length; number++) {
      if (readIrql(this.kernel, this.prcbs[number] as number) === 0) return number;
    }
    return -1;
  }

  /** The processor that takes a device's interrupt; -1 where all of them mask it. */
  forInterrupt(line: number): number {
    const first = this.count === 1 ? 0 : this.strategy(line, this.count);
    for (let i = 0; i < this.count; i++) {
      const number = (first + i) % this.count;
      if (readIrql(this.kernel, this.prcbs[number] as number) < this.device) return number;
    }
    return -1;
  }

  /** Whether the clock's interrupt gets through: it comes to processor 0. */
  takesClock(): boolean {
    return readIrql(this.kernel, this.prcbs[0] as number) < this.clock;
  }
}
