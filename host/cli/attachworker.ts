/**
 * The worker of `ntstack attach`: a machine, the pump between its clock, the world's and the
 * helper's FIFOs. It waits in a read, so that a frame that comes costs one wake-up.
 */

import { createHash } from 'node:crypto';
import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { openLink } from '../link/open.js';
import type { OutsideEnd } from '../link/outside.js';
import { tapPcap } from '../link/pcap.js';
import { CaptureWriter } from '../link/pcapngwrite.js';
import type { Machine } from '../machine/machine.js';
import type { World } from '../machine/world.js';
import { createWorld } from '../user/create.js';
import type { Hash } from '../user/content.js';
import { serveHttp } from '../user/http.js';
import { httpGet, httpPut, parseHttpUrl } from '../user/httpclient.js';
import { serveIperf } from '../user/iperf.js';
import { NameServer } from '../user/nameserver.js';
import { serveSimple } from '../user/simpleservices.js';
import { askQuestions, subjectOf } from '../watch/question.js';
import type { AttachPlan, Errand } from './attachplan.js';
import type { AttachMessage, AttachReport, ErrandOutcome } from './attachreport.js';
import { Station } from './attachstation.js';
import { Pacer } from './pacer.js';
import { oneLine } from './wronguse.js';

/** What the worker is given. */
export interface WorkerPlan extends AttachPlan {
  /** The FIFOs. */
  readonly from: string;
  readonly to: string;
  /** Brings `AttachOrder`s; an empty frame is sent for each. */
  readonly orders: MessagePort;
  /** The file of the capture, open. */
  readonly pcap: number | undefined;
}

const READ_OCTETS = 262_144;
const SECOND_NS = 1e9;
const PING_TIMEOUT_MS = 4000;
const TURN_NS = 100_000;

const tell = (message: AttachMessage): void => parentPort?.postMessage(message, []);
const newHash = (): Hash => createHash('sha256');

/** The files of the FIFOs, and the end of the link that they carry. */
interface Pump {
  readonly reader: number;
  readonly writer: number;
  end: OutsideEnd;
  isOver: boolean;
}

async function attach(plan: WorkerPlan): Promise<void> {
  const pump = openPump(plan);
  const capture = plan.pcap === undefined ? undefined : captureInto(plan.pcap);
  const world = await openWorld(plan, pump, capture);
  const machine = world.machines[0] as Machine;
  const began = performance.now();
  try {
    await startServices(plan, machine);
    const station = startStation(plan, machine);
    const errands: ErrandOutcome[] = [];
    const running = runErrands(plan.errands, machine, errands);
    const isServing = plan.services.length > 0 || station !== undefined;
    const isForErrands = !isServing && plan.errands.length > 0;
    const isWanted = (): boolean => station?.isWanted() !== false
      && (!isForErrands || errands.length < plan.errands.length);
    tell({ kind: 'ready' });
    const dueNs = (): number => station?.dueNs ?? Infinity;
    const skippedSeconds = (await keepPace(world, pump, plan, isWanted, dueNs)) / SECOND_NS;
    if (errands.length === plan.errands.length) await running;
    const seconds = (performance.now() - began) / 1000;
    const unfinished = plan.errands.length - errands.length;
    const counted = { seconds, skippedSeconds, errands, unfinished, ...countersOf(world, machine) };
    const findings = await askQuestions(await subjectOf(world));
    tell({ kind: 'report', report: { ...counted, findings } });
  } finally {
    world.stop();
    capture?.flush();
    closeSync(pump.reader);
    closeSync(pump.writer);
  }
}

/**
 * Moves time along with the world's, until the helper has gone or nothing is wanted any more. How
 * many ns were skipped.
 */
async function keepPace(
  world: World, pump: Pump, plan: WorkerPlan, isWanted: () => boolean, dueNs: () => number,
): Promise<number> {
  const { clock } = world;
  const bootNs = clock.now;
  const lastNs = bootNs + plan.seconds * SECOND_NS;
  const buffer = new Uint8Array(READ_OCTETS);
  const pacer = new Pacer(() => performance.now() * 1e6);
  const machine = world.machines[0] as Machine;
  const catchUp = async (): Promise<void> => {
    await world.run(Math.max(0, bootNs + pacer.now() - clock.now));
  };
  while (isWanted() && clock.now < lastNs && machine.stopped === undefined) {
    await catchUp();
    if (!isWanted()) break;
    const waitNs = Math.min(clock.next() ?? Infinity, lastNs, dueNs()) - clock.now;
    if (waitNs !== Infinity) pump.end.wakeAfter(waitNs / 1000);
    pacer.expect(waitNs);
    pump.end.flush();
    const octets = pump.isOver ? 0 : readSync(pump.reader, buffer);
    if (octets === 0) break;
    await catchUp();
    pump.end.feed(buffer.subarray(0, octets));
    // What came is delivered at this instant.
    await world.run(0);
  }
  pump.end.flush();
  return pacer.skippedNs;
}

