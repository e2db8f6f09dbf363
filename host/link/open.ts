/**
 * A link from a URL: `wire:?latency=5us&rate=1G`, `hub:`, `switch:`, `pcap:FILE`, and out of here
 * `tap:DEVICE`, `socket:HOST:PORT`, `unix:PATH`; each with faults.
 */

import type { Clock } from '../machine/clock.js';
import type { Random } from '../machine/random.js';
import { withCorruption } from './corrupt.js';
import { withDelay } from './delay.js';
import { withDuplicates } from './duplicate.js';
import { openHub } from './hub.js';
import type { Link } from './link.js';
import { withLoss } from './loss.js';
import { LONGEST_NS } from './option.js';
import { plugOutside } from './outside.js';
import type { OutsideEnd, OutsideStream } from './outside.js';
import { replayPcap } from './pcap.js';
import { withReordering } from './reorder.js';
import { openWire } from './wire.js';

/** What a link needs from outside. */
export interface OpenOptions {
  readonly clock: Clock;
  /** The seed of this link's faults: one of its own, or two links share their chance. */
  readonly random: Random;
  /** The octets of a file, for `pcap:`; without it there is no `pcap:`. */
  readonly readFile?: (path: string) => Uint8Array;
  /** Opens the stream of `tap:`, `socket:` and `unix:`; without it there is none of them. */
  readonly openStream?: (scheme: OutsideScheme, path: string, end: OutsideEnd) => OutsideStream;
  /** Stands between the ends of such a link and its faults: a recorder of both directions. */
  readonly around?: (link: Link) => Link;
}

/** Schemes of links whose other end is not ours. */
export type OutsideScheme = 'tap' | 'socket' | 'unix';

// How the text of a parameter is read: a number, or NaN; and what it may be, in words.
interface Notation {
  readonly allowed: string;
  read(text: string): number;
}

const DURATION_UNITS: Record<string, number> = { ns: 1, us: 1e3, 'µs': 1e3, ms: 1e6, s: 1e9 };
const RATE_UNITS: Record<string, number> = { '': 1, k: 1e3, M: 1e6, G: 1e9 };
const HIGHEST_RATE = 1e13;

const DURATION: Notation = {
  allowed: 'a time of at most an hour, like 20ms, 5us, 1.5s, 100ns or 0',
  read: (text) => within(scaled(text, /^([0-9.]+)(ns|us|µs|ms|s)$/, DURATION_UNITS), LONGEST_NS),
};
const RATE: Notation = {
  allowed: 'bits a second, like 1G, 100M, 56k or 9600, or 0 for no limit',
  read: (text) => within(scaled(text, /^([0-9.]+)([kMG]?)$/, RATE_UNITS), HIGHEST_RATE),
};
const PROBABILITY: Notation = {
  allowed: 'a probability, like 5% or 0.05',
  read(text) {
    const match = /^([0-9.]+)(%?)$/.exec(text);
    const value = Number(match?.[1] ?? NaN) / (match?.[2] === '%' ? 100 : 1);
    return value <= 1 ? value : NaN;
  },
};
const FRAMES: Notation = {
  allowed: 'a number of frames from 1 to 1000000000',
  read: (text) => (/^[1-9][0-9]{0,9}$/.test(text) ? within(Number(text), 1e9) : NaN),
};
const OVERTAKERS: Notation = {
  allowed: 'a number of frames from 1 to 65535',
  read: (text) => (/^[1-9][0-9]{0,4}$/.test(text) ? within(Number(text), 65_535) : NaN),
};

