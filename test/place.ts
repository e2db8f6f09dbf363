/** What processor 1 of a machine does at the n-th place at which processor 0 has let a lock go. */

import type { Machine, World, WorldOptions } from '../host/index.js';

/** A place of processor 0, and what happens there. */
export class Place {
  private left: number;
  private lock = 0;
  private machine: Machine | undefined;

  /** `act` is done once, on processor 1, at the `place`-th place. */
  constructor(place: number, private readonly act: (machine: Machine) => void) {
    this.left = place;
  }

  /** False: there were fewer places. */
  get begun(): boolean {
    return this.left === 0;
  }

  /** Two machines on a wire; processors of the first one are preempted. */
  async makeWorld(make: (options: WorldOptions) => Promise<World>): Promise<World> {
    const onPreempt = (_point: number, object: number): void => this.pass(object);
    return make({
      target: 'explore', seed: 1, link: 'wire:',
      machines: [
        { name: 'a', address: '10.0.0.1/24', processors: 2, onPreempt },
        { name: 'b', address: '10.0.0.2/24' },
      ],
    });
  }

  /** From now on places count: those of the lock of that rank while what it keeps is empty. */
  begin(machine: Machine, rank: string): void {
    const lock = machine.locks().find(({ name }) => name === rank)?.address;
    if (lock === undefined) throw new Error(`no lock ${rank}`);
    this.lock = lock;
    this.machine = machine;
  }

  /** No place counts any more. */
  end(): void {
    this.machine = undefined;
  }

  private pass(object: number): void {
    const { machine } = this;
    if (machine === undefined || object !== this.lock || this.left === 0) return;
    const { raw, memory } = machine.kernel;
    // The lock is free, and the count behind it is 0.
    const free = (memory.word(object) & 0xffff) === 0 && memory.word(object + 4) === 0;
    if (!free || --this.left > 0) return;
    raw.selectProcessor(1);
    this.act(machine);
    raw.selectProcessor(0);
  }
}
