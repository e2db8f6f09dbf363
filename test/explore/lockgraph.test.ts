/** Circles of locks: which are told, which are refuted and why, and how soon they are met. */

import { beforeAll, describe, expect, test } from 'vitest';
import type { RecordedStep } from '../../host/explore/outcome.js';
import { explore } from '../../host/explore/explorer.js';
import type { Exploration } from '../../host/explore/finding.js';
import { LockGraph } from '../../host/explore/lockgraph.js';
import type { Cycle } from '../../host/explore/lockgraph.js';
import { compileScripts, prepareScript } from './script.js';

const KINDS = { acquire: 0, release: 1, enter: 2, leave: 3, try: 4 } as const;

/** What an actor does, as `+1 -1 ?2`: acquires, releases, tries. */
function stepsOf(actor: number, text: string): RecordedStep[] {
  return text.split(' ').map((word) => ({
    actor, processor: actor, irql: 0, object: Number(word.slice(1)),
    point: word.startsWith('+') ? KINDS.acquire : word.startsWith('-') ? KINDS.release : KINDS.try,
  }));
}

function cyclesOf(...actors: string[]): Cycle[] {
  const graph = new LockGraph(KINDS);
  graph.add(actors.flatMap((text, actor) => stepsOf(actor, text)));
  return graph.cycles();
}

describe('the graph', () => {
  test('tells a circle once, of two locks and of seven', () => {
    expect(cyclesOf('+1 +2 -2 -1', '+2 +1 -1 -2')).toMatchObject([
      { edges: [{ outer: 1, inner: 2, actor: 0 }, { outer: 2, inner: 1, actor: 1 }] },
    ]);
    const ring = Array.from({ length: 7 }, (_, i) =>
      `+${i} +${(i + 1) % 7} -${(i + 1) % 7} -${i}`);
    const cycles = cyclesOf(...ring);
    expect(cycles.map(({ edges, refuted }) => [edges.length, refuted])).toEqual([[7, undefined]]);
  });

  test('tells nothing of one order, of a lock alone, of a lock that is tried', () => {
    expect(cyclesOf('+1 +2 -2 -1', '+1 +2 -2 -1')).toEqual([]);
    expect(cyclesOf('+1 -1 +1 -1', '+1 -1')).toEqual([]);
    expect(cyclesOf('+1 +2 -2 -1', '+2 ?1 -1 -2')).toEqual([]);
    expect(cyclesOf('+1 +2 -2 -1', '+2 ?1 -2')).toEqual([]);
  });

  test('a lock that was tried and taken is held, one that was not is not', () => {
    expect(cyclesOf('+1 +2 -2 -1', '?2 +1 -1 -2')).toHaveLength(1);
    expect(cyclesOf('+1 +2 -2 -1', '?2 +1 -1')).toEqual([]);
  });

  test('refutes what a gate keeps apart, and what one thread does alone', () => {
    expect(cyclesOf('+9 +1 +2 -2 -1 -9', '+9 +2 +1 -1 -2 -9')).toMatchObject([
      { refuted: 'lock 0x9 is held in both orders: a gate' },
    ]);
    expect(cyclesOf('+1 +2 -2 -1 +2 +1 -1 -2')).toMatchObject([
      { refuted: expect.stringContaining('one thread') as string },
    ]);
  });

  test('a gate that is not always there is none', () => {
    const cycles = cyclesOf('+9 +1 +2 -2 -1 -9', '+9 +2 +1 -1 -2 -9 +2 +1 -1 -2');
    expect(cycles).toHaveLength(1);
    expect(cycles[0]?.refuted).toBeUndefined();
  });

  test('tells several actors of one pair apart', () => {
    const cycles = cyclesOf('+1 +2 -2 -1', '+2 +1 -1 -2', '+2 +1 -1 -2');
    expect(cycles.map(({ edges }) => edges.map(({ actor }) => actor))).toEqual([[0, 1], [0, 2]]);
  });

  test('knows what is new', () => {
    const graph = new LockGraph(KINDS);
    expect(graph.add(stepsOf(0, '+1 +2 -2 -1'))).toBe(true);
    expect(graph.add(stepsOf(0, '+1 +2 -2 -1'))).toBe(false);
    expect(graph.add(stepsOf(0, '+1 -1'))).toBe(false);
    expect(graph.add(stepsOf(1, '+1 +2 -2 -1'))).toBe(true);
  });

  test('has bounds: forty locks in all orders', () => {
    const graph = new LockGraph(KINDS);
    for (let one = 0; one < 40; one++) {
      for (let other = 0; other < 40; other++) {
        if (one !== other) graph.add(stepsOf(one, `+${one} +${other} -${other} -${one}`));
      }
    }
    const cycles = graph.cycles();
    expect(cycles.length).toBeGreaterThan(0);
    expect(cycles.length).toBeLessThanOrEqual(512);
  });
});

