/** The end of a phase: the load stops, then the machines, and the detectors say what they see. */

import { setImmediate as turn } from 'node:timers/promises';
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

/** How a phase ended. */
export interface Conclusion {
  /** What is wrong, causes before what follows from them. */
  readonly verdicts: readonly Verdict[];
  /** Requests without an end when the time for it was over: nothing is known of them. */
  readonly unjudged: number;
  /** When the load was stopped, and when what was then still open was closed. */
  readonly stopNs: number;
  readonly abandonNs: number;
}

const SECOND_NS = 1e9;
/** Virtual time for what is under way to end: `modern` gives a connect up after 127 s, NT at 45. */
const END_NS = 150 * SECOND_NS;
/** And for the last segments of what was closed: longer than they are sent again and again. */
const GONE_NS = 600 * SECOND_NS;
/**
 * Wall time for each: a world that is lost is not waited for. It is more than any machine needs for
 * the virtual time, so that what is found does not depend on the machine; less after Ctrl-C.
 */
const END_MS = 60_000;
const INTERRUPTED_MS = 3000;
/** The moment of a defect, and what is around it. */
const AROUND_NS = SECOND_NS / 50;
const SLICE_NS = SECOND_NS / 100;

/** Ends the load and the machines. What is under way may end first: a defect may be in its end. */
export async function conclude(
  { world, load }: Arena, interrupted: () => boolean = () => false,
): Promise<Conclusion> {
  const found = new Map<string, Verdict>();
  const stopNs = world.clock.now;
  look(world, found, false);
  load.stop();
  await runSome(world, END_NS, () => load.open === 0, interrupted);
  look(world, found, false);
  // What a lost machine has open stays so, which is told as a hang.
  const open = world.machines.some(isLost) ? 0 : load.open;
  const abandonNs = world.clock.now;
  load.abandon();
  const quiet = await runSome(world, GONE_NS, () => isQuiet(world), interrupted);
  const unjudged = Math.max(open, quiet ? 0 : requestsOf(world));
  look(world, found, quiet);
  world.stop();
  look(world, found, false);
  const sinceUs = Math.floor(world.clock.now / 1000);
  const complaints = load.figures.complaints.map((sentence): Verdict => {
    return { kind: 'data', machine: 'load', sentence, sinceUs, words: [] };
  });
  const verdicts = [...sortVerdicts([...found.values()]), ...complaints];
  return { verdicts, unjudged, stopNs, abandonNs };
}

/**
 * Finds where locks of verdicts were acquired: plays the same world again, and keeps the stacks
 * of acquires only around the moment of each defect, because that is slow.
 */
export async function locate(
  plan: RunPlan, conclusion: Conclusion, interrupted: () => boolean,
): Promise<readonly Verdict[]> {
  const { verdicts } = conclusion;
  const lacking = verdicts
    .filter((verdict) => verdict.kind === 'lock leaked' && verdict.site === undefined)
    .toSorted((one, other) => one.sinceUs - other.sinceUs);
  if (lacking.length === 0) return verdicts;
  const arena = await openArena(plan, 'checked');
  const sites = new Map<string, Site>();
  try {
    for (const { machine, sinceUs } of lacking) {
      const atNs = sinceUs * 1000;
      await runTo(arena, atNs - AROUND_NS, conclusion, interrupted);
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

/** Runs to a moment; the load is stopped on the way, and abandoned, where that was before it. */
async function runTo(
  { world, load }: Arena, toNs: number, conclusion: Conclusion, interrupted: () => boolean,
): Promise<void> {
  const { stopNs, abandonNs } = conclusion;
  while (world.clock.now < toNs && !interrupted()) {
    const { now } = world.clock;
    if (now === stopNs) load.stop();
    if (now === abandonNs) load.abandon();
    const next = [stopNs, abandonNs].find((each) => now < each && each < toNs) ?? toNs;
    await world.run(Math.min(next - now, SLICE_NS));
    await turn();
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

function keyOf({ machine, kind, rule, lock, sentence }: Verdict): string {
  return [machine, kind, rule, lock?.name, kind === 'pool leaked' ? sentence : ''].join(' ');
}

/** No machine that runs has a request under way. */
function isQuiet(world: World): boolean {
  return world.machines.every((machine) => {
    return !machine.running || machine.kernel.raw.irpsInUse() === 0;
  });
}

/** Requests under way on machines that can still end them. */
function requestsOf(world: World): number {
  const able = world.machines.filter((machine) => !isLost(machine));
  return able.reduce((sum, machine) => sum + machine.kernel.raw.irpsInUse(), 0);
}

/** Runs until something is so, at most so long; true where it came, or the virtual time passed. */
async function runSome(
  world: World, mostNs: number, isDone: () => boolean, interrupted: () => boolean,
): Promise<boolean> {
  const began = performance.now();
  const endNs = world.clock.now + mostNs;
  while (world.clock.now < endNs && !isDone()) {
    const mostMs = interrupted() ? INTERRUPTED_MS : END_MS;
    if (performance.now() - began > mostMs) return false;
    await world.runUntil(isDone, SLICE_NS);
    // Signals are heard only in a turn of the loop.
    await turn();
  }
  return true;
}
