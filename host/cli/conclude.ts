/** The end of a phase: the load stops, then the machines, and the detectors say what they see. */

import { isLost } from '../load/load.js';
import type { Machine } from '../machine/machine.js';
import type { Finding } from '../machine/witness.js';
import type { World } from '../machine/world.js';
import { judge } from '../watch/judge.js';
import { LOCK_LEAK_RULE } from '../watch/lockleak.js';
import { observe } from '../watch/observe.js';
import { findAcquirer, loadSourceMap, resolveStack } from '../watch/sourcemap.js';
import type { Site } from '../watch/sourcemap.js';
import { sortVerdicts } from '../watch/verdict.js';
import type { Verdict } from '../watch/verdict.js';
import { openArena } from './arena.js';
import type { Arena } from './arena.js';
import type { RunPlan } from './plan.js';

/** What a load complains of: what arrived is not what was sent. */
export type LoadVerdict = Omit<Verdict, 'kind'> & { readonly kind: 'data' };

/** What a detector found, or a load. */
export type RunVerdict = Verdict | LoadVerdict;

const SECOND_NS = 1e9;
/** Virtual time for what is under way to end. */
const END_NS = 5 * SECOND_NS;
/** And for the last segments of what was closed: longer than they are sent again and again. */
const GONE_NS = 600 * SECOND_NS;
/** Wall time for each: a world that is lost is not waited for. */
const END_MS = 2000;
/** The moment of a defect, and what is around it. */
const AROUND_NS = SECOND_NS / 50;
const SLICE_NS = SECOND_NS / 100;

/** Ends the load and the machines; gives what is wrong, causes before what follows from them. */
export async function conclude({ world, load }: Arena): Promise<RunVerdict[]> {
  const found = new Map<string, Verdict>();
  look(world, found, false);
  load.stop();
  await runSome(world, END_NS, () => load.open === 0);
  load.abandon();
  const quiet = await runSome(world, GONE_NS, () => isQuiet(world));
  look(world, found, quiet);
  world.stop();
  look(world, found, false);
  const sinceUs = Math.floor(world.clock.now / 1000);
  return [
    ...sortVerdicts([...found.values()]),
    ...load.figures.complaints.map((sentence): LoadVerdict => {
      return { kind: 'data', machine: 'load', sentence, sinceUs, words: [] };
    }),
  ];
}

/**
 * Finds where locks of verdicts were acquired: plays the same world again, and keeps the stacks
 * of acquires only around the moment of each defect, because that is slow.
 * @param stopNs when the load was stopped
 */
export async function locate(
  plan: RunPlan,
  verdicts: readonly RunVerdict[],
  stopNs: number,
  interrupted: () => boolean,
): Promise<readonly RunVerdict[]> {
  const lacking = verdicts
    .filter((verdict) => verdict.kind === 'lock leaked' && verdict.site === undefined)
    .toSorted((one, other) => one.sinceUs - other.sinceUs);
  if (lacking.length === 0) return verdicts;
  const arena = await openArena(plan, 'checked');
  const sites = new Map<string, Site>();
  try {
    for (const { machine, sinceUs } of lacking) {
      const atNs = sinceUs * 1000;
      await runTo(arena, atNs - AROUND_NS, stopNs, interrupted);
      if (interrupted()) return verdicts;
      await seeLeaks(arena.world, atNs + AROUND_NS, machine, sites);
    }
  } finally {
    arena.load.abandon();
    arena.world.stop();
  }
  return verdicts.map((verdict) => {
    const site = sites.get(`${verdict.machine} ${verdict.lock?.address}`);
    if (verdict.kind !== 'lock leaked' || site === undefined) return verdict;
    return { ...verdict, site };
  });
}

/**
 * Runs on, keeping stacks, until a machine's lock has leaked, and takes down where each was
 * acquired: later acquires of the same lock would take the place of the one that matters.
 */
async function seeLeaks(
  world: World, toNs: number, wanted: string, sites: Map<string, Site>,
): Promise<void> {
  const map = await loadSourceMap('checked');
  const unseen = new Set(world.machines.filter((machine) => leaksOf(machine).length === 0));
  const isDone = (): boolean => [...unseen].some((machine) => leaksOf(machine).length > 0);
  for (const { kernel } of world.machines) kernel.raw.wantSites(1);
  while (world.clock.now < toNs && (await world.runUntil(isDone, toNs - world.clock.now))) {
    for (const machine of unseen) {
      for (const { words: [lock = 0, , sequence = 0] } of leaksOf(machine)) {
        unseen.delete(machine);
        const stack = machine.siteOf(lock, sequence);
        const site = stack === undefined ? stack : findAcquirer(resolveStack(map, stack));
        if (site !== undefined) sites.set(`${machine.name} ${lock}`, site);
      }
    }
    if (leaksOf(world.machine(wanted)).length > 0) break;
  }
  for (const { kernel } of world.machines) kernel.raw.wantSites(0);
}

function leaksOf(machine: Machine): Finding[] {
  return machine.findings.filter(({ rule }) => rule === LOCK_LEAK_RULE);
}

/** Runs to a moment, and stops the load on the way if that is when it was. */
async function runTo(
  { world, load }: Arena, toNs: number, stopNs: number, interrupted: () => boolean,
): Promise<void> {
  while (world.clock.now < toNs && !interrupted()) {
    const { now } = world.clock;
    if (now === stopNs) load.stop();
    const next = now < stopNs ? Math.min(toNs, stopNs) : toNs;
    await world.run(Math.min(next - now, SLICE_NS));
    await new Promise((resume) => setImmediate(resume));
  }
}

function look(world: World, found: Map<string, Verdict>, quiet: boolean): void {
  for (const machine of world.machines) {
    // A machine that is lost could not close its sockets.
    const asked = !quiet || isLost(machine);
    for (const verdict of judge(observe(machine), { quiet: !asked })) add(found, verdict);
  }
}

/** The same defect at another moment is no other defect. */
function add(found: Map<string, Verdict>, verdict: Verdict): void {
  const key = keyOf(verdict);
  if (!found.has(key)) found.set(key, verdict);
}

function keyOf({ machine, kind, rule, lock, sentence }: RunVerdict): string {
  return [machine, kind, rule, lock?.name, kind === 'pool leaked' ? sentence : ''].join(' ');
}

/** No machine that runs has a request under way. */
function isQuiet(world: World): boolean {
  return world.machines.every((machine) => {
    return !machine.running || machine.kernel.raw.irpsInUse() === 0;
  });
}

/** Runs until something is so, at most so long; true where it came, or the virtual time passed. */
async function runSome(world: World, mostNs: number, isDone: () => boolean): Promise<boolean> {
  const began = performance.now();
  const endNs = world.clock.now + mostNs;
  while (world.clock.now < endNs && !isDone()) {
    if (performance.now() - began > END_MS) return false;
    await world.runUntil(isDone, SLICE_NS);
  }
  return true;
}
