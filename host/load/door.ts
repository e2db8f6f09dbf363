/**
 * A gate with as many places before it as its backlog has: whoever comes when all are taken waits
 * outside for a turn, where a SYN would be refused.
 */

import type { Gate } from './gate.js';

/** Who wants in. */
export interface Caller {
  /** A place is free, and taken for the caller. */
  admitted(): void;
}

/** The way in to one port of the server. */
export class Door {
  private readonly waiting = new Set<Caller>();
  private isAdmitting = false;

  /** `places`: connections that may be on their way in at a time. */
  constructor(readonly gate: Gate, private places: number) {}

  /** True: the caller has a place. False: it waits, and is `admitted` when its turn comes. */
  enter(caller: Caller): boolean {
    if (this.places === 0) {
      this.waiting.add(caller);
      return false;
    }
    this.places--;
    return true;
  }

  /** Gives a place back: its holder is in, or has given up. */
  leave(): void {
    this.places++;
    if (this.isAdmitting) return; // one who is admitted may give up at once
    this.isAdmitting = true;
    for (const caller of this.waiting) {
      if (this.places === 0) break;
      this.places--;
      this.waiting.delete(caller);
      caller.admitted();
    }
    this.isAdmitting = false;
  }

  /** No longer waits. */
  forget(caller: Caller): void {
    this.waiting.delete(caller);
  }
}
