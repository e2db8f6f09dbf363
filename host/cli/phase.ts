/** One phase of `ntstack run`: a world under load for some wall time, and what it came to. */

import type { Load, LoadFigures } from '../load/load.js';
import type { World } from '../machine/world.js';
import type { Verdict } from '../watch/verdict.js';
import { openArena } from './arena.js';
import type { PhaseTarget } from './arena.js';
import { startCapture } from './capture.js';
import { conclude, locate } from './conclude.js';
import type { RunPlan } from './plan.js';

/** A time on the wall, and what arrived in it. */
export interface Span {
  readonly seconds: number;
  readonly frames: number;
  readonly octets: number;
}

/** What a phase came to; plain data. */
export interface PhaseReport {
  readonly target: PhaseTarget;
  /** Wall time under load. */
  readonly seconds: number;
  /** Virtual time under load. */
  readonly virtualSeconds: number;
  /** Somebody ended it before its time: what it would have shown later is not known. */
  readonly cut: boolean;
  /** Frames that arrived, and their octets. */
  readonly frames: number;
  readonly octets: number;
  /**
   * What of them is left out where wall time is measured: the beginning, in which the engine still
   * compiles what it runs. Machines have booted before.
   */
  readonly warmUp: Span;
  readonly figures: LoadFigures;
  readonly retransmissions: number;
  /** By reason: the drivers' own, and those of links and cards. */
  readonly drops: Readonly<Record<string, number>>;
  readonly findings: readonly Verdict[];
  /** Requests without an end when the phase was over: nothing is known of them. */
  readonly unjudged: number;
  /** Virtual time that what was under way had for its end. */
  readonly settledSeconds: number;
}

/** What a run came to. */
export interface RunReport {
  /** `free`, then `checked` if nobody pressed Ctrl-C before. */
  readonly phases: readonly PhaseReport[];
  /** Somebody pressed Ctrl-C, or sent SIGTERM. */
  readonly interrupted: boolean;
}

/** How a phase is watched, and ended. */
export interface PhaseControl {
  /** Virtual time after which it ends at the latest. */
  readonly mostVirtualNs: number;
  /** Wall time after which it ends at the latest. */
  readonly mostSeconds: number;
  /** Somebody wants it to end now. */
  readonly interrupted: () => boolean;
  /** Told every now and then; the share is of the wall or the virtual time, the larger one. */
  readonly progress: (report: {
    readonly share: number;
    readonly seconds: number;
    readonly frames: number;
    readonly octets: number;
    readonly opened: number;
    readonly virtualSeconds: number;
  }) => void;
}

const SECOND_NS = 1e9;
/** Wall time between two looks at the clock, at what is to be shown, and at Ctrl-C. */
const SLICE_MS = 25;
const LONGEST_SLICE_NS = SECOND_NS;
const SHORTEST_SLICE_NS = 1000;
/** The warm-up is this share of the wall time, at most so long. */
const WARM_SHARE = 0.1;
const MOST_WARM_MS = 1000;

/**
 * Runs one phase.
 * @throws WrongUse where the capture cannot be written.
 */
export async function runPhase(
  plan: RunPlan, target: PhaseTarget, control: PhaseControl,
): Promise<PhaseReport> {
  const { pcap } = plan;
  const capture = target === 'free' && pcap !== undefined ? startCapture(pcap) : undefined;
  try {
    const arena = await openArena(plan, target, capture?.writer);
    const { world, load } = arena;
    try {
      const times = await keepBusy(world, load, plan, control);
      const measured = measure(world, load);
      const { interrupted } = control;
      const conclusion = await conclude(arena, interrupted);
      const findings = target === 'checked'
        ? await locate(plan, conclusion, interrupted)
        : conclusion.verdicts;
      const { unjudged, stopNs, abandonNs } = conclusion;
      const settledSeconds = (abandonNs - stopNs) / SECOND_NS;
      return { target, ...times, ...measured, findings, unjudged, settledSeconds };
    } finally {
      world.stop();
    }
  } finally {
    capture?.end();
  }
}

/** Moves time in slices, until the wall time has passed or somebody wants it to end. */
async function keepBusy(
  world: World, load: Load, plan: RunPlan, control: PhaseControl,
): Promise<{ seconds: number; virtualSeconds: number; cut: boolean; warmUp: Span }> {
  const began = performance.now();
  const beganNs = world.clock.now;
  const wallMs = control.mostSeconds * 1000;
  const warmMs = Math.min(MOST_WARM_MS, plan.seconds * 1000 * WARM_SHARE);
  const start = spanOf(world, 0);
  let warmUp = start;
  let sliceNs = 100_000;
  let elapsedMs = 0;
  let cut = false;
  for (;;) {
    const elapsedNs = world.clock.now - beganNs;
    const { frames, octets } = world.link.stats;
    control.progress({
      share: Math.min(1, Math.max(elapsedMs / wallMs, elapsedNs / control.mostVirtualNs)),
      seconds: elapsedMs / 1000,
      frames,
      octets,
      opened: load.figures.opened,
      virtualSeconds: elapsedNs / SECOND_NS,
    });
    await new Promise((resume) => setImmediate(resume));
    const leftNs = control.mostVirtualNs - elapsedNs;
    if (elapsedMs >= wallMs || leftNs <= 0) break;
    cut = control.interrupted();
    if (cut) break;
    if (world.machines.some((machine) => machine.stopped !== undefined)) break;
    const startMs = performance.now();
    await world.run(Math.max(1, Math.min(Math.round(sliceNs), leftNs)));
    const now = performance.now();
    elapsedMs = now - began;
    if (warmUp === start && elapsedMs >= warmMs) warmUp = spanOf(world, elapsedMs);
    const wantedMs = Math.max(1, Math.min(SLICE_MS, wallMs - elapsedMs));
    const factor = Math.min(2, wantedMs / Math.max(0.01, now - startMs));
    sliceNs = Math.max(SHORTEST_SLICE_NS, Math.min(LONGEST_SLICE_NS, sliceNs * factor));
  }
  const virtualSeconds = (world.clock.now - beganNs) / SECOND_NS;
  // A phase that was over with its warm-up is measured with it, or there were no figures.
  if (warmUp.frames === world.link.stats.frames) warmUp = start;
  return { seconds: elapsedMs / 1000, virtualSeconds, cut, warmUp };
}

function spanOf(world: World, elapsedMs: number): Span {
  const { frames, octets } = world.link.stats;
  return { seconds: elapsedMs / 1000, frames, octets };
}

function measure(world: World, load: Load) {
  const { frames, octets, dropped } = world.link.stats;
  const drops: Record<string, number> = {};
  const add = (reason: string, count: number): void => {
    if (count > 0) drops[reason] = (drops[reason] ?? 0) + count;
  };
  let retransmissions = 0;
  for (const machine of world.machines) {
    for (const [reason, count] of Object.entries(machine.drops())) add(reason, count);
    add('CARD_RING', machine.card.stats.droppedIn.ring);
    retransmissions += machine.counters()['TCP_RETRANS_SEGS'] ?? 0;
  }
  for (const [reason, count] of Object.entries(dropped)) add(`LINK_${reason.toUpperCase()}`, count);
  return { frames, octets, figures: { ...load.figures }, retransmissions, drops };
}
