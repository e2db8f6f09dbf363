/** Lets virtual time go on, and gives programs their turn: whoever waits for a promise of ours. */

import type { Clock } from './clock.js';

/** Turns of the promise queue without a call into user mode, after which programs had theirs. */
const QUIET_TURNS = 16;
/** The same after an event that told user mode nothing. */
const FEW_TURNS = 2;
/** The same before time passes in which nothing else can happen. */
const LAST_TURNS = 10_000;
/** More turns than this at one instant are a program that never waits for anything. */
const MOST_TURNS = 1_000_000;

/**
 * Runs a clock. Where only callbacks are at work, all events run before `run` returns its promise;
 * where programs wait for promises of user mode, each gets its turn at the instant of what it
 * waited for. Either way the same programs give the same run.
 */
export class Runner {
  private active = false;
  private running = false;

  constructor(readonly clock: Clock) {}

  /** User mode was called, or has settled a promise: programs get their turn before time. */
  noteActivity(): void {
    this.active = true;
  }

  /** Runs so many ns. @throws Error where it is called while it runs. */
  async run(ns: number): Promise<void> {
    await this.go(() => false, this.limitOf(ns), false);
  }

  /**
   * Runs until a predicate is true, asked after each event, or a promise is settled. False where
   * that has not come after so many ns: they have passed then. A rejection is left to whom the
   * promise belongs to.
   */
  async runUntil(what: (() => boolean) | PromiseLike<unknown>, mostNs: number): Promise<boolean> {
    if (typeof what === 'function') return this.go(what, this.limitOf(mostNs), false);
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    what.then(note, note);
    this.active = true;
    return this.go(() => settled, this.limitOf(mostNs), true);
  }

  /**
   * What a promise gives, once enough time has passed for it.
   * @throws what it is rejected with; Error where it is not settled after so many ns.
   */
  async complete<T>(promise: PromiseLike<T>, mostNs: number): Promise<T> {
    if (await this.runUntil(promise, mostNs)) return promise;
    throw new Error(`not settled within ${mostNs / 1e9} s of virtual time`);
  }

  /** Settled when so many ns have passed: for programs that run beside others. */
  async sleep(ns: number): Promise<void> {
    const dueNs = this.limitOf(ns);
    return new Promise((resolve) => {
      this.clock.at(dueNs, () => {
        this.active = true;
        resolve();
      });
    });
  }

  private limitOf(ns: number): number {
    if (!Number.isSafeInteger(ns) || ns < 0) {
      throw new TypeError(`ns: ${String(ns)} is no whole number of ns from 0 on`);
    }
    return this.clock.now + ns;
  }

  private async go(isDone: () => boolean, limitNs: number, looks: boolean): Promise<boolean> {
    if (this.running) throw new Error('time goes on already: one run at a time');
    this.running = true;
    try {
      const { clock } = this;
      for (;;) {
        if (this.active) await this.giveTurns(QUIET_TURNS);
        else if (looks) await this.giveTurns(FEW_TURNS);
        if (isDone()) return true;
        if (looks && !this.hasEvent(limitNs)) await this.giveTurns(LAST_TURNS);
        if (this.hasEvent(limitNs)) clock.step();
        else if (clock.now < limitNs && !isDone()) clock.runUntil(limitNs);
        else return isDone();
      }
    } finally {
      this.running = false;
    }
  }

  private hasEvent(limitNs: number): boolean {
    return (this.clock.next() ?? Infinity) <= limitNs;
  }

  private async giveTurns(wanted: number): Promise<void> {
    let turns = 0;
    let quietTurns = wanted;
    for (let quiet = 0; quiet < quietTurns; quiet++) {
      if (++turns > MOST_TURNS) throw new Error('a program calls and calls, and time stands still');
      this.active = false;
      await undefined;
      if (!this.active) continue;
      quiet = 0;
      quietTurns = QUIET_TURNS;
    }
  }
}
