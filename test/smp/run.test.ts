/** Processors that run at once: locks keep what they keep, and who hangs is named. */

import { beforeAll, describe, expect, it } from 'vitest';
import { MOST_ROUNDS, PROCESSORS, ROUNDS, compileSmp } from './measure.js';
import type { SmpModules } from './measure.js';
import { runProcessors } from './run.js';
import type { SmpOptions, SmpOutcome } from './run.js';

const BUILDS = ['plain', 'checked'] as const;
const CIRCLE = [
  'processor 0 spins on TcpTcb held by processor 1',
  'processor 1 spins on TcpTable held by processor 0',
].join(', ');
const LEFT = 'processor 1 spins for ever on TcpTable held by processor 0, '
  + 'which left without releasing it';

let modules: SmpModules;

beforeAll(async () => {
  modules = await compileSmp();
});

async function run(
  build: typeof BUILDS[number], program: SmpOptions['program'], rounds: number,
): Promise<SmpOutcome> {
  const processors = PROCESSORS;
  return runProcessors({ module: modules[build], processors, program, rounds, now: () => 0 });
}

describe.each(BUILDS)('smp: a spin lock of a build that is %s', (build) => {
  it.each(['counter', 'dpcs'] as const)('keeps a count that is not atomic: %s', async (program) => {
    const { count, findings, hangs } = await run(build, program, ROUNDS);
    expect(count).toBe(PROCESSORS * ROUNDS);
    expect([findings, hangs]).toEqual([[], []]);
  });

  it('names who waits for whom, and for who has left', async () => {
    const circle = await run(build, 'circle', MOST_ROUNDS);
    expect(circle.hangs.map(({ sentence }) => sentence)).toEqual([CIRCLE]);
    const leak = await run(build, 'leak', ROUNDS);
    expect(leak.hangs.map(({ sentence }) => sentence)).toEqual([LEFT]);
  });
});

describe('smp: the verifier', () => {
  it('says of two orders which it is, before they meet or when', async () => {
    expect((await run('checked', 'circle', MOST_ROUNDS)).findings).toEqual(['LOCK_ORDER']);
  });
});
