/** lockdep's 55 shapes with spin locks: each is predicted and found, each twin is clean. */

import { beforeAll, describe, expect, it } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import type { Exploration } from '../../host/explore/finding.js';
import { LockGraph } from '../../host/explore/lockgraph.js';
import type { Cycle } from '../../host/explore/lockgraph.js';
import type { Prepared } from '../../host/explore/program.js';
import { replayOf } from '../../host/explore/replay.js';
import { Random } from '../../host/machine/random.js';
import { SHAPES } from './cases/shapes.js';
import { prepareShape } from './cases/table.js';
import { compileScripts, prepareScript } from './script.js';

const LIMIT = { timeout: 120_000 };
let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileScripts();
}, 120_000);

/** Circles that one schedule tells of, in which each actor ends before the next begins. */
function predict({ engine, scenario }: Prepared): Cycle[] {
  const stream = new Random(1).stream('serial');
  const { ending, steps } = engine.run(replayOf([], true), stream, { record: true });
  expect(ending).toBe('done');
  const graph = new LockGraph(engine.kinds, scenario.actors.map(({ level }) => level));
  graph.add(steps);
  return graph.cycles().filter(({ refuted }) => refuted === undefined);
}

describe('the shapes of lockdep', LIMIT, () => {
  it('are 55, each with a name of its own', () => {
    expect(new Set(SHAPES.map(({ name }) => name)).size).toBe(55);
  });

  it.each(SHAPES)('$name: $rule is confirmed in two schedules, and the twin is clean', (shape) => {
    const { findings } = explore(prepareShape(module, shape), { schedules: 40 });
    const found = findings.find(({ rule, status }) =>
      rule === shape.rule && status === 'confirmed');
    expect(found?.schedule).toBeLessThanOrEqual(2);
    const twin = explore(prepareShape(module, shape, true), { schedules: 200 }).findings;
    expect(twin.filter(({ status }) => status !== 'refuted')).toEqual([]);
  });

  it.each(SHAPES.filter(({ actors, rule }) => rule === 'DEADLOCK' && actors.length > 1))(
    '$name: predicted where nobody meets anybody', (shape) => {
      expect(predict(prepareShape(module, shape)).length).toBeGreaterThan(0);
      expect(predict(prepareShape(module, shape, true))).toEqual([]);
    });
});

describe('IRQL as usage state', LIMIT, () => {
  const ISR = 'raise 7 12, acquire_at_dpc 0, release_from_dpc 0, lower 7';
  const run = (
    threads: readonly string[], processors: readonly number[], levels: readonly number[],
  ): Exploration =>
    explore(prepareScript(module, threads, { processors, levels }), { schedules: 2000 });

  it('tells who interrupts whom', () => {
    const { findings } = run(['acquire 0, release 0', ISR], [0, 0], [0, 12]);
    expect(findings).toMatchObject([{ status: 'confirmed', rule: 'DEADLOCK' }]);
    expect(findings[0]?.sentence).toMatch(
      /^thread 1 interrupts thread 0 and waits for 0x[0-9a-f]+, which thread 0 has$/,
    );
  });

  it('predicts what an interrupt of another processor would meet, and says why it does not', () => {
    const { findings, coverage } = run(['acquire 0, release 0', ISR], [0, 1], [0, 12]);
    expect(coverage.exhausted).toBe(true);
    expect(findings).toMatchObject([{
      status: 'predicted', rule: 'IRQL_INVERSION',
      sentence: expect.stringMatching(
        /^thread 1 takes \w+ at IRQL 12, and can interrupt thread 0, which holds \w+ at IRQL 2$/,
      ) as string,
      reason: expect.stringContaining('comes to processor 1 alone') as string,
    }]);
  });

  it('refutes a circle that a gate keeps apart', () => {
    const { findings } = run([
      'raise 7 12, acquire_at_dpc 2, acquire_at_dpc 0, acquire_at_dpc 1, release_from_dpc 1,'
        + ' release_from_dpc 0, release_from_dpc 2, lower 7',
      'acquire 2, acquire 1, release 1, release 2', ISR,
    ], [1, 0, 0], [0, 0, 12]);
    expect(findings).toMatchObject([{
      status: 'refuted', rule: 'IRQL_INVERSION',
      reason: expect.stringContaining('a gate') as string,
    }]);
  });

  it('is silent where the interrupt only tries, or comes no higher than the lock', () => {
    const dpc = 'raise 7 2, acquire_at_dpc 0, release_from_dpc 0, lower 7';
    expect(run(['acquire 0, release 0', dpc], [0, 0], [0, 2]).findings).toEqual([]);
    const late = 'raise 7 12, lower_to 0 2, acquire_at_dpc 0, release_from_dpc 0, lower_to 0 0';
    expect(run(['take 0, put 0', 'try 0 1, put 0'], [0, 0], [0, 12]).findings).toEqual([]);
    expect(run(['acquire 0, release 0', late], [0, 1], [0, 12]).findings).toEqual([]);
  });
});
