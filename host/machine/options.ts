/** What a machine is made of: its options, and how they are checked. */

import type { Layout } from '../kernel/layout.js';
import type { Kernel } from '../kernel/load.js';
import { TARGETS } from '../kernel/load.js';
import type { Target } from '../kernel/load.js';
import type { FrameBatch } from '../link/batch.js';
import type { Link } from '../link/link.js';
import { checkCards } from './cards.js';
import type { CardOptions, CardSettings } from './cards.js';
import type { Clock } from './clock.js';
import type { ProcessorStrategy } from './processors.js';
import { Random } from './random.js';
import type { Seed } from './random.js';
import { resolveParameters } from './registry.js';
import { findRelease } from './release.js';
import type { Runner } from './run.js';
import { didYouMean } from './suggest.js';

/** What a machine can be told; all of it may be left out. */
export interface MachineOptions {
  /** What messages call it; `machine` where not given. */
  readonly name?: string;
  /**
   * Says the defaults of the registry and, where it is named on `checked` or `explore`, the
   * defects, unless `faults` says otherwise. `nt40sp6a` without its defects where not given.
   */
  readonly release?: string;
  /** `free` where not given: for speed; `checked`: with the verifier and the defects. */
  readonly target?: Target;
  /** 1 to 8; 1 where not given. */
  readonly processors?: number;
  /** Who takes a device's interrupt; in turn where not given. */
  readonly strategy?: ProcessorStrategy;
  /** A whole number of at most 64 bits; 1 where not given. */
  readonly seed?: Seed;
  /** Registry values by their documented names. */
  readonly parameters?: Readonly<Record<string, number>>;
  /**
   * Articles of the defects to switch on, or `release`: those that the release had. Where not
   * given, those of the release that is named; none on `free`, which is built without them.
   */
  readonly faults?: readonly string[] | 'release';
  /** Address and network, `10.0.0.1/24` where not given. */
  readonly address?: string;
  /** Where it sends what is not in its network; of several the first one that answers. */
  readonly gateway?: string | readonly string[];
  /** The card's address; `02:00` and the IP address where not given. */
  readonly mac?: string;
  /** Octets of the largest datagram, 68 to 1500; the registry's `MTU` where not given. */
  readonly mtu?: number;
  /** Whether NetBT is bound to its card; not where not given. */
  readonly netbios?: boolean;
  /** NetBT's scope, as ScopeId has it: labels that follow every name; none where not given. */
  readonly scopeId?: string;
  /** What its card is plugged into. */
  readonly link?: Link;
  /** Cards beside the first, which the options above describe: each on a net of its own. */
  readonly cards?: readonly CardOptions[];
  /** The clock that it shares with others; one of its own where not given. */
  readonly clock?: Clock;
  /** A kernel of the target, compiled. */
  readonly module?: WebAssembly.Module;
  /** Keep the stack of each acquire (`checked`; slow): what a verdict names as the site. */
  readonly captureSites?: boolean;
  /** `explore`: what happens at each scheduling point, before it goes on. */
  readonly onPreempt?: (point: number, object: number) => void;
  /** Stands between the host and the kernel, once it is instantiated: for recorders. */
  readonly tap?: (kernel: Kernel) => Kernel;
}

/** Options, checked, with all defaults; what is a card's is the first one's. */
export interface MachineSettings extends CardSettings {
  readonly name: string;
  readonly release: string;
  readonly target: Target;
  readonly processors: number;
  readonly random: Random;
  readonly parameters: ReadonlyMap<string, number>;
  readonly faults: readonly string[];
  readonly cards: readonly CardSettings[];
  readonly mtu: number;
  /** The labels of its scope as they stand on the wire, without the last 0. */
  readonly scope: Uint8Array;
}

/** What a machine is given by who makes it. */
export interface MachineParts {
  /** Makes the batch that a card sends in. */
  readonly makeBatch: () => FrameBatch;
  /** What runs its clock; one of its own where not given. */
  readonly runner?: Runner;
}

const MOST_PROCESSORS = 8;
/** Octets of a scope's labels: a name has 255 with it (RFC 1002, 4.1). */
const MOST_SCOPE = 221;
const OPTIONS: Readonly<Record<keyof MachineOptions, true>> = {
  name: true, release: true, target: true, processors: true, strategy: true, seed: true,
  parameters: true, faults: true, address: true, gateway: true, mac: true, mtu: true,
  netbios: true, scopeId: true, link: true, clock: true, module: true, captureSites: true,
  onPreempt: true, tap: true, cards: true,
};

/**
 * Options with their defaults.
 * @throws TypeError naming the first option that is unknown or wrong, and what is allowed.
 */