describe('directed', () => {
  let module: WebAssembly.Module;

  beforeAll(async () => {
    module = await compileScripts();
  });

  const nest = (one: number, other: number): string =>
    `acquire ${one}, acquire ${other}, release ${other}, release ${one}`;
  const run = (threads: readonly string[], schedules: number, seed = 1): Exploration =>
    explore(prepareScript(module, threads), { schedules, seed, strategies: ['random'] });

  test.each([2, 3, 4, 5, 6, 7])('%i philosophers: met in the second schedule', (n) => {
    const threads = Array.from({ length: n }, (_, i) => nest(i, (i + 1) % n));
    for (let seed = 1; seed <= 20; seed++) {
      const { findings } = run(threads, 2, seed);
      expect(findings).toMatchObject([{ status: 'confirmed', rule: 'DEADLOCK' }]);
      expect(findings[0]?.parties).toHaveLength(n);
    }
  });

  test('a circle that closes only the third time round', () => {
    const twice = `${nest(0, 1)}, ${nest(0, 1)}, set 0, ${nest(0, 1)}`;
    const { findings } = run([twice, `wait 0, ${nest(1, 0)}`], 10);
    expect(findings).toMatchObject([{ status: 'confirmed', rule: 'DEADLOCK' }]);
  });

  test('a circle beside a gate that one of the two does not always pass', () => {
    const gated = `acquire 2, ${nest(0, 1)}, release 2`;
    const other = `acquire 2, ${nest(1, 0)}, release 2`;
    const { findings } = run([`${gated}, ${nest(0, 1)}`, other], 40);
    expect(findings).toMatchObject([{ status: 'confirmed', rule: 'DEADLOCK' }]);
  });

  test.each([
    ['a gate', [`acquire 2, ${nest(0, 1)}, release 2`, `acquire 2, ${nest(1, 0)}, release 2`],
      'a gate'],
    ['one thread alone', [`${nest(0, 1)}, ${nest(1, 0)}`, 'acquire 0, release 0'], 'one thread'],
  ])('%s: refuted, and why', (_name, threads, why) => {
    const { findings } = run(threads, 30);
    expect(findings).toMatchObject([
      { status: 'refuted', rule: 'DEADLOCK', reason: expect.stringContaining(why) as string },
    ]);
  });

  test('a lock that is only tried: nothing at all', () => {
    const { findings } = run([
      'take 0, take 1, put 1, put 0', 'take 1, try 0 1, put 0, put 1',
    ], 60);
    expect(findings).toEqual([]);
  });

  test('an order that an event makes: refuted, once every order was tried', () => {
    const threads = [`${nest(0, 1)}, set 0`, `wait 0, ${nest(1, 0)}`];
    const { findings, coverage } = explore(prepareScript(module, threads));
    expect(coverage.exhausted).toBe(true);
    expect(findings).toMatchObject([
      { status: 'refuted', reason: expect.stringContaining('every order') as string },
    ]);
  });
});
