/**
 * The 21 small cases with which checkers have been measured: 18 defects, and 3 traps in which
 * there is nothing to find. Numbers are those of test/explore/programs/cases.ts.
 */

/** One case. */
export interface SmallCase {
  readonly number: number;
  readonly name: string;
  /** The rule that must be confirmed; of a trap: none. */
  readonly rule?: string;
  /** Of a trap: in what its refutation says why; undefined where nothing is even suspected. */
  readonly refuted?: string;
}

export const CASES: readonly SmallCase[] = [
  { number: 1, name: 'opposite orders of two mutexes', rule: 'DEADLOCK' },
  { number: 2, name: 'opposite orders of two spin locks', rule: 'DEADLOCK' },
  { number: 3, name: 'circle of three locks', rule: 'DEADLOCK' },
  { number: 4, name: 'trap: both orders in one thread', refuted: 'one thread' },
  { number: 5, name: 'trap: a gate around both orders', refuted: 'a gate' },
  { number: 6, name: 'thread ends with a mutex', rule: 'LOCK_THREAD_ENDED' },
  { number: 7, name: 'thread ends with a spin lock', rule: 'LOCK_THREAD_ENDED' },
  { number: 8, name: 'release of what nobody has', rule: 'LOCK_NOT_OWNED' },
  { number: 9, name: 'mutex released by another thread', rule: 'LOCK_RELEASED_BY_OTHER' },
  { number: 10, name: 'spin lock released by another', rule: 'LOCK_RELEASED_BY_OTHER' },
  { number: 11, name: 'memory freed with a lock that is held', rule: 'LOCK_FREED' },
  { number: 12, name: 'resource deleted while it is held', rule: 'LOCK_FREED' },
  { number: 13, name: 'use after the lock was freed', rule: 'LOCK_NOT_INITIALIZED' },
  { number: 14, name: 'initialized while it is held', rule: 'LOCK_INITIALIZED_TWICE' },
  { number: 15, name: 'mutex taken twice', rule: 'LOCK_RECURSIVE' },
  { number: 16, name: 'spin lock taken twice', rule: 'DEADLOCK' },
  { number: 17, name: 'wait with a spin lock held', rule: 'WAIT_TIMEOUT' },
  { number: 18, name: 'reader comes again behind a writer', rule: 'LOCK_RECURSIVE' },
  { number: 19, name: 'lock held at the end of all', rule: 'LOCK_HELD_AT_END' },
  { number: 20, name: 'trap: the other order only tries' },
  { number: 21, name: 'lock held for 300 ms', rule: 'LOCK_HELD_LONG' },
];
