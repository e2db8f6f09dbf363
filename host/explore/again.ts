/** A schedule again, from its replay line: run twice, and told with its stacks. */

import { Random } from '../machine/random.js';
import type { SourceMap } from '../watch/sourcemap.js';
import { Describer } from './describe.js';
import { keysOf } from './explorer.js';
import type { Exploration } from './finding.js';
import { parseLine } from './line.js';
import type { Prepared } from './program.js';
import { replayOf } from './replay.js';

/** What a replay is held against. */
export interface ReplayOptions {
  /** The first digits of the module's digest. */
  readonly build: string;
  readonly map?: SourceMap;
}

/**
 * Replays a line. Its findings are of schedule 1, by `replay`; none where nothing went wrong.
 * @throws TypeError where the line is of another build, scenario or kind of points, or where
 * another actor is chosen than can go on.
 */
export function replayLine(
  prepared: Prepared, text: string, { build, map }: ReplayOptions,
): Exploration {
  const line = parseLine(text);
  const { engine, scenario } = prepared;
  const same = [
    ['build', line.build, build], ['scenario', line.scenario, scenario.name],
    ['points', line.points, engine.level],
  ] as const;
  for (const [what, of, here] of same) {
    if (of !== here) throw new TypeError(`the line is of ${what} ${of}, and this is ${here}`);
  }
  const random = new Random(1);
  const stream = random.stream('replay');
  const first = engine.run(replayOf(line.choices), stream);
  if (first.ending === 'diverged') {
    throw new TypeError('the line chooses an actor that cannot go on: it is of something else');
  }
  const again = engine.run(replayOf(line.choices), stream, { record: true, stacks: true });
  const describer = new Describer(prepared, build, map);
  const findings = first.hash !== again.hash || first.ending !== again.ending
    ? [describer.unstable(first, again, 'replay', 1)]
    : keysOf(again).map((key) => describer.describe(again, key, {
      strategy: 'replay', schedule: 1, found: line.choices, choices: line.choices, keysOf,
    }));
  return {
    scenario: scenario.name, build, seed: random.seed, points: engine.level, findings,
    coverage: {
      schedules: 1, traces: 1, steps: engine.profile.steps, exhausted: false,
      depth2: 1 / (scenario.actors.length * Math.max(engine.profile.steps, 1)),
    },
  };
}
