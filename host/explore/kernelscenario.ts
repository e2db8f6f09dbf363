/**
 * Scenarios of the stack itself: windows of a server's life under a load of the main job, with
 * connects, accepts, data, closes, aborts, ticks and interrupts beside one another.
 */

import type { Article } from '../kb/article.js';
import { findArticle } from '../kb/index.js';
import { OBSERVED } from '../kb/scene.js';
import { loadModule } from '../kernel/load.js';
import { introduce } from '../load/load.js';
import type { Load, LoadContext } from '../load/load.js';
import { LOAD_NAMES, createMix } from '../load/mix.js';
import type { LoadWeights } from '../load/mix.js';
import type { MachineOptions } from '../machine/options.js';
import type { Seed } from '../machine/random.js';
import { createWorld } from '../user/create.js';
import { AFD, AFD_PARAMETERS, AfdScene } from './afdscene.js';
import type { PointLevel } from './kinds.js';
import { NETBIOS, NETBIOS_PARAMETERS, NetbiosScene } from './netbiosscene.js';
import type { Prepared } from './program.js';
import { Recorder } from './recorder.js';
import type { RecorderOptions, Window } from './recorder.js';
import { prepareWindow } from './window.js';

/** Calls of work that a window waits for its beginning. */
const PATIENCE = 4000;

/** Which windows of which load are prepared. */
export interface KernelOptions {
  readonly seed?: Seed;
  readonly release?: string;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly faults?: readonly string[];
  /** Default: 2. */
  readonly processors?: number;
  readonly points?: PointLevel;
  /** Windows; default: 8. */
  readonly windows?: number;
  /** Calls of each; default: 5. */
  readonly calls?: number;
  /** Calls of work between the beginnings of two windows. Default: 97, of afd 37. */
  readonly every?: number;
  /** Of an article: the release that has not got the defect. */
  readonly healthy?: boolean;
  /** Unload the drivers after each schedule. */
  readonly halt?: boolean;
}

/** Names that `prepareKernel` knows. */
export const KERNEL_SCENARIOS: readonly string[] = [
  'self', AFD, NETBIOS, ...LOAD_NAMES.filter(isPlain),
];

const SPARE = { first: 0x0a00_00c8, last: 0x0a00_00fa };
const SLICE_NS = 1e6;
/** What the stack is explored with against itself: everything opens, talks, closes and aborts. */
const SELF: LoadWeights = { storm: 2, messages: 1 };
const CLEAN_LINK = 'switch:?delay=200us';

/** What windows are taken from. */
interface Life {
  make(): Pick<Load, 'start' | 'abandon'>;
  readonly parameters?: Readonly<Record<string, number>>;
  readonly netbios?: boolean;
  readonly link: string;
  /** Virtual time in which the windows must come. */
  readonly mostNs: number;
  /** What windows begin with, in turn: so that each has its share. */
  readonly beginnings: readonly string[];
  /** What is work besides. */
  readonly more?: RecorderOptions['more'];
  /** Calls of work between the beginnings of two windows. */
  readonly every?: number;
}

const EVERY = 97;

const SCENES: Readonly<Record<string, Life>> = {
  [AFD]: {
    make: () => new AfdScene(),
    parameters: AFD_PARAMETERS,
    link: CLEAN_LINK,
    mostNs: 4e9,
    beginnings: [
      'socketSelect', 'onInterrupt', 'socketLinger', 'onTick', 'socketReadSelect', 'socketClose',
      'onInterrupt', 'runThreads', 'socketAccept', 'socketPoll', 'socketConnect', 'socketListen',
    ],
    more: ['socketPoll', 'socketOption'],
    every: 37,
  },
  [NETBIOS]: {
    make: () => new NetbiosScene(),
    parameters: NETBIOS_PARAMETERS,
    netbios: true,
    link: CLEAN_LINK,
    mostNs: 2e9,
    beginnings: [
      'onInterrupt', 'socketConnectName', 'socketClose', 'onInterrupt', 'socketAccept',
      'runThreads', 'socketBindName', 'onTick', 'socketSend',
    ],
  },
};

/** A scene, or a load of the main job on a link on which timers have something to do. */
function lifeOf(name: string): Life {
  return SCENES[name] ?? {
    make: () => createMix(name === 'self' ? SELF : { [name]: 1 }),
    link: 'switch:?loss=1%&delay=200us',
    mostNs: 2e9,
    beginnings: [
      'onInterrupt', 'socketClose', 'onTick', 'socketConnect', 'socketAccept', 'runThreads',
      'onInterrupt', 'socketShutdown',
    ],
  };
}

