/** What one schedule came to, as plain data. */

/** How a schedule ended. */
export type Ending = 'done' | 'deadlock' | 'stop' | 'trap' | 'livelock' | 'diverged';

/** A rule that was broken, or the way in which a schedule ended badly. */
export interface RawFinding {
  /** The verifier's rule, `DEADLOCK`, `TRAP`, `LIVELOCK`, or the stop code's name. */
  readonly rule: string;
  readonly words: readonly number[];
  /** Who ran. */
  readonly actor: number;
  /** Decisions of the schedule before it. */
  readonly step: number;
  /** The stack, where stacks are kept. */
  readonly stack?: string;
}

/** A step of a schedule, as a recording has it. */
export interface RecordedStep {
  readonly actor: number;
  readonly processor: number;
  readonly irql: number;
  readonly point: number;
  readonly object: number;
  /** The stack, where stacks are kept. */
  readonly stack?: string;
}

/** What one schedule came to. */
export interface Outcome {
  readonly ending: Ending;
  readonly findings: readonly RawFinding[];
  /** Whom the strategy chose, wherever there was a choice. */
  readonly choices: readonly number[];
  /** Decisions with more than one way to go. */
  readonly points: number;
  /** The same for schedules that differ only in the order of what does not meet. */
  readonly hash: number;
  /** For a deadlock: who waits, and for what. */
  readonly waiting: readonly Waiting[];
  readonly steps: readonly RecordedStep[];
}

/** An actor that waits for ever. */
export interface Waiting {
  readonly actor: number;
  readonly point: number;
  readonly object: number;
  /** For a spin lock: the processor that has it; -1 where nobody has. */
  readonly owner: number;
  readonly processor: number;
  readonly irql: number;
  readonly stack?: string;
}

/** What is kept of a schedule beside its end. */
export interface RunOptions {
  /** Keep every step. */
  readonly record?: boolean;
  /** With their stacks. */
  readonly stacks?: boolean;
}
