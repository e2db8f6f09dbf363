/** What `ntstack attach` is asked for: its options, checked. */

import { randomBytes } from 'node:crypto';
import { openLink } from '../link/open.js';
import type { OutsideScheme } from '../link/open.js';
import { TARGETS } from '../kernel/load.js';
import type { Target } from '../kernel/load.js';
import { parseAddress, parseInterface } from '../machine/address.js';
import { Clock } from '../machine/clock.js';
import { checkOptions } from '../machine/options.js';
import type { MachineOptions } from '../machine/options.js';
import { Random } from '../machine/random.js';
import { resolveParameters } from '../machine/registry.js';
import { findRelease } from '../machine/release.js';
import { didYouMean } from '../machine/suggest.js';
import { HTTP_PORT } from '../user/http.js';
import { contentOctetsOf, parseHttpUrl } from '../user/httpclient.js';
import { IPERF_PORT } from '../user/iperf.js';
import { NAME_SERVER_PORT } from '../user/nameserver.js';
import { SIMPLE_PORTS } from '../user/simpleservices.js';
import { DEFAULT_RELEASE, readSettings } from './plan.js';
import { WrongUse, optionValue } from './wronguse.js';

/** The options of `attach` as they are written. */
export interface AttachCommand {
  readonly address?: string;
  readonly gateway?: string;
  readonly peer?: string;
  readonly netbios?: string;
  readonly group?: string;
  readonly scope?: string;
  readonly master?: boolean;
  readonly prompt?: boolean;
  readonly serve?: readonly string[];
  readonly fetch?: readonly string[];
  readonly put?: readonly string[];
  readonly ping?: readonly string[];
  readonly seconds?: string;
  readonly release?: string;
  readonly target?: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly pcap?: string;
  readonly pcapFrames?: string;
  readonly json?: boolean;
}

/** Ports of the services where no others are given. */
export const SERVICE_PORTS = {
  ...SIMPLE_PORTS, http: HTTP_PORT, iperf: IPERF_PORT, wins: NAME_SERVER_PORT,
} as const;

/** A service, by its name. */
export type ServiceName = keyof typeof SERVICE_PORTS;

/** One thing that the machine does as a client, and then is done with. */
export interface Errand {
  readonly kind: 'fetch' | 'put' | 'ping';
  /** A URL; of a ping, an address. */
  readonly where: string;
}

/** What the machine is on a NetBIOS network. */
export interface StationPlan {
  readonly name: string;
  readonly group: string;
  /** Whether it has the master's name of its group, and keeps the list of its servers. */
  readonly master: boolean;
  /** Whether lines of standard input are commands at its prompt. */
  readonly prompt: boolean;
}

/** What is to be done; plain data, for the worker that does it. */
export interface AttachPlan {
  readonly link: string;
  readonly scheme: OutsideScheme;
  readonly path: string;
  readonly peer: string | undefined;
  readonly machine: Omit<MachineOptions, 'cards'>
    & { readonly name: string; readonly address: string };
  readonly target: Target;
  readonly seed: string;
  readonly services: readonly { readonly name: ServiceName; readonly port: number }[];
  readonly errands: readonly Errand[];
  /** Undefined: it has no NetBT. */
  readonly station: StationPlan | undefined;
  /** Wall time after which it ends by itself; Infinity: none. */
  readonly seconds: number;
  /** Frames at most that a capture has; Infinity: all. */
  readonly pcapFrames: number;
}

const MOST_SECONDS = 86_400;

/** The plan that options make. @throws WrongUse naming the option that is wrong. */
export function planAttach(link: string, options: AttachCommand): AttachPlan {
  const { scheme, path } = readLink(link);
  const { peer, address } = options;
  if (address === undefined) throw new WrongUse('option --address is needed, like 10.7.0.2/24');
  const { release = DEFAULT_RELEASE } = options;
  const target = (options.target ?? 'free') as Target;
  if (!TARGETS.includes(target)) {
    throw new WrongUse(`option --target: '${target}' is none of ${TARGETS.join(', ')}`);
  }
  optionValue('--release', () => findRelease(release));
  const parameters = readSettings(options.set ?? []);
  optionValue('--set', () => resolveParameters(release, parameters));
  optionValue('--address', () => parseInterface(address));
  const gateway = options.gateway?.split(',') ?? [];
  for (const one of gateway) optionValue('--gateway', () => parseAddress(one));
  if (peer !== undefined) {
    if (scheme !== 'tap') throw new WrongUse('option --peer: only tap: has a device to be named');
    optionValue('--peer', () => parseInterface(peer));
  }
  const services = (options.serve ?? []).flatMap((list) => list.split(',')).map(readService);
  const station = readStation(options, services.map(({ name }) => name));
  const machine = {
    name: station?.name ?? 'machine', address, release, parameters, gateway,
    ...(station === undefined ? {} : { netbios: true }),
    ...(options.scope === undefined ? {} : { scopeId: options.scope }),
  };
  optionValue('attach', () => checkOptions({ ...machine, target }));
  return {
    link, scheme, path, peer, machine, target,
    seed: readSeed(options.seed),
    services,
    errands: readErrands(options),
    station,
    seconds: readNumber('--seconds', options.seconds, MOST_SECONDS, /^[0-9]*\.?[0-9]+$/),
    pcapFrames: readNumber('--pcap-frames', options.pcapFrames, 1e9, /^[0-9]+$/),
  };
}

