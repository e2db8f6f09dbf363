/** What a run's processors and its watchdog tell one another: words that they share. */

/** Where each word lies. */
export const PLACES = {
  /** 1: all begin. */
  gate: 0,
  /** How many processors have done with their program. */
  done: 1,
  /** 1: who spins is to end. */
  stop: 2,
  /** How many findings there were. */
  findings: 3,
  /** A word for each processor: 1 when it has done. */
  left: 4,
  /** The findings that are kept: a rule and its words. */
  kept: 12,
} as const;
/** Findings that are kept at most, and words of each. */
export const MOST_FINDINGS = 64;
export const FINDING_WORDS = 4;
export const CONTROL_WORDS = PLACES.kept + MOST_FINDINGS * FINDING_WORDS;

/** What a processor's worker is given. */
export interface ProcessorData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly control: Int32Array;
  readonly places: typeof PLACES;
  readonly number: number;
  readonly program: string;
  readonly rounds: number;
}
