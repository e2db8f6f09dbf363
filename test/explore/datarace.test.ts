/**
 * Data races of the stack: what several processors touch is under a lock, or handed over. Windows
 * of its life are played by a kernel that tells the host of every load and store.
 */

import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { DataRaceDetector, findDataRaces } from '../../host/explore/datarace.js';
import type { DataRace } from '../../host/explore/datarace.js';
import { recordKernel } from '../../host/explore/kernelscenario.js';
import { prepareProgram } from '../../host/explore/program.js';
import { Recorder } from '../../host/explore/recorder.js';
import type { Window } from '../../host/explore/recorder.js';
import { prepareWindow } from '../../host/explore/window.js';
import type { World } from '../../host/index.js';
import { createWorld } from '../../host/user/create.js';
import { readSourceMap, resolveStack } from '../../host/watch/sourcemap.js';
import type { Site, SourceMap } from '../../host/watch/sourcemap.js';
import { compileModule, findMap } from '../compile.js';
import { ALLOWED_RACES } from './datarace.allow.js';

const LIMIT = { timeout: 120_000 };
/** The kernel is compiled first, where nobody did so before. */
const COMPILES_MS = 400_000;
const KERNEL = 'assembly/index.ts';
const COUNTER = 'test/assembly/explore/counter.ts';
/** As the compiler writes it: a place of the text is one load or store, and no other. */
const ACCESSES = { accesses: true, optimize: 0 } as const;
/** Lists are whose lock their owner has. */
const HELPERS = /^nt\//;

/** The place in a driver where an access was made. */
function siteOf(map: SourceMap, stack: string): Site | undefined {
  return resolveStack(map, stack).find(({ file }) => !HELPERS.test(file));
}

const texts = new Map<string, readonly string[]>();

/** The line of the kernel that a site is on. */
function lineAt({ file, line }: Site): string {
  let lines = texts.get(file);
  if (lines === undefined) {
    const url = new URL(`../../assembly/${file}`, import.meta.url);
    texts.set(file, lines = readFileSync(url, 'utf8').split('\n'));
  }
  return lines[line - 1] ?? '';
}

/** The exceptions that one race uses. */
function exceptionsOf(map: SourceMap, { first, second }: DataRace): number[] {
  const sites = [first, second].flatMap(({ stack }) => siteOf(map, stack) ?? []);
  return ALLOWED_RACES.flatMap(({ file, text }, place) =>
    sites.some((site) => site.file.startsWith(file) && lineAt(site).includes(text)) ? [place] : []);
}

function describeRace(map: SourceMap, { first, second }: DataRace): string {
  return [first, second].map(({ stack, writes }) => {
    const places = resolveStack(map, stack).filter(({ file }) => !HELPERS.test(file)).slice(0, 3);
    const where = places.map(({ file, line }) => `${file}:${line}`).join(' < ');
    return `${writes ? 'write' : 'read'} at ${where}`;
  }).join(' and ');
}

describe('a counter of two threads', LIMIT, () => {
  let module: WebAssembly.Module;
  beforeAll(async () => {
    module = await compileModule(COUNTER, ACCESSES);
  }, COMPILES_MS);

  it.each([
    [0, 'plainly', true], [1, 'under a lock', false], [2, 'by interlocked operations', false],
    [3, 'once after the lock was let go', true], [4, 'when another has counted down', false],
    [5, 'when another is seen to have counted down, without an acquire', true],
    [6, 'when another has signalled an event, which is used anew', false],
  ] as const)('%i: races when it is counted %s: %s', (way, _, races) => {
    const detector = new DataRaceDetector();
    const program = prepareProgram(module, {
      size: way, points: 'interlocked', imports: detector.imports,
    });
    const found = findDataRaces(program, detector, { schedules: 20, seed: 1 }, () => false);
    expect(found.races.length > 0).toBe(races);
  });
});

const SCHEDULES = 20;
/** Of each load by itself, whose windows are like those above. */
const FEW_SCHEDULES = 5;
const PROCESSORS = 3;
/** Loads of the main job, and how many windows they have; of a flood one is like another. */
const LOADS = [['bulk', 4], ['messages', 4], ['storm', 4], ['synflood', 1]] as const;

/** Where windows come from, how many there are, who plays them, and how often. */
interface WindowSource {
  readonly name: string;
  readonly processors: number;
  readonly count: number;
  readonly schedules: number;
  readonly record: () => Promise<Window[]>;
}

function kernelSource(
  name: string, processors: number, calls: number, windows: number, schedules = SCHEDULES,
): WindowSource {
  return {
    name: `${name} on ${processors} processors`, processors, count: windows, schedules,
    record: () => recordKernel(name, { processors, calls, windows }),
  };
}

const SOURCES: readonly WindowSource[] = [
  {
    name: 'one conversation', processors: PROCESSORS, count: 32, schedules: SCHEDULES,
    record: recordConversations,
  },
  kernelSource('self', 2, 5, 12),
  kernelSource('self', PROCESSORS, 7, 12),
  kernelSource('afd', 2, 5, 8),
  kernelSource('afd', PROCESSORS, 7, 16),
  {
    name: 'a close that lingers', processors: PROCESSORS, count: 12, schedules: SCHEDULES,
    record: recordLingers,
  },
  kernelSource('netbios', 2, 5, 16),
  kernelSource('netbios', PROCESSORS, 7, 12),
  ...LOADS.map(([name, windows]) => kernelSource(name, 2, 6, windows, FEW_SCHEDULES)),
];

