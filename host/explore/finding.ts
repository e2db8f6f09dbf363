/** What an exploration found, as plain data. */

import type { Site } from '../watch/sourcemap.js';

/** Whether a finding was seen, is expected, or was shown to be none. */
export type FindingStatus = 'confirmed' | 'predicted' | 'refuted';

/** Somebody who waits in a deadlock, or who broke a rule. */
export interface Party {
  readonly actor: string;
  readonly processor: number;
  readonly irql: number;
  /** `Point`'s name for what it was about to do. */
  readonly point: string;
  readonly object: number;
  /** The name of the actor that has what it waits for. */
  readonly owner?: string;
  /** Where it stands, innermost first; as far as the module's map is there. */
  readonly stack: readonly Site[];
}

/** One step of the shortened schedule. */
export interface ScheduleStep {
  readonly actor: string;
  readonly processor: number;
  readonly irql: number;
  readonly point: string;
  readonly object: number;
  readonly site?: Site;
  /** Of an acquire: where it stands, innermost first; as far as the module's map is there. */
  readonly stack?: readonly Site[];
}

/** A lock, or another object that a finding is about. */
export interface Subject {
  readonly address: number;
  /** The constant that the module exports its address as, or its rank's name. */
  readonly name?: string;
  /** Of a spin lock: its `LockRank`. */
  readonly rank?: string;
  /** Where it was initialized, as far as that was seen. */
  readonly initialized?: Site;
}

/** One finding; every field of a report is made of these. */
export interface Finding {
  readonly status: FindingStatus;
  /** The verifier's rule, a stop code's name, `DEADLOCK`, `TRAP`, `LIVELOCK`. */
  readonly rule: string;
  /** Its number, where it has one: a stop code, or the sub-code of stop code 0xC4. */
  readonly code?: number;
  /** The stop code; 0xC4 for a rule of the verifier. */
  readonly stop?: number;
  /** In one sentence, for whoever wrote the driver. */
  readonly sentence: string;
  /** Why a prediction is refuted, or is not confirmed. */
  readonly reason?: string;
  readonly words: readonly number[];
  readonly parties: readonly Party[];
  /** What the parties wait for or the rule is about. */
  readonly subjects: readonly Subject[];
  /** Where it happened: the first frame that is not the lock's own; what findings are known by. */
  readonly site?: Site;
  /** The schedule, in choices, as short as it got. */
  readonly choices: readonly number[];
  /** How many switches it had when it was found, and has now. */
  readonly switches: { readonly found: number; readonly shortened: number };
  /** Reproduces it. */
  readonly line: string;
  /** Which strategy found it, in which schedule, counted from 1. */
  readonly strategy: string;
  readonly schedule: number;
  /** Only for what is confirmed. */
  readonly steps: readonly ScheduleStep[];
}

/** The strategy of a finding that needs no schedule: the scene of its article shows it. */
export const SCENE = 'scene';

/** What was not seen is told too. */
export interface Coverage {
  readonly schedules: number;
  /** Schedules that differ in the order of what meets. */
  readonly traces: number;
  /** Decisions of a schedule at most. */
  readonly steps: number;
  /** True where every trace was tried. */
  readonly exhausted: boolean;
  /**
   * The probability with which one schedule of PCT at depth 2 finds a defect of that depth, by its
   * theorem; and that none of those that were run missed it.
   */
  readonly depth2: number;
}

/** An exploration's result. */
export interface Exploration {
  readonly scenario: string;
  readonly build: string;
  readonly seed: string;
  readonly points: string;
  /** Which part of how many, where it is one. */
  readonly shard?: { readonly part: number; readonly of: number };
  readonly findings: readonly Finding[];
  readonly coverage: Coverage;
  /** In place of schedules: what was played, and why it needs none. */
  readonly played?: string;
  /** Hashes of all traces, where they were asked for: shards are merged by them. */
  readonly hashes?: readonly number[];
}
