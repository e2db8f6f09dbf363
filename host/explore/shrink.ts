/** A shorter schedule that fails as well: first fewer switches, then less work. */

import type { Stream } from '../machine/random.js';
import type { Engine } from './engine.js';
import type { Outcome } from './outcome.js';
import { isEnabled, replayOf } from './replay.js';
import type { Strategy, View } from './strategy.js';

/** Schedules that one shortening may take. */
const MOST_TRIES = 2000;
/** Decisions of all of them: a schedule without an end is long. */
const MOST_DECISIONS = 2_000_000;

/** Says whether an outcome is the failure that is being shortened. */
export type SameFailure = (outcome: Outcome) => boolean;

/** What a shortening came to. */
export interface Shortened {
  readonly choices: readonly number[];
  /** How often an actor was made to wait that could have gone on. */
  readonly preemptions: number;
  /** Schedules that were run for it. */
  readonly tries: number;
}

/** How often the choices go from one actor to another. */
export function switchesOf(choices: readonly number[]): number {
  let switches = 0;
  for (let i = 1; i < choices.length; i++) if (choices[i] !== choices[i - 1]) switches++;
  return switches;
}

/** A schedule that fails; of two the shorter is less in the first of the numbers that differs. */
interface Failing {
  readonly choices: readonly number[];
  readonly preemptions: number;
  readonly switches: number;
}

/** A stretch of choices of one actor. */
interface Run {
  readonly actor: number;
  readonly times: number;
}

/**
 * A schedule that fails as well with fewer preemptions, then fewer switches, then fewer choices:
 * actors are left out whole, stretches are joined, left out or brought forward, and what comes
 * after the failure is cut off, as long as any of it makes the schedule shorter.
 */
export function shrink(
  engine: Engine, choices: readonly number[], random: Stream, isSame: SameFailure,
): Shortened {
  let tries = 0;
  let decisions = 0;
  const attempt = (candidate: readonly number[]): Failing | undefined => {
    tries++;
    const strategy = counting(replayOf(candidate, true));
    const outcome = engine.run(strategy, random);
    decisions += engine.step;
    if (!isSame(outcome)) return undefined;
    const needed = neededOf(outcome);
    if (needed.length < outcome.choices.length && needed.length < candidate.length) {
      return attempt(needed) ?? failingOf(outcome.choices, strategy.preemptions);
    }
    return failingOf(needed, strategy.preemptions);
  };
  let best = attempt(choices) ?? failingOf(choices, switchesOf(choices));
  for (let improved = true; improved;) {
    improved = false;
    for (const candidate of shorterThan(best.choices)) {
      if (tries >= MOST_TRIES || decisions >= MOST_DECISIONS) break;
      const failing = attempt(candidate);
      if (failing === undefined || !isShorter(failing, best)) continue;
      best = failing;
      improved = true;
      break;
    }
  }
  return { choices: best.choices, preemptions: best.preemptions, tries };
}

function failingOf(choices: readonly number[], preemptions: number): Failing {
  return { choices, preemptions, switches: switchesOf(choices) };
}

/** The choices of an outcome without those after all who wait for ever have come to wait. */
function neededOf({ ending, choices, waiting }: Outcome): readonly number[] {
  if (ending !== 'deadlock') return choices;
  return choices.slice(0, 1 + Math.max(...waiting.map(({ actor }) => choices.lastIndexOf(actor))));
}

/** What may be shorter than a schedule and fail as well, what leaves out most first. */
function* shorterThan(choices: readonly number[]): Generator<readonly number[]> {
  const runs = runsOf(choices);
  for (const actor of new Set(choices)) yield choices.filter((each) => each !== actor);
  for (let i = 0; i < runs.length; i++) yield choicesOf(runs.slice(0, i));
  for (let i = 0; i < runs.length; i++) yield choicesOf(runs.toSpliced(i, 1));
  // Whoever ran goes on for as long as the next one would have.
  for (let i = 1; i < runs.length; i++) {
    const { actor } = runs[i - 1] as Run;
    yield choicesOf(runs.toSpliced(i, 0, { actor, times: (runs[i] as Run).times }));
  }
  // Brought forward, a stretch joins one of its actor's; or others find taken what it takes.
  for (let count = 1; count < runs.length; count++) {
    for (let i = 1; i + count <= runs.length; i++) {
      const moved = runs.slice(i, i + count);
      for (let to = i - 1; to >= 0; to--) {
        yield choicesOf(runs.toSpliced(i, count).toSpliced(to, 0, ...moved));
      }
    }
  }
}

function isShorter(one: Failing, other: Failing): boolean {
  if (one.preemptions !== other.preemptions) return one.preemptions < other.preemptions;
  if (one.switches !== other.switches) return one.switches < other.switches;
  return one.choices.length < other.choices.length;
}

function runsOf(choices: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (let i = 0; i < choices.length;) {
    let end = i;
    while (end < choices.length && choices[end] === choices[i]) end++;
    runs.push({ actor: choices[i] as number, times: end - i });
    i = end;
  }
  return runs;
}

function choicesOf(runs: readonly Run[]): number[] {
  return runs.flatMap(({ actor, times }) => Array<number>(times).fill(actor));
}

/** A strategy that counts its preemptions. */
function counting(of: Strategy): Strategy & { preemptions: number } {
  return {
    name: of.name,
    preemptions: 0,
    begin(actors, profile, random) {
      this.preemptions = 0;
      of.begin(actors, profile, random);
    },
    choose(view: View) {
      const chosen = of.choose(view);
      if (chosen !== view.current && isEnabled(view, view.current)) this.preemptions++;
      return chosen;
    },
  };
}