/**
 * Closes of a socket whose peer does not read: ended by the time, by a reset, by octets that are
 * read after all, or by force, all at about the time at which SO_LINGER gives up.
 */
async function recordLingers(): Promise<Window[]> {
  const recorder = new Recorder({
    calls: 6, most: 12, alike: 2,
    begins: (_, routine) => routine === 'onTick' || routine === 'socketLinger',
  });
  const world = await createWorld({
    seed: 1, target: 'explore', digest: false, link: 'wire:?delay=200us',
    machines: [
      { name: 'server', address: '10.0.0.1/24' },
      { name: 'client', address: '10.0.0.2/24', processors: PROCESSORS, tap: recorder.tap },
    ],
  });
  const [server, client] = [world.machine('server'), world.machine('client')];
  const life = async (): Promise<void> => {
    const listener = await server.user.listen(9, { receiveBuffer: 1000 });
    for (let round = 0; !recorder.isFull; round++) {
      const socket = await client.user.connect('10.0.0.1', 9, { linger: 1 });
      const peer = await listener.accept();
      await socket.send(new Uint8Array(40_000));
      const over = socket.close().catch(() => undefined);
      const watched = client.user.select({ read: [socket] }).catch(() => undefined);
      await world.sleep(1e9 - 200_000 + (round >> 2) * 100_000);
      if (round % 4 === 0) peer.abort();
      else if (round % 4 === 1) void peer.receiveAll().catch(() => undefined);
      else if (round % 4 === 2) socket.abort();
      await over;
      await watched;
      peer.abort();
    }
    listener.close();
  };
  try {
    await world.runUntil(life(), 120e9);
  } finally {
    world.stop();
  }
  return recorder.windows;
}

/** One connection after another: whatever a machine is asked is about one connection. */
async function recordConversations(): Promise<Window[]> {
  const recorders = [0, 1].map(() => new Recorder({ calls: 6, most: 16, begins: () => true }));
  const [far, near] = recorders as [Recorder, Recorder];
  const world = await createWorld({
    seed: 1, target: 'explore', digest: false, link: 'wire:?delay=200us',
    machines: [
      { name: 'server', address: '10.0.0.1/24', processors: PROCESSORS, tap: far.tap },
      { name: 'client', address: '10.0.0.2/24', processors: PROCESSORS, tap: near.tap },
    ],
  });
  try {
    await world.runUntil(converse(world), 60e9);
  } finally {
    world.stop();
  }
  return recorders.flatMap(({ windows }) => windows);
}

async function converse(world: World): Promise<void> {
  const [server, client] = [world.machine('server'), world.machine('client')];
  const listener = await server.user.listen(7, { backlog: 2 }, async (socket) => {
    for await (const data of socket) await socket.send(data);
    await socket.close();
  });
  for (let round = 0; round < 12; round++) {
    const socket = await client.user.connect('10.0.0.1', 7);
    await socket.send(new Uint8Array(3000).fill(round));
    await socket.receive();
    await socket.close();
  }
  listener.close();
}

describe('the stack', LIMIT, () => {
  let module: WebAssembly.Module;
  let map: SourceMap;
  const windows: Window[][] = [];
  const used = new Set<number>();
  const isData: boolean[] = [];

  beforeAll(async () => {
    module = await compileModule(KERNEL, ACCESSES);
    map = readSourceMap(findMap(KERNEL, ACCESSES) ?? '');
    for (const { record } of SOURCES) windows.push(await record());
  }, COMPILES_MS);

  /** What is found in one window, as text. */
  function findIn(source: number, index: number): string[] {
    const { processors, schedules } = SOURCES[source] as WindowSource;
    const window = windows[source]?.[index];
    if (window === undefined) throw new Error(`there is no window ${index}`);
    const detector = new DataRaceDetector(isData);
    const prepared = prepareWindow(module, window, {
      name: `window ${index}`, processors, points: 'interlocked', halt: true,
      imports: detector.imports,
    });
    const { races, failed } = findDataRaces(prepared, detector, { schedules, seed: 1 },
      (race) => {
        const exceptions = exceptionsOf(map, race);
        for (const each of exceptions) used.add(each);
        return exceptions.length > 0;
      });
    const rules = failed?.findings.map(({ rule }) => rule) ?? [];
    return [...failed === null ? [] : [failed.ending, ...rules],
      ...races.map((race) => describeRace(map, race))];
  }

  SOURCES.forEach(({ name, count }, source) => {
    it.each(Array.from({ length: count }, (_, index) => index))(
      `has no race in ${name}, window %i`, (index) => {
        expect(findIn(source, index)).toEqual([]);
      });
  });

  it('needs all exceptions that it has', () => {
    expect(ALLOWED_RACES.filter((_, place) => !used.has(place)).map(({ text }) => text))
      .toEqual([]);
  });
});
