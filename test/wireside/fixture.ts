/** `it` with a machine for each test; after each, what it must have left: nothing. */

import { test } from 'vitest';
import { Machine } from './machine.js';
import type { MachineOptions } from './machine.js';
import { User } from './user.js';

/** One machine and its user mode. */
export interface Bench {
  readonly machine: Machine;
  readonly user: User;
}

/** A test with a function that makes machines; each is asked the four questions afterwards. */
export const it = test.extend<{ bench: (options?: MachineOptions) => Bench }>({
  bench: async ({ task: _task }, use) => {
    const benches: Bench[] = [];
    await use((options) => {
      const machine = new Machine(options);
      const bench = { machine, user: new User(machine) };
      benches.push(bench);
      return bench;
    });
    const wrong = benches.flatMap(({ machine, user }) => {
      if (machine.trapped !== undefined) return [`a call ended with ${String(machine.trapped)}`];
      return settled(machine, user);
    });
    if (wrong.length > 0) throw new Error(`after the test:\n${wrong.join('\n')}`);
  },
});

/** Longer than any timer of a connection that nobody answers takes to give up. */
const SILENCE_MS = 3 * 3600 * 1000;

/**
 * Closes all sockets, lets nobody answer until every timer has given up, halts, and says what is
 * left: IRQL above PASSIVE, a lock, an IRP, a timer, a connection, a block of pool, a finding.
 */
export function settled(machine: Machine, user: User): string[] {
  const wrong: string[] = [];
  const mustBeZero = (what: string, value: number): void => {
    if (value !== 0) wrong.push(`${what}: ${value}`);
  };
  const { raw } = machine;
  user.leave();
  machine.stations.clear();
  machine.advance(SILENCE_MS);
  machine.take();
  mustBeZero('IRQL of processor 0', raw.irqlOf(0));
  mustBeZero('locks held', machine.words(raw.heldStacks(), 1)[0] ?? 0);
  mustBeZero('IRPs after close', raw.irpsInUse());
  mustBeZero('connections after close', raw.tableCount());
  mustBeZero('timers that still run', raw.runningTimers());
  mustBeZero('work items that wait', raw.waitingWork());
  machine.call(() => raw.halt());
  mustBeZero('IRPs after halt', raw.irpsInUse());
  mustBeZero('timers after halt', raw.runningTimers());
  mustBeZero('pool blocks after halt', raw.poolBlocks());
  if (raw.poolBlocks() !== 0) wrong.push(...leakedTags(machine));
  for (const { rule, words, stack } of machine.findings.slice(0, 3)) {
    wrong.push(`finding ${rule} ${words.map((word) => word.toString(16)).join(' ')}\n${stack}`);
  }
  return wrong;
}

/** Each tag that has more allocations than frees. */
function leakedTags(machine: Machine): string[] {
  const words = machine.words(machine.raw.poolTags(), 64 * 4);
  const leaked: string[] = [];
  for (let slot = 0; slot < 64; slot++) {
    const [tag = 0, allocations = 0, frees = 0, octets = 0] = words.subarray(slot * 4);
    const name = String.fromCharCode(...[0, 8, 16, 24].map((shift) => (tag >>> shift) & 255));
    if (allocations !== frees) leaked.push(`  ${name}: ${allocations - frees}, ${octets} octets`);
  }
  return leaked;
}