function openPump({ from, to }: WorkerPlan): Pump {
  const none = (): void => {};
  return {
    reader: openSync(from, constants.O_RDONLY),
    writer: openSync(to, constants.O_WRONLY),
    end: { feed: none, flush: none, wakeAfter: none },
    isOver: false,
  };
}

async function openWorld(
  plan: WorkerPlan, pump: Pump, capture: CaptureWriter | undefined,
): Promise<World> {
  const { machine, target, seed } = plan;
  return createWorld({
    seed, target, machines: [machine], digest: false,
    link: (clock, random) => openLink(plan.link, {
      clock, random,
      around: (link) => {
        if (capture === undefined) return link;
        return tapPcap(link, limited(capture, plan.pcapFrames), clock, ['outside', 'machine']);
      },
      openStream(_scheme, _path, end) {
        pump.end = end;
        return { write: (piece) => writeOut(pump, piece) };
      },
    }),
  });
}

/** Waits for room in the FIFO: the helper always makes some, or has gone. */
function writeOut(pump: Pump, piece: Uint8Array): void {
  try {
    for (let at = 0; at < piece.length && !pump.isOver;) at += writeSync(pump.writer, piece, at);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code !== 'EPIPE') throw thrown;
    pump.isOver = true;
  }
}

function captureInto(file: number): CaptureWriter {
  const epochNs = BigInt(Date.now()) * 1_000_000n;
  return new CaptureWriter((octets) => {
    for (let at = 0; at < octets.length;) at += writeSync(file, octets, at);
  }, { epochNs });
}

/** A writer that has enough after so many frames. */
function limited(writer: CaptureWriter, frames: number): CaptureWriter {
  if (frames === Infinity) return writer;
  const write = writer.write.bind(writer);
  writer.write = (...args) => {
    if (writer.frames < frames) write(...args);
  };
  return writer;
}

async function startServices({ services }: WorkerPlan, machine: Machine): Promise<void> {
  const { user } = machine;
  const yieldTurn = async (): Promise<void> => machine.sleep(TURN_NS);
  for (const { name, port } of services) {
    if (name === 'http') await serveHttp(user, { newHash, yieldTurn }, port);
    else if (name === 'iperf') await serveIperf(user, port);
    else if (name === 'wins') await NameServer.start(machine);
    else await serveSimple(user, name, port);
  }
}

/** Its names take time to register, and frames to come: nobody waits here. */
function startStation(
  { station: plan, orders }: WorkerPlan, machine: Machine,
): Station | undefined {
  if (plan === undefined) return undefined;
  const station = new Station(machine, plan, orders, (line, answer) => {
    tell({ kind: 'answer', line, answer });
  });
  station.start().then(
    () => tell({ kind: 'station', succeeded: true, words: 'registered' }),
    (thrown: unknown) => tell({ kind: 'station', succeeded: false, words: oneLine(thrown) }),
  );
  return station;
}

async function runErrands(
  errands: readonly Errand[], machine: Machine, outcomes: ErrandOutcome[],
): Promise<void> {
  for (const errand of errands) {
    const beganNs = machine.clock.now;
    const outcome = await runErrand(errand, machine);
    const seconds = (machine.clock.now - beganNs) / SECOND_NS;
    outcomes.push({ ...outcome, seconds });
    tell({ kind: 'errand', outcome: { ...outcome, seconds } });
  }
}

async function runErrand(
  { kind, where }: Errand, { user }: Machine,
): Promise<Omit<ErrandOutcome, 'seconds'>> {
  try {
    if (kind === 'ping') {
      const { status, roundTripUs } = await user.ping(where, { timeoutMs: PING_TIMEOUT_MS });
      return { kind, where, succeeded: status === 'SUCCESS', words: status, roundTripUs };
    }
    const url = parseHttpUrl(where);
    const done = await (kind === 'fetch' ? httpGet : httpPut)(user, url, newHash);
    const { code, octets, digest, told } = done;
    const isEqual = told === undefined || told === digest;
    const words = isEqual ? digest : `${digest}, and the server says ${told}`;
    return { kind, where, succeeded: code === 200 && isEqual, words, code, octets };
  } catch (thrown) {
    return { kind, where, succeeded: false, words: oneLine(thrown) };
  }
}

function countersOf(
  { link: { stats } }: World, machine: Machine,
): Omit<AttachReport, 'seconds' | 'skippedSeconds' | 'errands' | 'unfinished' | 'findings'> {
  const { framesIn, framesOut, octetsIn, octetsOut, droppedIn } = machine.card.stats;
  const drops: Record<string, number> = { ...machine.drops(), CARD_RING: droppedIn.ring };
  for (const [reason, frames] of Object.entries(stats.dropped)) {
    drops[`LINK_${reason.toUpperCase()}`] = frames;
  }
  return {
    framesIn, octetsIn, framesOut, octetsOut,
    counters: machine.counters(),
    drops: Object.fromEntries(Object.entries(drops).filter(([, frames]) => frames > 0)),
    altered: { ...stats.altered },
  };
}

const plan = workerData as WorkerPlan;
try {
  await attach(plan);
} catch (thrown) {
  tell({ kind: 'failed', words: oneLine(thrown) });
}
