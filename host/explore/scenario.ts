/** What is explored: actors that run beside one another, from one state of memory. */

/** One call into the module; it must be the same call each time it is made. */
export interface Step {
  readonly call: (...words: number[]) => unknown;
  readonly words: readonly number[];
  /** What the outside does just before the call: writes a frame, raises a line. */
  readonly before?: () => void;
  /** Gets what the call gave, once it is over. */
  readonly after?: (answer: unknown) => void;
}

/** A thread, or an interrupt that comes at most once. */
export interface Actor {
  readonly name: string;
  /** The processor it runs on. */
  readonly processor: number;
  /** 0: a thread. Else the IRQL at which it interrupts: it comes only below that. */
  readonly level: number;
  readonly steps: readonly Step[];
}

/** What is explored. */
export interface Scenario {
  readonly name: string;
  readonly processors: number;
  readonly actors: readonly Actor[];
  /** Octets from 0 on that a schedule may change: what is restored before the next one. */
  readonly octets: number;
  /** Puts back what the outside keeps of its own; before each schedule. */
  readonly reset?: () => void;
  /** After all actors are done: throws, or lets the module stop, where something is wrong. */
  readonly after?: () => void;
}
