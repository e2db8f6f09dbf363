/** `it` with machines on a wire of the test's own, each of them at rest at the end. */

import { expect } from 'vitest';
import { test } from '../../host/vitest.js';
import { observe } from '../../host/watch/observe.js';
import { Machine } from './machine.js';
import type { MachineOptions } from './machine.js';
import { User } from './user.js';

/** Who is asked where nothing is said, and what a user would choose today. */
export const BOTH = ['nt40sp6a', 'modern'] as const;

/** One machine and its user mode. */
export interface Bench {
  readonly machine: Machine;
  readonly user: User;
}

/** A test with a function that makes machines; each is asked the four questions afterwards. */
export const it = test.extend<{ bench: (options?: MachineOptions) => Bench }>({
  bench: async ({ watch, onTestFailed }, use) => {
    const stacks: (readonly string[])[] = [];
    onTestFailed(() => {
      for (const stack of stacks.flatMap((each) => each.slice(0, 3))) {
        process.stderr.write(`${stack}\n`);
      }
    });
    await use((options) => {
      const machine = new Machine(options);
      const bench = { machine, user: new User(machine) };
      const { origin, kernel } = machine;
      stacks.push(kernel.stacks);
      watch({
        origin,
        rest: () => settle(bench),
        observe: () => [observe(machine)],
        stop: () => machine.stop(),
      }, { quiet: true });
      return bench;
    });
  },
});

/** Longer than any timer of a connection that nobody answers takes to give up. */
const SILENCE_MS = 3 * 3600 * 1000;

/**
 * Closes all sockets and lets nobody answer until every timer has given up: then no connection is
 * left, nothing runs and nothing waits. What else must hold is asked afterwards.
 */
function settle({ machine, user }: Bench): void {
  const { raw, stopped, halted } = machine;
  if (stopped !== undefined || halted) return;
  user.leave();
  machine.stations.clear();
  machine.advance(SILENCE_MS);
  machine.take();
  expect(raw.tableCount(), 'connections after close').toBe(0);
  expect(raw.runningTimers(), 'timers that still run').toBe(0);
  expect(raw.waitingWork(), 'work items that wait').toBe(0);
}
