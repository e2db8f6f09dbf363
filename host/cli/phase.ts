/** One phase of `ntstack run`: a world under load for some wall time, and what it came to. */

import { writeSync } from 'node:fs';
import { CaptureWriter } from '../link/pcapngwrite.js';
import type { Load, LoadFigures } from '../load/load.js';
import type { World } from '../machine/world.js';
import { openArena } from './arena.js';
import type { PhaseTarget } from './arena.js';
import { conclude, locate } from './conclude.js';
import type { RunVerdict } from './conclude.js';
import type { RunPlan } from './plan.js';
import { reasonOf } from './plan.js';
import { WrongUse } from './wronguse.js';

/** What a phase came to; plain data. */
export interface PhaseReport {
  readonly target: PhaseTarget;
  /** Wall time under load. */
  readonly seconds: number;
  /** Virtual time under load. */
  readonly virtualSeconds: number;
  /** Frames that arrived, and their octets. */
  readonly frames: number;
  readonly octets: number;
  readonly figures: LoadFigures;
  readonly retransmissions: number;
  /** By reason: the drivers' own, and those of links and cards. */
  readonly drops: Readonly<Record<string, number>>;
  readonly findings: readonly RunVerdict[];
  /** Somebody pressed Ctrl-C. */
  readonly interrupted: boolean;
}

/** How a phase is watched, and ended. */
export interface PhaseControl {
  /** Virtual time after which it ends at the latest. */
  readonly mostVirtualNs: number;
  /** Somebody wants it to end now. */
  readonly interrupted: () => boolean;
  /** Told every now and then; the share is of the wall time. */
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

/**
 * Runs one phase.
 * @throws WrongUse where the capture cannot be written.
 */
export async function runPhase(
  plan: RunPlan, target: PhaseTarget, control: PhaseControl,
): Promise<PhaseReport> {
  const capture = target === 'free' ? openCapture(plan) : undefined;
  try {
    const arena = await openArena(plan, target, capture?.writer);
    const { world, load } = arena;
    try {
      const times = await keepBusy(world, load, plan, control);
      const measured = measure(world, load);
      const stopNs = world.clock.now;
      const { interrupted } = control;
      let findings: readonly RunVerdict[] = await conclude(arena);
      if (target === 'checked') findings = await locate(plan, findings, stopNs, interrupted);
      return { target, ...times, ...measured, findings, interrupted: interrupted() };
    } finally {
      world.stop();
    }
  } finally {
    capture?.writer.flush();
    capture?.mustHaveWritten();
  }
}

/** Moves time in slices, until the wall time has passed or somebody wants it to end. */
async function keepBusy(
  world: World, load: Load, plan: RunPlan, control: PhaseControl,
): Promise<{ seconds: number; virtualSeconds: number }> {
  const began = performance.now();
  const beganNs = world.clock.now;
  const wallMs = plan.seconds * 1000;
  let sliceNs = 100_000;
  let elapsedMs = 0;
  for (;;) {
    const elapsedNs = world.clock.now - beganNs;
    const { frames, octets } = world.link.stats;
    control.progress({
      share: Math.min(1, elapsedMs / wallMs),
      seconds: elapsedMs / 1000,
      frames,
      octets,
      opened: load.figures.opened,
      virtualSeconds: elapsedNs / SECOND_NS,
    });
    await new Promise((resume) => setImmediate(resume));
    const leftNs = control.mostVirtualNs - elapsedNs;
    if (elapsedMs >= wallMs || leftNs <= 0 || control.interrupted()) break;
    if (world.machines.some((machine) => machine.stopped !== undefined)) break;
    const startMs = performance.now();
    await world.run(Math.max(1, Math.min(Math.round(sliceNs), leftNs)));
    const now = performance.now();
    elapsedMs = now - began;
    const wantedMs = Math.max(1, Math.min(SLICE_MS, wallMs - elapsedMs));
    const factor = Math.min(2, wantedMs / Math.max(0.01, now - startMs));
    sliceNs = Math.max(SHORTEST_SLICE_NS, Math.min(LONGEST_SLICE_NS, sliceNs * factor));
  }
  return { seconds: elapsedMs / 1000, virtualSeconds: (world.clock.now - beganNs) / SECOND_NS };
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

interface Capture {
  readonly writer: CaptureWriter;
  /** @throws WrongUse where the file took not all of it. */
  mustHaveWritten(): void;
}

function openCapture(plan: RunPlan): Capture | undefined {
  const { pcap } = plan;
  if (pcap === undefined) return undefined;
  let failure: unknown;
  const writer = new CaptureWriter((octets) => {
    if (failure !== undefined) return;
    try {
      for (let at = 0; at < octets.length;) at += writeSync(pcap.file, octets, at);
    } catch (thrown) {
      failure = thrown;
    }
  });
  return {
    writer,
    mustHaveWritten() {
      if (failure === undefined) return;
      throw new WrongUse(`option --pcap: ${pcap.path} cannot be written: ${reasonOf(failure)}`);
    },
  };
}