/**
 * Engines that stand before windows of a load, or of an article's scene, one after another.
 * @throws TypeError: there is no such load or article.
 */
export async function prepareKernel(
  name: string, options: KernelOptions = {},
): Promise<Prepared[]> {
  const module = await loadModule('explore');
  const windows = await recordKernel(name, options);
  return windows.map((window, index) => prepareWindow(module, window, {
    name: `${name} ${index + 1}`,
    processors: options.processors ?? 2,
    points: options.points ?? 'locks',
    halt: options.halt ?? false,
  }));
}

/** Windows of a load, or of an article's scene. @throws TypeError: there is no such one. */
export async function recordKernel(name: string, options: KernelOptions): Promise<Window[]> {
  return isArticle(name) ? recordArticle(findArticle(name), options) : recordWindows(name, options);
}

/** Windows of a server's life. @throws TypeError: there is no such load. */
async function recordWindows(name: string, options: KernelOptions): Promise<Window[]> {
  if (!KERNEL_SCENARIOS.includes(name)) {
    throw new TypeError(`no load ${name}: ${KERNEL_SCENARIOS.join(', ')}`);
  }
  const life = lifeOf(name);
  const { netbios = false } = life;
  const most = options.windows ?? 8;
  const recorders = [0, 1].map((which) =>
    recorderOf(options, Math.ceil((most - which) / 2), life));
  const own = (which: number): Omit<MachineOptions, 'cards'> => ({
    tap: (recorders[which] as Recorder).tap,
    processors: options.processors ?? 2,
    faults: options.faults ?? [],
    netbios,
  });
  const world = await createWorld({
    seed: options.seed ?? 1,
    target: 'explore',
    ...(options.release === undefined ? {} : { release: options.release }),
    parameters: { ...life.parameters, ...options.parameters },
    machines: [
      { name: 'server', address: '10.0.0.1/24', ...own(0) },
      { name: 'client1', address: '10.0.0.11/24', ...own(1) },
      { name: 'client2', address: '10.0.0.12/24', netbios },
    ],
    link: life.link,
    digest: false,
  });
  const context: LoadContext = {
    server: world.machine('server'), clients: world.machines.slice(1), spare: SPARE,
  };
  const load = life.make();
  try {
    await introduce(world, context);
    load.start(world, context);
    const wanted = (): boolean => recorders.some(({ isFull }) => !isFull);
    for (let at = 0; at < life.mostNs && wanted(); at += SLICE_NS) {
      await world.run(SLICE_NS);
    }
    load.abandon();
  } finally {
    world.stop();
  }
  return recorders.flatMap(({ windows }) => windows);
}

function recorderOf(
  options: KernelOptions, most: number, { beginnings, more = [], every = EVERY }: Life,
): Recorder {
  let next = 0;
  return new Recorder({
    calls: options.calls ?? 5,
    most,
    alike: 2,
    more,
    begins: (n, routine, kept) => {
      if (n < next) return false;
      const wanted = beginnings[kept % beginnings.length];
      // What never comes is not waited for.
      if (routine !== wanted && n < next + PATIENCE) return false;
      next = n + (options.every ?? every);
      return true;
    },
  });
}

/** All of a scene, in windows that follow one another, of the machine that has the defect. */
async function recordArticle(article: Article, options: KernelOptions): Promise<Window[]> {
  const { alike, release, fixed, settings, schedule } = article;
  const recorder = new Recorder({
    calls: options.calls ?? schedule?.calls ?? 5,
    most: options.windows ?? Infinity,
    begins: () => true,
    ...(alike === undefined ? {} : { alike }),
  });
  const stage = article.stage({
    release: options.healthy === true ? fixed : release,
    processors: options.processors ?? 2,
    settings: { ...settings, ...options.parameters },
  });
  // The release that mended this one may have another article's: that is none of this.
  const healthy = options.healthy === true ? { faults: [] } : {};
  const machines = stage.machines.map((machine) => machine.name !== OBSERVED ? machine
    : { ...machine, ...healthy, tap: recorder.tap, captureSites: false });
  const world = await createWorld({
    ...stage, machines, seed: options.seed ?? 1, target: 'explore', digest: false,
  });
  try {
    await article.play(world);
    recorder.finish();
  } finally {
    world.stop();
  }
  return recorder.windows;
}

function isArticle(name: string): boolean {
  return /^q?[0-9]{6}$/i.test(name);
}

function isPlain(name: string): boolean {
  return name !== 'replay';
}
