import { describe, expect } from 'vitest';
import { test } from '../../host/vitest.js';
import { faultsOf, runLossy } from './lossy.js';
import type { LossyOutcome } from './lossy.js';

const OCTETS = 2_000_000;
const RELEASES = ['nt40sp6a-q297040', 'modern'];
const TARGETS = ['free', 'checked'] as const;
const SEEDS = [1, 2, 3];
const CASES = RELEASES.flatMap((release) =>
  SEEDS.flatMap((seed) => TARGETS.map((target) => ({ release, seed, target }))));

describe('machine/lossy', () => {
  test.for(CASES)('carries 2 MB as sent: $release, seed $seed, $target', async (one, { world }) => {
    const options = { ...one, octets: OCTETS };
    const outcome = await runLossy(world, options);
    expect(faultsOf(options, outcome)).toEqual([]);
    expect(outcome.retransmissions).toBeGreaterThan(20);
  });

  test('gives another run for another seed, and the same for the same', async ({ world }) => {
    const options = { release: 'modern', target: 'checked', octets: 100_000 } as const;
    const runs = [];
    for (const seed of [4, 5, 4]) runs.push(await runLossy(world, { ...options, seed }));
    expect(runs[2]).toEqual(runs[0]);
    expect(runs[1]?.sent).not.toBe(runs[0]?.sent);
  });

  test('names what is not as it should be', () => {
    const good: LossyOutcome = {
      sent: 'aa', arrived: 'aa', octets: OCTETS, ends: ['closed', 'closed'], seconds: 30,
      silence: 1, retransmissions: 100, frames: 2000,
    };
    const options = { release: 'modern', seed: 1, target: 'checked', octets: OCTETS } as const;
    const faults = (bad: Partial<LossyOutcome>): string[] =>
      faultsOf(options, { ...good, ...bad });
    expect(faults({})).toEqual([]);
    expect(faults({ arrived: 'ab' })).toEqual([expect.stringContaining('as sent')]);
    expect(faults({ octets: 5 })).toEqual(['5 of 2000000 octets arrived']);
    expect(faults({ ends: ['open', 'closed'] })).toEqual(['the client\'s end: open']);
    expect(faults({ ends: ['closed', 'aborted'] })).toEqual(['the server\'s end: aborted']);
    expect(faults({ seconds: 80 })).toEqual([expect.stringContaining('octets a second')]);
  });
});
