/** One phase of `ntstack run`: a world under load for some wall time, and what is to be said of it. */

import { writeSync } from 'node:fs';
import { CaptureWriter } from '../link/pcapngwrite.js';
import { introduce } from '../load/load.js';
import type { Load, LoadContext, LoadFigures } from '../load/load.js';
import { createMix } from '../load/mix.js';
import { findRelease } from '../machine/release.js';
import type { World } from '../machine/world.js';
import { createWorld } from '../user/create.js';
import type { WorldMachineOptions } from '../user/create.js';
import { judge } from '../watch/judge.js';
import { observe } from '../watch/observe.js';
import { loadSourceMap } from '../watch/sourcemap.js';
import type { SourceMap } from '../watch/sourcemap.js';
import { sortVerdicts } from '../watch/verdict.js';
import type { Verdict } from '../watch/verdict.js';
import type { RunPlan } from './plan.js';
import { reasonOf } from './plan.js';
import { WrongUse } from './wronguse.js';

/** The targets of the two phases. */
export type PhaseTarget = 'free' | 'checked';

/** What a load complains of: what arrived is not what was sent. */
export type LoadVerdict = Omit<Verdict, 'kind'> & { readonly kind: 'data' };

/** What a detector found, or a load. */
export type RunVerdict = Verdict | LoadVerdict;

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

const CLIENTS = 3;
const SERVER = '10.0.0.1/24';
const GATEWAY = '10.0.0.254';
const SPARE = { first: 0x0a00_00c8, last: 0x0a00_00fa };
const SECOND_NS = 1e9;
/** Wall time between two looks at the clock, at what is to be shown, and at Ctrl-C. */
const SLICE_MS = 25;
const LONGEST_SLICE_NS = SECOND_NS;
const SHORTEST_SLICE_NS = 1000;
/** Virtual time for what is under way to end, then for what was abandoned to be gone. */
const END_NS = 5 * SECOND_NS;
const GONE_NS = SECOND_NS;
/** Wall time for it: a world that is lost is not waited for. */
const END_MS = 2000;

/**
 * Runs one phase.
 * @throws WrongUse where the capture cannot be written.
 */
export async function runPhase(
  plan: RunPlan, target: PhaseTarget, control: PhaseControl,
): Promise<PhaseReport> {
  const capture = target === 'free' ? openCapture(plan) : undefined;
  const withFaults = target === 'checked' && findRelease(plan.release).faults.length > 0;
  const world = await createWorld({
    seed: plan.seed,
    target,
    release: plan.release,
    parameters: plan.parameters,
    link: plan.link,
    machines: machinesOf(withFaults),
    digest: false,
    ...(capture === undefined ? {} : { pcap: capture.writer }),
  });
  const load = createMix(plan.weights, plan.conversations);
  const context: LoadContext = {
    server: world.machine('server'),
    clients: world.machines.slice(1),
    spare: SPARE,
  };
  try {
    await introduce(world, context);
    load.start(world, context);
    const times = await keepBusy(world, load, plan, control);
    const measured = measure(world, load);
    const map = withFaults ? await loadSourceMap(target) : undefined;
    const findings = await conclude(world, load, map);
    const interrupted = control.interrupted();
    return { target, ...times, ...measured, findings, interrupted };
  } finally {
    world.stop();
    capture?.writer.flush();
    capture?.mustHaveWritten();
  }
}

function machinesOf(withFaults: boolean): WorldMachineOptions[] {
  const own: Partial<WorldMachineOptions> = withFaults
    ? { faults: 'release', captureSites: true }
    : {};
  const clients = Array.from({ length: CLIENTS }, (_, i) => {
    return { name: `client${i + 1}`, address: `10.0.0.${11 + i}/24`, ...own };
  });
  return [{ name: 'server', address: SERVER, gateway: GATEWAY, ...own }, ...clients];
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
      share: Math.min(1, elapsedMs / wallMs, 1),
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

/** Ends the load, then the machines, and asks the detectors before each and after. */
async function conclude(
  world: World, load: Load, map: SourceMap | undefined,
): Promise<RunVerdict[]> {
  const found = new Map<string, RunVerdict>();
  const look = (quiet: boolean): void => {
    for (const machine of world.machines) {
      for (const verdict of judge(observe(machine, map), { quiet })) add(found, verdict);
    }
  };
  look(false);
  load.stop();
  await runSome(world, END_NS, () => load.open === 0);
  load.abandon();
  await runSome(world, GONE_NS, () => false);
  look(true);
  world.stop();
  look(false);
  const sorted: RunVerdict[] = sortVerdicts([...found.values()] as Verdict[]);
  for (const sentence of load.figures.complaints) {
    const sinceUs = Math.floor(world.clock.now / 1000);
    sorted.push({ kind: 'data', machine: 'load', sentence, sinceUs, words: [] });
  }
  return sorted;
}

/** The same defect at another moment is no other defect. */
function add(found: Map<string, RunVerdict>, verdict: RunVerdict): void {
  const { machine, kind, rule, lock, holder } = verdict;
  const tag = kind === 'pool leaked' ? verdict.sentence : '';
  const key = [machine, kind, rule, lock?.name, holder, tag].join(' ');
  if (!found.has(key)) found.set(key, verdict);
}

async function runSome(world: World, mostNs: number, isDone: () => boolean): Promise<void> {
  const began = performance.now();
  const endNs = world.clock.now + mostNs;
  const stepNs = mostNs / 1000;
  while (world.clock.now < endNs && !isDone() && performance.now() - began < END_MS) {
    await world.runUntil(isDone, stepNs);
  }
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
