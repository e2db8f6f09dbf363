/** What `ntstack run` is asked for: its options, checked, and files read. */

import { readFileSync } from 'node:fs';
import type { CutOff } from '../link/pcapformat.js';
import { readCapture } from '../link/pcapread.js';
import { openLink } from '../link/open.js';
import { LOAD_NAMES, MIX } from '../load/mix.js';
import type { LoadName, LoadWeights } from '../load/mix.js';
import { readConversations } from '../load/recording.js';
import type { Conversation } from '../load/recording.js';
import { Clock } from '../machine/clock.js';
import { Random } from '../machine/random.js';
import { resolveParameters } from '../machine/registry.js';
import { findRelease } from '../machine/release.js';
import { didYouMean } from '../machine/suggest.js';
import { openOutput, reasonOf } from './capture.js';
import type { OutputFile } from './capture.js';
import { WrongUse, oneLine, optionValue } from './wronguse.js';

/** The options of `run` as they are written. */
export interface RunOptions {
  readonly seconds?: string;
  readonly load?: readonly string[];
  readonly seed?: string;
  readonly release?: string;
  readonly set?: readonly string[];
  readonly replay?: string;
  readonly loss?: string;
  readonly delay?: string;
  readonly pcap?: string;
  readonly json?: boolean;
}

/** What is to be done. */
export interface RunPlan {
  /** Wall time of the free phase. */
  readonly seconds: number;
  readonly weights: LoadWeights;
  readonly conversations: readonly Conversation[];
  /** Where the conversations are from; undefined without a replay. */
  readonly recording: string | undefined;
  /** Where the recording ends within a frame: what is said of it. */
  readonly cutOff?: string;
  /** As text that gives the same run again. */
  readonly seed: string;
  readonly release: string;
  readonly parameters: Readonly<Record<string, number>>;
  /** The link's URL. */
  readonly link: string;
  readonly pcap: OutputFile | undefined;
  readonly json: boolean;
}

/** What a run is of where nothing is said: the first release without a known defect. */
export const DEFAULT_RELEASE = 'nt40sp6a-q297040';
/** Wall time of the free phase where nothing is said. */
export const DEFAULT_SECONDS = 10;
const MOST_SECONDS = 86_400;
/** A LAN of several hops: so far that in seconds of wall time timers have something to do, too. */
const LINK = 'switch:?latency=2ms';

/**
 * The plan that options make.
 * @throws WrongUse naming the option that is wrong, and what is allowed.
 */
export function planRun(options: RunOptions): RunPlan {
  const release = options.release ?? DEFAULT_RELEASE;
  optionValue('--release', () => findRelease(release));
  const parameters = readSettings(options.set ?? []);
  optionValue('--set', () => resolveParameters(release, parameters));
  const { conversations, cutOff } = options.replay === undefined
    ? { conversations: [] } : readRecording(options.replay);
  return {
    seconds: readSeconds(options.seconds),
    weights: readWeights(options.load, options.replay),
    conversations,
    recording: options.replay,
    ...(cutOff === undefined ? {} : { cutOff }),
    seed: optionValue('--seed', () => new Random(options.seed ?? '1').seed),
    release,
    parameters,
    link: LINK + readFault('loss', options.loss) + readFault('delay', options.delay),
    pcap: options.pcap === undefined ? undefined : openOutput(options.pcap, options.replay),
    json: options.json === true,
  };
}

function readSeconds(text: string | undefined): number {
  if (text === undefined) return DEFAULT_SECONDS;
  const seconds = /^[0-9]*\.?[0-9]+$/.test(text) ? Number(text) : NaN;
  if (seconds > 0 && seconds <= MOST_SECONDS) return seconds;
  throw new WrongUse(`option --seconds: '${text}' is no number above 0, at most ${MOST_SECONDS}`);
}

// Loads by name, in any number of lists; several weigh the same, what `mix` stands for as it says.
function readWeights(
  lists: readonly string[] | undefined, replay: string | undefined,
): LoadWeights {
  const names = (lists ?? [replay === undefined ? 'mix' : 'replay'])
    .flatMap((list) => list.split(','))
    .map((name) => name.trim());
  if (replay !== undefined && !names.includes('replay')) names.push('replay');
  const weights: Partial<Record<LoadName, number>> = {};
  for (const name of names) {
    if (name === 'mix') Object.assign(weights, MIX);
    else weights[loadName(name)] ??= 1;
  }
  if (weights.replay !== undefined && replay === undefined) {
    throw new WrongUse('option --load: replay needs a recording: --replay FILE');
  }
  return weights;
}

function loadName(name: string): LoadName {
  const found = LOAD_NAMES.find((each) => each === name);
  if (found !== undefined) return found;
  const known = [...LOAD_NAMES, 'mix'];
  const hint = didYouMean(name, known);
  throw new WrongUse(
    `option --load: '${name}' is no load${hint === '' ? ';' : hint} there are ${known.join(', ')}`,
  );
}

/** Registry values of `Name=value`. @throws WrongUse for what is not so written, or twice. */
export function readSettings(settings: readonly string[]): Record<string, number> {
  const values: Record<string, number> = {};
  for (const setting of settings) {
    const match = /^([A-Za-z0-9]+)=(0x[0-9a-f]+|-?[0-9]+)$/i.exec(setting);
    if (match === null) {
      throw new WrongUse(
        `option --set: '${setting}' is not Name=value, like TcpWindowSize=8760 or 0x2238`,
      );
    }
    const name = match[1] as string;
    if (name in values) throw new WrongUse(`option --set: ${name} is given twice`);
    values[name] = Number(match[2]);
  }
  return values;
}

// A fault of the link, as its URL has it; the link itself says what it may be.
function readFault(name: 'loss' | 'delay', text: string | undefined): string {
  if (text === undefined) return '';
  const parameter = `&${name}=${encodeURIComponent(text)}`;
  try {
    openLink(LINK + parameter, { clock: new Clock(), random: new Random(1) });
  } catch (thrown) {
    const reason = oneLine(thrown).replace(/^link '.*?': /, '');
    throw new WrongUse(`option --${name}: ${reason}`, { cause: thrown });
  }
  return parameter;
}

function readRecording(path: string): Pick<RunPlan, 'conversations' | 'cutOff'> {
  const octets = optionValue('--replay', () => readOctets(path));
  let cut: CutOff | undefined;
  const { conversations, frames } = optionValue(`--replay: ${path}`, () => {
    return readConversations(readCapture(octets, (found) => {
      cut = found;
    }));
  });
  if (conversations.length > 0) return { conversations, ...describeCut(path, frames, cut) };
  throw new WrongUse(`option --replay: ${path} has no TCP connection over IPv4`);
}

function describeCut(
  path: string, frames: number, cut: CutOff | undefined,
): Pick<RunPlan, 'cutOff'> {
  if (cut === undefined) return {};
  const cutOff = `${path} is cut off at offset ${cut.offset}: ${frames} frames are whole, ` +
    '1 record is left out';
  return { cutOff };
}

function readOctets(path: string): Uint8Array {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (thrown) {
    throw new Error(`${path} cannot be read: ${reasonOf(thrown)}`, { cause: thrown });
  }
}
