/** The four questions that every test ends with: IRQL, locks, IRPs, pool. */

import { expect } from 'vitest';
import type { Machine } from '../../host/machine/machine.js';

/** Fails unless the machine is at PASSIVE_LEVEL and nothing is held; then unloads its drivers. */
export function mustRest(machine: Machine): void {
  const { name, kernel } = machine;
  expect(machine.stopped, name).toBeUndefined();
  expect(machine.findings, name).toEqual([]);
  for (let processor = 0; processor < machine.settings.processors; processor++) {
    expect(machine.irql(processor), `${name}: IRQL of ${processor}`).toBe(0);
  }
  const owned = machine.locks().filter(({ owner }) => owner !== null);
  expect(owned, `${name}: locks with an owner`).toEqual([]);
  expect(machine.heldLocks(), `${name}: locks held`).toEqual([]);
  machine.stop();
  expect(machine.stopped, `${name}: halt`).toBeUndefined();
  expect(machine.findings, `${name}: halt`).toEqual([]);
  expect(kernel.raw.irpsInUse(), `${name}: IRPs`).toBe(0);
  expect(kernel.raw.runningTimers(), `${name}: timers`).toBe(0);
  const left = machine.poolTags().filter(({ allocations, frees }) => allocations !== frees);
  expect(left, `${name}: pool`).toEqual([]);
  expect(kernel.raw.poolBlocks(), `${name}: pool`).toBe(0);
}
