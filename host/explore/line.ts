/**
 * The replay line: `nt1:BUILD:SCENARIO:POINTS:CHOICES`, one word without blanks. Choices are runs:
 * an actor, and how often it was chosen, where more than once: `0x3.1.0x12`.
 */

import type { PointLevel } from './kinds.js';

/** What a line says. */
export interface ReplayLine {
  /** The first digits of the module's digest: a line is good for the build it was made with. */
  readonly build: string;
  readonly scenario: string;
  readonly points: PointLevel;
  readonly choices: readonly number[];
}

const VERSION = 'nt1';
/** Actors of a scenario at most. */
const MOST_ACTORS = 128;
const POINTS: readonly PointLevel[] = ['locks', 'interlocked', 'memory'];
/** Choices of a line at most. */
const MOST_CHOICES = 1_000_000;

/** A line of it. */
export function formatLine({ build, scenario, points, choices }: ReplayLine): string {
  const runs: string[] = [];
  for (let i = 0; i < choices.length;) {
    let end = i;
    while (end < choices.length && choices[end] === choices[i]) end++;
    const actor = String(choices[i]);
    runs.push(end - i === 1 ? actor : `${actor}x${end - i}`);
    i = end;
  }
  return [VERSION, build, encodeURIComponent(scenario), points, runs.join('.')].join(':');
}

/** What a line says. @throws TypeError that says what is wrong with it. */
export function parseLine(line: string): ReplayLine {
  const parts = line.trim().split(':');
  const [version, build, scenario, points, runs] = parts;
  if (version !== VERSION || parts.length !== 5) {
    throw new TypeError(`no replay line: ${VERSION}:BUILD:SCENARIO:POINTS:CHOICES is one`);
  }
  if (!/^[0-9A-Za-z]{1,64}$/.test(build as string)) {
    throw new TypeError(`replay line: '${String(build)}' is no build`);
  }
  const level = POINTS.find((each) => each === points);
  if (level === undefined) {
    throw new TypeError(`replay line: points ${String(points)}: ${POINTS.join(', ')}`);
  }
  return {
    build: build as string, scenario: parseName(scenario as string), points: level,
    choices: parseChoices(runs as string),
  };
}

function parseName(text: string): string {
  let name = '';
  try {
    name = decodeURIComponent(text);
  } catch {
    // What cannot be read is as good as none.
  }
  if (name === '' || encodeURIComponent(name) !== text) {
    throw new TypeError(`replay line: '${text}' is no name of a scenario`);
  }
  return name;
}

function parseChoices(text: string): number[] {
  const choices: number[] = [];
  for (const run of text === '' ? [] : text.split('.')) {
    const match = /^([0-9]{1,3})(?:x([1-9][0-9]{0,6}))?$/.exec(run);
    if (match === null) throw new TypeError(`replay line: '${run}' is no run of choices`);
    const actor = Number(match[1]);
    if (actor >= MOST_ACTORS) throw new TypeError(`replay line: actor ${actor}: 0 to 127`);
    const times = Number(match[2] ?? 1);
    if (choices.length + times > MOST_CHOICES) {
      throw new TypeError(`replay line: more than ${MOST_CHOICES} choices`);
    }
    for (let i = 0; i < times; i++) choices.push(actor);
  }
  return choices;
}
