/** Shards as one: what is summed, what is told once, and which parts do not belong together. */

import { beforeAll, describe, expect, test } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import type { Exploration, Finding } from '../../host/explore/finding.js';
import { mergeExplorations } from '../../host/explore/merge.js';
import { compileScripts, prepareScript } from './script.js';

let module: WebAssembly.Module;
/** Parts 1 and 2 of 2, of both orders of two locks and of a word that two write. */
let parts: [Exploration, Exploration];

beforeAll(async () => {
  module = await compileScripts();
  parts = [partOf(1), partOf(2)];
});

function partOf(part: number): Exploration {
  const prepared = prepareScript(module, [
    'acquire 0, acquire 1, release 1, release 0', 'acquire 1, acquire 0, release 0, release 1',
    'read 0, stop_if 0 1, write 0 1', 'increment 0',
  ], { points: 'memory' });
  const result = explore(prepared, {
    schedules: 200, strategies: ['random'], shard: { part, of: 2 }, hashes: true,
  });
  // As it comes from a file.
  return JSON.parse(JSON.stringify(result)) as Exploration;
}

function predictionOf(finding: Finding, status: 'predicted' | 'refuted'): Finding {
  const [one, other] = finding.parties.map(({ object }) => object);
  return {
    ...finding, status, parties: [], sentence: 'a circle',
    words: [one ?? 0, other ?? 0, other ?? 0, one ?? 0],
  };
}

function withFindings(part: Exploration, ...findings: Finding[]): Exploration {
  return { ...part, findings };
}

describe('together', () => {
  test('schedules are summed, traces are united, findings are told once', () => {
    const [one, other] = parts;
    expect(one.hashes).not.toEqual(other.hashes);
    const whole = mergeExplorations(parts);
    expect(whole.coverage.schedules).toBe(one.coverage.schedules + other.coverage.schedules);
    expect(new Set(whole.hashes)).toEqual(new Set([...one.hashes ?? [], ...other.hashes ?? []]));
    expect(whole.coverage.traces).toBe(whole.hashes?.length);
    expect(whole.coverage.depth2).toBeGreaterThan(one.coverage.depth2);
    expect(whole.coverage.depth2).toBeLessThan(1);
    const rules = whole.findings.map(({ rule }) => rule);
    expect(new Set(rules)).toEqual(new Set(['DEADLOCK', 'KERNEL_SECURITY_CHECK_FAILURE']));
    expect(rules).toHaveLength(2);
    expect(whole).not.toHaveProperty('shard');
  });

  test('one part alone is itself, but for its number', () => {
    const [one] = parts;
    const { shard, ...rest } = one;
    expect(shard).toEqual({ part: 1, of: 2 });
    const { coverage, ...whole } = mergeExplorations([one]);
    expect({ ...whole, coverage: { ...coverage, depth2: 0 } })
      .toEqual({ ...rest, coverage: { ...rest.coverage, depth2: 0 } });
  });

  test('without all hashes, only the most traces of a part are certain', () => {
    const { hashes, ...bare } = parts[1];
    expect(hashes).toBeDefined();
    const whole = mergeExplorations([parts[0], bare]);
    expect(whole.coverage.traces)
      .toBe(Math.max(parts[0].coverage.traces, parts[1].coverage.traces));
    expect(whole).not.toHaveProperty('hashes');
  });

  test('the finding with fewer switches is told', () => {
    const [one, other] = parts;
    const found = one.findings.find(({ rule }) => rule === 'DEADLOCK') as Finding;
    const longer = { ...found, switches: { found: 9, shortened: 9 } };
    expect(mergeExplorations([withFindings(one, longer), withFindings(other, found)]).findings)
      .toEqual([found]);
    expect(mergeExplorations([withFindings(one, found), withFindings(other, longer)]).findings)
      .toEqual([found]);
  });

  test('a prediction goes where a part confirmed it, and is refuted where one refuted it', () => {
    const [one, other] = parts;
    const found = one.findings.find(({ rule }) => rule === 'DEADLOCK') as Finding;
    const predicted = predictionOf(found, 'predicted');
    const refuted = predictionOf(found, 'refuted');
    const merged = (a: Finding, b: Finding): readonly Finding[] =>
      mergeExplorations([withFindings(one, a), withFindings(other, b)]).findings;
    expect(merged(predicted, found)).toEqual([found]);
    expect(merged(predicted, refuted)).toEqual([refuted]);
    expect(merged(refuted, predicted)).toEqual([refuted]);
    expect(merged(predicted, predicted)).toEqual([predicted]);
  });
});

describe('what does not belong together is refused by name', () => {
  test.each([
    ['scenario', /not of one scenario: script and other/],
    ['build', /not of one build: none and other/],
    ['points', /not of one points: memory and other/],
  ])('another %s', (what, why) => {
    expect(() => mergeExplorations([parts[0], { ...parts[1], [what]: 'other' }])).toThrow(why);
  });

  test('the same part twice', () => {
    expect(() => mergeExplorations([...parts, parts[0]]))
      .toThrow(/shard 1\/2 of seed 0x0*1 is there twice/);
    const { shard, ...bare } = parts[0];
    expect(shard).toBeDefined();
    expect(() => mergeExplorations([bare, bare])).toThrow(/seed 0x0*1 is there twice/);
    expect(mergeExplorations([bare, { ...bare, seed: '2' }]).seed).toBe(`${bare.seed},2`);
  });

  test('nothing', () => {
    expect(() => mergeExplorations([])).toThrow(TypeError);
  });
});
