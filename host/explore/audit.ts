/** What processors hold when every actor is done, and did not hold before the first began. */

import type { ExploredModule } from '../kernel/explored.js';

/** What a processor has. */
export interface Holding {
  readonly irql: number;
  readonly locks: ReadonlySet<number>;
}

/** What each processor has now. */
export function holdingsOf(module: ExploredModule, processors: number): Holding[] {
  return Array.from({ length: processors }, (_, processor) => ({
    irql: module.irql(processor),
    locks: new Set(module.heldLocks(processor).map(({ lock }) => lock)),
  }));
}

/** Locks that are still held, and levels that are still raised: as rules, with their words. */
export function audit(
  module: ExploredModule, before: readonly Holding[],
): { rule: string; words: readonly number[] }[] {
  return before.flatMap(({ irql, locks }, processor) => {
    const now = module.irql(processor);
    const held = module.heldLocks(processor).filter(({ lock }) => !locks.has(lock));
    const broken = held.map(({ lock, rank }) => {
      return { rule: 'LOCK_HELD_AT_END', words: [lock, rank, processor] };
    });
    return now === irql ? broken
      : [...broken, { rule: 'IRQL_RAISED_AT_END', words: [now, processor] }];
  });
}
