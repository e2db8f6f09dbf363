/**
 * The stack against itself: connect, accept, data, close, abort, ticks and interrupts of a load,
 * beside one another on two and three processors; thousands of schedules. `ntstack explore self`
 * runs as many as one likes.
 */

import { describe, expect, it } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import { prepareKernel, recordKernel } from '../../host/explore/kernelscenario.js';
import type { Prepared } from '../../host/explore/program.js';
import { prepareWindow } from '../../host/explore/window.js';
import type { KernelExports } from '../../host/kernel/exports.js';
import { loadModule } from '../../host/kernel/load.js';

const LIMIT = { timeout: 120_000 };

/** What was found in all windows: a line for each. */
function findingsOf(windows: readonly Prepared[], schedules: number): string[] {
  return windows.flatMap((window) => {
    const { findings } = explore(window, { schedules });
    return findings.map(({ status, sentence, line }) => `${status}: ${sentence} ${line}`);
  });
}

function routinesOf(windows: readonly Prepared[]): string[] {
  return [...new Set(windows.flatMap(({ scenario }) =>
    scenario.actors.map(({ name }) => name.split(' ')[0] ?? '')))];
}

describe('the stack under many schedules', LIMIT, () => {
  for (const [processors, calls, points] of [
    [2, 5, 'interlocked'], [3, 7, 'interlocked'], [3, 6, 'locks'],
  ] as const) {
    it(`has no finding on ${processors} processors, ${calls} calls, ${points}`, async () => {
      const windows = await prepareKernel('self', {
        processors, calls, points, windows: 12, halt: true,
      });
      expect(windows).toHaveLength(12);
      expect(findingsOf(windows, 100)).toEqual([]);
    });
  }

  for (const [scene, processors, calls, points] of [
    ['netbios', 2, 5, 'interlocked'], ['netbios', 3, 7, 'interlocked'], ['netbios', 2, 6, 'locks'],
    ['afd', 2, 5, 'interlocked'], ['afd', 3, 7, 'interlocked'], ['afd', 2, 6, 'locks'],
  ] as const) {
    it(`${scene}: has none on ${processors} processors, ${calls} calls, ${points}`, async () => {
      const windows = await prepareKernel(scene, {
        processors, calls, points, windows: 12, halt: true,
      });
      expect(windows).toHaveLength(12);
      expect(findingsOf(windows, 40)).toEqual([]);
    });
  }

  it('has windows of afd in which everything happens', async () => {
    const windows = await prepareKernel('afd', { windows: 24, calls: 6 });
    expect(routinesOf(windows)).toEqual(expect.arrayContaining([
      'onInterrupt', 'onTick', 'runThreads', 'socketSelect', 'socketReadSelect', 'socketLinger',
      'socketPoll', 'socketAccept', 'socketConnect', 'socketClose',
    ]));
  });

  it('has windows of NetBT in which everything happens', async () => {
    const windows = await prepareKernel('netbios', { windows: 18, calls: 6 });
    expect(routinesOf(windows)).toEqual(expect.arrayContaining([
      'onInterrupt', 'onTick', 'runThreads', 'socketBindName', 'socketListen', 'socketConnectName',
      'socketAccept', 'socketSend', 'socketReceive', 'socketClose',
    ]));
  });

  it('has windows in which everything happens', async () => {
    const windows = await prepareKernel('self', { windows: 16, calls: 6 });
    expect(routinesOf(windows)).toEqual(expect.arrayContaining([
      'onInterrupt', 'onTick', 'runThreads', 'socketConnect', 'socketAccept', 'socketSend',
      'socketReceive', 'socketClose',
    ]));
  });
});

/** Allocations of a window that fail, one in each exploration. */
const FAILING = 8;

describe('the stack without memory, under schedules', LIMIT, () => {
  it.each(['self', 'afd', 'netbios'])('has none, whichever allocation fails: %s', async (name) => {
    const module = await loadModule('explore');
    const found: string[] = [];
    let failures = 0;
    for (const window of await recordKernel(name, { processors: 2, calls: 5, windows: 8 })) {
      for (let failing = 1; failing <= FAILING; failing++) {
        const prepared = prepareWindow(module, window, {
          name, processors: 2, points: 'interlocked', halt: true, failing,
        });
        found.push(...findingsOf([prepared], 5).map((line) => `${failing} fails: ${line}`));
        const { poolFailures } = prepared.engine.module.raw as unknown as KernelExports;
        failures += poolFailures();
      }
    }
    expect(found).toEqual([]);
    expect(failures).toBeGreaterThan(FAILING);
  });
});

describe('an article in the explorer', LIMIT, () => {
  it('finds the lock that Q297040 leaks in the first schedule', async () => {
    const windows = await prepareKernel('q297040', { processors: 1, calls: 4 });
    const found = windows.flatMap((window) => explore(window, { schedules: 1 }).findings);
    const leak = found.find(({ rule }) => rule === 'LOCK_LEAKED');
    expect(leak).toMatchObject({ status: 'confirmed', schedule: 1 });
  });

  it('finds nothing in the release that was mended', async () => {
    const windows = await prepareKernel('q297040', { processors: 1, calls: 4, healthy: true });
    expect(findingsOf(windows, 20)).toEqual([]);
  });
});