export function checkOptions(options: MachineOptions): MachineSettings {
  mustKnow(options, Object.keys(OPTIONS), 'a machine');
  mustBeOfKinds(options, KINDS);
  const { target = 'free', processors = 1, release = 'nt40sp6a' } = options;
  if (!TARGETS.includes(target)) {
    throw new TypeError(`target: '${String(target)}' is none of ${TARGETS.join(', ')}`);
  }
  mustBeWithin('processors', processors, 1, MOST_PROCESSORS);
  const cards = checkCards({ address: '10.0.0.1/24', ...given(options) }, options.cards);
  const parameters = new Map(resolveParameters(release, options.parameters));
  if (options.mtu !== undefined) {
    parameters.set('MTU', mustBeWithin('mtu', options.mtu, 68, 1500));
  }
  const usual = options.release === undefined || target === 'free' ? [] : 'release';
  const faults = faultsOf(release, options.faults ?? usual);
  if (faults.length > 0 && target === 'free') {
    throw new TypeError(`faults: a free kernel has no ${faults.join(', ')}; target: 'checked' has`);
  }
  return {
    ...cards[0],
    name: options.name ?? 'machine',
    release,
    target,
    processors,
    random: new Random(options.seed ?? 1),
    parameters,
    faults,
    cards,
    mtu: parameters.get('MTU') as number,
    scope: scopeOf(options.scopeId),
  };
}

/** What of a machine's own options is of its first card, as far as it is there. */
function given({ address, gateway, mac, netbios }: MachineOptions): Partial<CardOptions> {
  return {
    ...(address === undefined ? {} : { address }),
    ...(gateway === undefined ? {} : { gateway }),
    ...(mac === undefined ? {} : { mac }),
    ...(netbios === undefined ? {} : { netbios }),
  };
}

/** What an option is where it is given: whether a value is that, and in words what it may be. */
export type Kind = readonly [is: (value: unknown) => boolean, words: string];

const isText = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null;
/** An object with a method of that name. */
const has = (method: string) => (value: unknown): boolean =>
  isObject(value) && isFunction((value as Record<string, unknown>)[method]);

/** Kinds that options of machines and of worlds have in common. */
export const KIND = {
  text: [isText, 'a text that is not empty'],
  truth: [(value) => typeof value === 'boolean', 'true or false'],
  callback: [isFunction, 'a function'],
  values: [(value) => isObject(value) && !Array.isArray(value), 'an object of names and values'],
  link: [has('attach'), 'a link, as openLink gives it'],
  clock: [has('schedule'), 'a Clock'],
  module: [(value) => value instanceof WebAssembly.Module, 'a WebAssembly.Module'],
  capture: [has('write'), 'a CaptureWriter'],
} as const satisfies Readonly<Record<string, Kind>>;

const KINDS: Partial<Readonly<Record<keyof MachineOptions, Kind>>> = {
  name: KIND.text, release: KIND.text, parameters: KIND.values, address: KIND.text,
  mac: KIND.text, netbios: KIND.truth, link: KIND.link, clock: KIND.clock, module: KIND.module,
  captureSites: KIND.truth, strategy: KIND.callback, onPreempt: KIND.callback, tap: KIND.callback,
  scopeId: [(value) => typeof value === 'string', 'a text'],
};

/** @throws TypeError naming the first option that is given and not of its kind. */
export function mustBeOfKinds(options: object, kinds: Readonly<Record<string, Kind>>): void {
  for (const [name, value] of Object.entries(options)) {
    const kind = kinds[name];
    if (kind === undefined || value === undefined || kind[0](value)) continue;
    const given = typeof value === 'string' ? `'${value}'` : String(value);
    throw new TypeError(`${name}: ${kind[1]}, and not ${given}`);
  }
}

/** Labels and their lengths (RFC 1002, 4.1); `*` is NT's word for none. */
function scopeOf(scopeId: unknown): Uint8Array {
  if (scopeId === undefined || scopeId === '' || scopeId === '*') return new Uint8Array(0);
  const labels = String(scopeId).split('.');
  const whole = labels.map((label) => String.fromCharCode(label.length) + label).join('');
  if (labels.some((label) => !/^[\x21-\x7e]{1,63}$/.test(label)) || whole.length > MOST_SCOPE) {
    throw new TypeError(`scopeId: '${String(scopeId)}' is no scope, like CORP.EXAMPLE`);
  }
  return Uint8Array.from(whole, (letter) => letter.charCodeAt(0));
}

/** @throws TypeError naming the first of an object's keys that is not known, or that it is none. */
export function mustKnow(options: object, known: readonly string[], what: string): void {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`options: ${what} takes an object of options, and not ${String(given)}`);
  }
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    throw new TypeError(`${name}: ${what} has no such option${didYouMean(name, known)}`);
  }
}

/** A whole number in a range. @throws TypeError naming the option and the range. */
export function mustBeWithin(name: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  const given = String(value);
  throw new TypeError(`${name}: ${given} is no whole number in the range ${least}..${most}`);
}

/** The kernel's numbers of defects. @throws TypeError naming one that the kernel does not have. */
export function faultNumbers(layout: Layout, faults: readonly string[]): number[] {
  const known = layout.enums.Fault;
  return faults.map((fault) => {
    const number = fault === 'COUNT' ? undefined : known.get(fault);
    if (number !== undefined) return number;
    const names = [...known.keys()].filter((name) => name !== 'COUNT');
    throw new TypeError(`faults: the kernel has no ${fault}${didYouMean(fault, names)}`);
  });
}

function faultsOf(release: string, faults: readonly string[] | 'release'): readonly string[] {
  if (faults === 'release') return findRelease(release).faults;
  if (!Array.isArray(faults)) {
    throw new TypeError(`faults: a list of articles, or 'release', and not ${String(faults)}`);
  }
  return faults.map((fault) => String(fault).toUpperCase());
}