const FAULTS: Record<string, Notation> = {
  loss: PROBABILITY,
  duplicate: PROBABILITY,
  corrupt: PROBABILITY,
  reorder: PROBABILITY,
  overtake: OVERTAKERS,
  hold: DURATION,
  delay: DURATION,
  jitter: DURATION,
};
const LINE: Record<string, Notation> = { latency: DURATION, rate: RATE, queue: FRAMES };
const SCHEMES: Record<string, Record<string, Notation>> = {
  wire: { ...LINE, ...FAULTS },
  hub: { latency: DURATION, queue: FRAMES, ...FAULTS },
  switch: { latency: DURATION, queue: FRAMES, ...FAULTS },
  pcap: { ...LINE, ...FAULTS },
  tap: { ...LINE, ...FAULTS },
  socket: { ...LINE, ...FAULTS },
  unix: { ...LINE, ...FAULTS },
};
// What follows the scheme of a link that leads out, and how that is said.
const OUTSIDE: Readonly<Record<OutsideScheme, readonly [form: RegExp, words: string]>> = {
  tap: [/^[A-Za-z0-9][A-Za-z0-9_.-]{0,14}$/, 'a device of at most 15 letters, like tap:nt0'],
  socket: [/^[^:/]+:[0-9]{1,5}$/, 'a host and a port, like socket:127.0.0.1:1234'],
  unix: [/^[^\0]{1,107}$/, 'the path of a socket, like unix:/tmp/passt.socket'],
};
// These say more of a fault, and nothing without it.
const DETAILS: Record<string, string> = { overtake: 'reorder', hold: 'reorder' };

/**
 * Opens a link. A frame meets the faults in this order: loss, duplicate, corrupt, reorder
 * (`overtake`: by how many frames, `hold`: for how long at most), delay with jitter; each
 * direction has its own. `pcap:` plays over a wire that has latency 0 and no limit of rate if the
 * URL does not say otherwise, and so do those that lead out of here. In a file's name, `%`, `?`
 * and `&` are written `%25`, `%3F`, `%26`.
 * @throws TypeError naming the scheme, the parameter or the value, and what is allowed; Error for
 * a capture that is malformed.
 */
export function openLink(url: string, options: OpenOptions): Link {
  const match = /^([a-z][a-z0-9]*):([^?]*)(?:\?(.*))?$/s.exec(url);
  const scheme = match?.[1] ?? '';
  const notations = Object.hasOwn(SCHEMES, scheme) ? SCHEMES[scheme] : undefined;
  if (match === null || notations === undefined) {
    const schemes = Object.keys(SCHEMES).map((each) => `${each}:`);
    throw new TypeError(`link '${url}': it must begin with one of ${schemes.join(', ')}`);
  }
  const path = decodePath(url, match[2] ?? '');
  const values = readParameters(url, match[3] ?? '', notations);
  if (isOutside(scheme)) return openOutside(url, scheme, path, values, options);
  if (scheme !== 'pcap' && path !== '') {
    throw new TypeError(`link '${url}': ${scheme}: takes no '${path}', only ?parameters`);
  }
  const { clock } = options;
  const { latency, rate, queue } = lineOf(values);
  if (scheme === 'hub' || scheme === 'switch') {
    const hub = openHub({ clock, learn: scheme === 'switch', ...latency, ...queue });
    return withFaults(hub, values, options);
  }
  if (scheme === 'wire') {
    return withFaults(openWire({ clock, ...latency, ...rate, ...queue }), values, options);
  }
  if (path === '' || options.readFile === undefined) {
    throw new TypeError(`link '${url}': pcap: needs ${path === '' ? 'a file' : 'readFile'}`);
  }
  const capture = options.readFile(path);
  const wire = openWire({ clock, latencyNs: 0, bitsPerSecond: 0, ...latency, ...rate, ...queue });
  return replayPcap(withFaults(wire, values, options), capture, clock);
}

function isOutside(scheme: string): scheme is OutsideScheme {
  return Object.hasOwn(OUTSIDE, scheme);
}

