/** Machines with their user mode, and worlds of them: what programs, tests and articles make. */

import { loadModule, TARGETS } from '../kernel/load.js';
import type { Target } from '../kernel/load.js';
import { BATCH_FRAMES, FrameBatch } from '../link/batch.js';
import { wrapLink } from '../link/link.js';
import type { Link } from '../link/link.js';
import { openLink } from '../link/open.js';
import { tapPcap } from '../link/pcap.js';
import type { CaptureWriter } from '../link/pcapngwrite.js';
import { formatAddress, parseInterface } from '../machine/address.js';
import { bootMachine } from '../machine/boot.js';
import { Clock } from '../machine/clock.js';
import { FrameDigest } from '../machine/digest.js';
import { mustBeCards } from '../machine/cards.js';
import type { CardOptions } from '../machine/cards.js';
import type { Machine } from '../machine/machine.js';
import { KIND, mustBeOfKinds, mustKnow } from '../machine/options.js';
import type { Kind, MachineOptions } from '../machine/options.js';
import { Random } from '../machine/random.js';
import type { Seed } from '../machine/random.js';
import { Runner } from '../machine/run.js';
import { World } from '../machine/world.js';
import { makeUserMode } from './usermode.js';

/** A machine of a world: its name, its address, and what differs from the world's. */
export type WorldMachineOptions =
  & Omit<MachineOptions, 'seed' | 'link' | 'clock' | 'target' | 'module' | 'cards'>
  & { readonly name: string; readonly address: string; readonly cards?: readonly WorldCard[] };

/** A card beside the first; `link` is one of the world's `links`, its `link` where not given. */
export type WorldCard = Omit<CardOptions, 'link'> & { readonly link?: string };

/** What is the world's to say for all of its machines. */
const OF_THE_WORLD = ['seed', 'link', 'clock', 'target', 'module'];

/** What a world is made of. */
export interface WorldOptions {
  /** A whole number of at most 64 bits: all chance in it comes from here. 1 where not given. */
  readonly seed?: Seed;
  /** The release of machines that name none, with its defects on `checked` and `explore`. */
  readonly release?: string;
  /** The defects of machines that say none, as a machine's. */
  readonly faults?: readonly string[] | 'release';
  /** The kernel of all machines. */
  readonly target?: Target;
  /** A kernel of the target, compiled; that of build/ where not given. */
  readonly module?: WebAssembly.Module;
  /** Registry values of all machines; a machine's own come on top. */
  readonly parameters?: Readonly<Record<string, number>>;
  /**
   * A URL like `wire:?latency=5us&rate=1G`, or what opens the link; `wire:` for two machines,
   * `switch:` for others, where not given.
   */
  readonly link?: string | ((clock: Clock, random: Random) => Link);
  /** Links beside it, by names of your own: for cards that say so. */
  readonly links?: Readonly<Record<string, string | ((clock: Clock, random: Random) => Link)>>;
  /** The octets of a file, for a link `pcap:FILE`. */
  readonly readFile?: (path: string) => Uint8Array;
  readonly machines: readonly WorldMachineOptions[];
  /** Gets all frames sent to the link. */
  readonly pcap?: CaptureWriter;
  /** Whether a digest of all frames is kept; it costs about as much as a copy of them. True. */
  readonly digest?: boolean;
}

const WORLD_OPTIONS: Readonly<Record<keyof WorldOptions, true>> = {
  seed: true, release: true, faults: true, target: true, module: true, parameters: true, link: true,
  links: true, readFile: true, machines: true, pcap: true, digest: true,
};

const KINDS: Partial<Readonly<Record<keyof WorldOptions, Kind>>> = {
  release: KIND.text, parameters: KIND.values, module: KIND.module, readFile: KIND.callback,
  pcap: KIND.capture, digest: KIND.truth, links: KIND.values,
  link: [(value) => typeof value === 'string' || KIND.callback[0](value), 'a URL or a function'],
};

/** Machines that a link takes, by its scheme; others take any number. */
const ENDS: Readonly<Record<string, number>> = { 'wire:': 2, 'pcap:': 1 };

function makeBatch(): FrameBatch {
  return new FrameBatch(BATCH_FRAMES);
}

/**
 * Boots a machine.
 * @throws TypeError naming an option that is wrong; Error where its kernel does not start.
 */
export async function createMachine(options: MachineOptions = {}): Promise<Machine> {
  return bootMachine(options, { makeBatch }, makeUserMode);
}

/**
 * Boots machines on one link.
 * @throws TypeError naming an option that is wrong; Error where a kernel does not start.
 */
export async function createWorld(options: WorldOptions): Promise<World> {
  mustHaveMachines(options);
  mustKnow(options, Object.keys(WORLD_OPTIONS), 'a world');
  mustBeOfKinds(options, KINDS);
  checkMachines(options.machines, Object.keys(options.links ?? {}));
  const { target = 'free' } = options;
  if (!TARGETS.includes(target)) {
    throw new TypeError(`target: '${String(target)}' is none of ${TARGETS.join(', ')}`);
  }
  const runner = new Runner(new Clock());
  const random = new Random(options.seed ?? 1);
  const frames = options.digest === false ? undefined : new FrameDigest();
  const { link, links } = openWorldLinks(options, runner.clock, random, frames);
  const module = options.module ?? (await loadModule(target));
  const machines: Machine[] = [];
  for (const each of options.machines) {
    const machineOptions: MachineOptions = {
      ...(options.release === undefined ? {} : { release: options.release }),
      ...(options.faults === undefined ? {} : { faults: options.faults }),
      ...each,
      cards: (each.cards ?? []).map((card) => pluggedIn(card, links)),
      parameters: { ...options.parameters, ...each.parameters },
      seed: random.derive(`machine ${each.name}`).seed,
      target,
      module,
      link,
    };
    const parts = { makeBatch, runner };
    machines.push(await bootMachine(machineOptions, parts, makeUserMode));
  }
  return new World({ random, runner, link, links, machines, frames });
}