/** @throws WrongUse for a name that is none, and for what needs one where none is given. */
function readStation(
  options: AttachCommand, services: readonly ServiceName[],
): StationPlan | undefined {
  const { netbios, group = 'NTGROUP', master = false, prompt = false } = options;
  if (netbios !== undefined) {
    const name = netbios.toUpperCase();
    mustBeName('--netbios', name);
    mustBeName('--group', group);
    if (services.includes('wins')) {
      throw new WrongUse('option --serve: wins takes port 137, which --netbios has');
    }
    return { name, group: group.toUpperCase(), master, prompt };
  }
  for (const needs of ['group', 'scope', 'master', 'prompt'] as const) {
    if (options[needs] === undefined) continue;
    throw new WrongUse(`option --${needs}: only a machine with --netbios NAME has one`);
  }
  return undefined;
}

function mustBeName(option: string, name: string): void {
  if (/^[!-)+-;=?-~]{1,15}$/.test(name)) return;
  throw new WrongUse(`option ${option}: '${name}' is no name: 1 to 15 characters, no space`);
}

/** The scheme and the path of a link that leads out of here; the link itself is tried. */
function readLink(link: string): { scheme: OutsideScheme; path: string } {
  let found: { scheme: OutsideScheme; path: string } | undefined;
  optionValue('LINK', () => {
    openLink(link, {
      clock: new Clock(),
      random: new Random(1),
      openStream(scheme, path) {
        found = { scheme, path };
        return { write: () => {} };
      },
    }).close();
  });
  if (found !== undefined) return found;
  throw new WrongUse(`link '${link}': it leads nowhere; tap:, socket: and unix: do`);
}

// Other than everywhere else: a machine that comes back must not number its segments as before.
function readSeed(seed: string | undefined): string {
  const text = seed ?? `0x${randomBytes(8).toString('hex')}`;
  return optionValue('--seed', () => new Random(text).seed);
}

function readService(text: string): { name: ServiceName; port: number } {
  const [word = '', port] = text.trim().split(':');
  const names = Object.keys(SERVICE_PORTS) as ServiceName[];
  const name = names.find((each) => each === word);
  if (name === undefined) {
    const hint = didYouMean(word, names);
    const list = `${hint === '' ? ';' : hint} there are ${names.join(', ')}`;
    throw new WrongUse(`option --serve: '${word}' is no service${list}`);
  }
  if (port === undefined) return { name, port: SERVICE_PORTS[name] };
  if (name === 'wins') throw new WrongUse('option --serve: wins has no other port than 137');
  const number = /^[0-9]{1,5}$/.test(port) ? Number(port) : 0;
  if (number >= 1 && number <= 0xffff) return { name, port: number };
  throw new WrongUse(`option --serve: '${port}' is no port, from 1 to 65535`);
}

function readErrands({ fetch = [], put = [], ping = [] }: AttachCommand): Errand[] {
  for (const host of ping) optionValue('--ping', () => parseAddress(host, 'host'));
  for (const url of fetch) optionValue('--fetch', () => parseHttpUrl(url));
  for (const url of put) optionValue('--put', () => contentOctetsOf(parseHttpUrl(url)));
  return [
    ...ping.map((where): Errand => ({ kind: 'ping', where })),
    ...fetch.map((where): Errand => ({ kind: 'fetch', where })),
    ...put.map((where): Errand => ({ kind: 'put', where })),
  ];
}

function readNumber(
  option: string, text: string | undefined, most: number, form: RegExp,
): number {
  if (text === undefined) return Infinity;
  const value = form.test(text) ? Number(text) : NaN;
  if (value > 0 && value <= most) return value;
  throw new WrongUse(`option ${option}: '${text}' is no number above 0, at most ${most}`);
}