function openOutside(
  url: string, scheme: OutsideScheme, path: string, values: Map<string, number>,
  options: OpenOptions,
): Link {
  const { clock, openStream, around = (link: Link) => link } = options;
  const [form, words] = OUTSIDE[scheme];
  if (!form.test(path)) throw new TypeError(`link '${url}': ${scheme}: needs ${words}`);
  if (openStream === undefined) {
    throw new TypeError(`link '${url}': ${scheme}: needs openStream; ntstack attach has it`);
  }
  const { latency, rate, queue } = lineOf(values);
  const wire = openWire({ clock, latencyNs: 0, bitsPerSecond: 0, ...latency, ...rate, ...queue });
  const link = around(withFaults(wire, values, options));
  return plugOutside(link, (end) => openStream(scheme, path, end));
}

// What a URL says of a line, as the options of it.
function lineOf(values: Map<string, number>) {
  const latencyNs = values.get('latency');
  const bitsPerSecond = values.get('rate');
  const queueFrames = values.get('queue');
  return {
    latency: latencyNs === undefined ? {} : { latencyNs },
    rate: bitsPerSecond === undefined ? {} : { bitsPerSecond },
    queue: queueFrames === undefined ? {} : { queueFrames },
  };
}

// The fault that a frame meets last is wrapped first.
function withFaults(link: Link, values: Map<string, number>, options: OpenOptions): Link {
  const { clock, random } = options;
  let faulty = link;
  const delayNs = values.get('delay') ?? 0;
  const jitterNs = values.get('jitter') ?? 0;
  if (delayNs > 0 || jitterNs > 0) {
    const queueFrames = values.get('queue');
    const queue = queueFrames === undefined ? {} : { queueFrames };
    faulty = withDelay(faulty, { clock, random, delayNs, jitterNs, ...queue });
  }
  const reorder = values.get('reorder') ?? 0;
  if (reorder > 0) {
    const overtakenBy = values.get('overtake');
    const holdNs = values.get('hold');
    faulty = withReordering(faulty, {
      clock,
      random,
      probability: reorder,
      ...(overtakenBy === undefined ? {} : { overtakenBy }),
      ...(holdNs === undefined ? {} : { holdNs }),
    });
  }
  const corrupt = values.get('corrupt') ?? 0;
  if (corrupt > 0) faulty = withCorruption(faulty, { random, probability: corrupt });
  const duplicate = values.get('duplicate') ?? 0;
  if (duplicate > 0) faulty = withDuplicates(faulty, { random, probability: duplicate });
  const loss = values.get('loss') ?? 0;
  if (loss > 0) faulty = withLoss(faulty, { random, probability: loss });
  return faulty;
}

function readParameters(
  url: string, query: string, notations: Record<string, Notation>,
): Map<string, number> {
  const values = new Map<string, number>();
  for (const [name, text] of new URLSearchParams(query)) {
    const notation = Object.hasOwn(notations, name) ? notations[name] : undefined;
    if (notation === undefined) {
      const allowed = Object.keys(notations).join(', ');
      throw new TypeError(`link '${url}': unknown parameter '${name}'; there are ${allowed}`);
    }
    if (values.has(name)) throw new TypeError(`link '${url}': '${name}' is given twice`);
    const value = notation.read(text);
    if (Number.isNaN(value)) {
      throw new TypeError(`link '${url}': ${name}=${text} is not ${notation.allowed}`);
    }
    values.set(name, value);
  }
  for (const [detail, fault] of Object.entries(DETAILS)) {
    if (values.has(detail) && !values.has(fault)) {
      throw new TypeError(`link '${url}': '${detail}' needs '${fault}'`);
    }
  }
  return values;
}

function decodePath(url: string, path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    throw new TypeError(`link '${url}': a % in a file's name is written %25`);
  }
}

// A number with a unit, in whole units of 1; NaN if it is none, or too small to be told from 0.
function scaled(text: string, form: RegExp, units: Record<string, number>): number {
  if (text === '0') return 0;
  const match = form.exec(text);
  const value = Math.round(Number(match?.[1] ?? NaN) * (units[match?.[2] ?? ''] ?? NaN));
  return value > 0 ? value : NaN;
}

function within(value: number, limit: number): number {
  return value <= limit ? value : NaN;
}