function mustHaveMachines(options: Partial<WorldOptions> | null | undefined): void {
  if (Array.isArray(options?.machines)) return;
  throw new TypeError('machines: a world needs { machines: [{ name, address }, …] }');
}

function checkMachines(machines: readonly WorldMachineOptions[], links: readonly string[]): void {
  const names = new Set<string>();
  const owners = new Map<number, string>();
  for (const each of machines as readonly (Partial<WorldMachineOptions> | null | undefined)[]) {
    const { name, address } = each ?? {};
    if (typeof name !== 'string' || name === '') throw new TypeError('machines: each has a name');
    if (address === undefined) throw new TypeError(`machines: ${name} has no address`);
    for (const option of OF_THE_WORLD) {
      if (!Object.hasOwn(each ?? {}, option)) continue;
      throw new TypeError(`machines: ${name}: ${option} is its world's, and not its own`);
    }
    if (names.has(name)) throw new TypeError(`machines: two are called ${name}`);
    const cards = mustBeCards<WorldCard>(each?.cards, `machines: ${name}: cards`);
    for (const { link } of cards) {
      if (link === undefined || links.includes(link)) continue;
      throw new TypeError(`machines: ${name}: link: the world's links have no ${String(link)}`);
    }
    for (const [i, one] of [address, ...cards.map((card) => card.address)].entries()) {
      const which = i === 0 ? '' : `cards: ${i - 1}: `;
      const number = parseInterface(one, `machines: ${name}: ${which}address`).address;
      const owner = owners.get(number);
      if (owner !== undefined) {
        const shared = formatAddress(number);
        throw new TypeError(`machines: ${owner} and ${name} have the same address, ${shared}`);
      }
      owners.set(number, name);
    }
    names.add(name);
  }
}

function pluggedIn({ link, ...card }: WorldCard, links: ReadonlyMap<string, Link>): CardOptions {
  const own = link === undefined ? undefined : links.get(link);
  return { ...card, ...(own === undefined ? {} : { link: own }) };
}

/** Ends of a link, by the machines that they are of: those of the world's where `name` is none. */
function endsOf(machines: readonly WorldMachineOptions[], name?: string): string[] {
  return machines.flatMap((machine) => {
    const first = name === undefined ? [machine.name] : [];
    const others = (machine.cards ?? []).flatMap(({ link }, i) =>
      link === name ? [`${machine.name}/${i + 1}`] : []);
    return [...first, ...others];
  });
}

function openWorldLinks(
  options: WorldOptions, clock: Clock, random: Random, frames: FrameDigest | undefined,
): { readonly link: Link; readonly links: ReadonlyMap<string, Link> } {
  const { machines, link: wanted = machines.length === 2 ? 'wire:' : 'switch:' } = options;
  const open = (url: NonNullable<WorldOptions['link']>, name?: string, before = 0): Link => {
    const chance = random.derive(name === undefined ? 'link' : `link ${name}`);
    return openWorldLink(options, url, endsOf(machines, name), clock, chance, frames, before);
  };
  const link = open(wanted);
  let before = endsOf(machines).length;
  const links = new Map<string, Link>();
  for (const [name, url] of Object.entries(options.links ?? {})) {
    links.set(name, open(url, name, before));
    before += endsOf(machines, name).length;
  }
  return { link, links };
}

/** A link with its ends; `before`: how many ends others have, for the digest. */
function openWorldLink(
  { readFile, pcap }: WorldOptions, link: NonNullable<WorldOptions['link']>,
  ends: readonly string[], clock: Clock, chance: Random, frames: FrameDigest | undefined,
  before: number,
): Link {
  if (typeof link === 'string') mustHaveEnds(link, ends.length);
  let opened = typeof link === 'function'
    ? link(clock, chance)
    : openLink(link, { clock, random: chance, ...(readFile === undefined ? {} : { readFile }) });
  if (pcap !== undefined) opened = tapPcap(opened, pcap, clock, ends);
  return frames === undefined ? opened : withDigest(opened, clock, frames, before);
}

function mustHaveEnds(link: string, cards: number): void {
  const scheme = link.slice(0, link.indexOf(':') + 1);
  const ends = ENDS[scheme] ?? Infinity;
  if (cards <= ends) return;
  const words = `${scheme} is for ${ends === 1 ? '1 machine' : `${ends} machines`}`;
  throw new TypeError(`link '${link}': ${words}, and there are ${cards}; switch: takes more`);
}

/** A link whose frames are added to a digest as they are sent. */
function withDigest(link: Link, clock: Clock, frames: FrameDigest, before: number): Link {
  return wrapLink(link, (port, end) => ({
    send(batch) {
      frames.add(clock.now, before + end, batch);
      port.send(batch);
    },
    close: () => port.close(),
  }));
}
