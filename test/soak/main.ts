/**
 * `npm run soak`: what `npm test` does in small, in full. A line for each run, exit code 1 where
 * something is not as it must be, 130 where Ctrl-C ended it: at the next run, with what was done.
 */

import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { Command, InvalidArgumentError } from 'commander';
import { runProgram } from '../../host/cli/program.js';
import { WrongUse } from '../../host/cli/wronguse.js';
import { createWorld } from '../../host/index.js';
import type { World, WorldOptions } from '../../host/index.js';
import { findRelease } from '../../host/machine/release.js';
import { askQuestions, subjectOf } from '../../host/watch/question.js';
import { formatVerdict } from '../../host/watch/verdict.js';
import { faultsOf, runLossy } from '../machine/lossy.js';
import type { LossyOptions } from '../machine/lossy.js';
import { runTests } from './vitest.js';

interface Options {
  readonly seeds: number;
  readonly first: number;
  readonly octets: number;
  readonly release: readonly string[];
  readonly target: LossyOptions['target'];
  readonly frames: number;
  readonly syns: number;
  readonly sessions: number;
}

/** How often each ended. */
interface Count {
  passed: number;
  failed: number;
}

type Part = (options: Options, count: Count) => Promise<void>;

const PARTS: Readonly<Record<string, Part>> = {
  transfers,
  fuzz: async ({ frames }, count) => {
    const environment = { NTSTACK_FUZZ_FRAMES: String(frames) };
    await suite('fuzz', `${frames} frames`, ['test/fuzz/garbage'], environment, count);
  },
  synflood: async ({ syns }, count) => {
    const environment = { NTSTACK_FLOOD_SYNS: String(syns) };
    await suite('synflood', `${syns} SYNs`, ['test/tcpip/tcp/synflood'], environment, count);
  },
  netbt: async ({ sessions, frames }, count) => {
    const environment = { NTSTACK_NETBT_SESSIONS: String(sessions) };
    await suite('netbt', `${sessions} sessions`, ['test/netbt/session/many'], environment, count);
    const packets = { NTSTACK_FUZZ_FRAMES: String(frames) };
    await suite('netbt', `${frames} session packets`, ['test/fuzz/sessions'], packets, count);
    await suite('netbt', `${frames} name packets`, ['test/fuzz/names'], packets, count);
    const cuts = 'each truncation of each recorded packet';
    await suite('netbt', cuts, ['test/fuzz/truncations'], packets, count);
  },
  allocations: async (_, count) => {
    await suite('allocations', 'each of them fails', ['test/fuzz/allocation'], {}, count);
  },
};

let interrupted = false;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Transfers over a wire with all faults: each release with each seed. */
async function transfers(options: Options, count: Count): Promise<void> {
  const { seeds, first, octets, target } = options;
  for (const release of options.release) {
    for (let seed = first; seed < first + seeds; seed++) {
      if (interrupted) return;
      // With a turn now and then, or no signal is heard.
      await transfer({ seed, octets, release, target, pause: turn }, count);
    }
  }
}

async function transfer(options: LossyOptions, count: Count): Promise<void> {
  const began = performance.now();
  const worlds: World[] = [];
  const makeWorld = async (each: WorldOptions): Promise<World> => {
    const world = await createWorld(each);
    worlds.push(world);
    return world;
  };
  const outcome = await runLossy(makeWorld, options);
  const wallSeconds = (performance.now() - began) / 1000;
  const faults = faultsOf(options, outcome);
  for (const world of worlds) {
    faults.push(...(await askQuestions(await subjectOf(world))).map(formatVerdict));
  }
  count[faults.length === 0 ? 'passed' : 'failed']++;
  const { octets, seconds, silence, retransmissions, frames, arrived } = outcome;
  say([
    `transfer  ${faults.length === 0 ? 'ok    ' : 'FAILED'}`,
    `${options.release} seed ${options.seed}:`,
    `${octets} octets in ${seconds.toFixed(1)} s (${wallSeconds.toFixed(1)} s of wall time),`,
    `${(octets / seconds / 1000).toFixed(1)} kB/s,`,
    `longest silence ${silence.toFixed(1)} s, ${frames} frames,`,
    `${retransmissions} retransmissions, sha256 ${arrived.slice(0, 16)}`,
  ].join(' '));
  for (const fault of faults) say(`    ${fault}`);
  if (faults.length > 0) {
    const again = `--seeds 1 --first ${options.seed} --octets ${options.octets}`;
    say(`    reproduce: npm run soak -- transfers ${again} --release ${options.release}`);
  }
}

/** Test files whose paths have one of `parts`, with what makes them long. */
async function suite(
  name: string,
  about: string,
  parts: readonly string[],
  environment: Readonly<Record<string, string>>,
  count: Count,
): Promise<void> {
  if (interrupted) return;
  const began = performance.now();
  const { passed, text } = await runTests(parts, environment);
  const wallSeconds = (performance.now() - began) / 1000;
  // The signal went to its process as well.
  if (interrupted) return say(`${name.padEnd(9)} interrupted`);
  count[passed ? 'passed' : 'failed']++;
  const last = text.split('\n').at(-1) ?? '';
  say(`${name.padEnd(9)} ${passed ? 'ok    ' : 'FAILED'} ${about}: ${last}, ` +
    `${wallSeconds.toFixed(1)} s of wall time`);
  if (!passed) say(text);
}

function whole(text: string): number {
  const value = Number(text);
  if (/^[1-9][0-9]*$/.test(text) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('a whole number from 1 on is needed');
}

function thousands(text: string): number {
  const value = whole(text);
  if (value % 1000 === 0 && value >= 20_000) return value;
  throw new InvalidArgumentError('a multiple of 1000 from 20000 on is needed');
}

function releases(text: string): string[] {
  try {
    return text.split(',').map((name) => findRelease(name).name);
  } catch (error) {
    throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
  }
}

function targetNamed(text: string): LossyOptions['target'] {
  if (text === 'free' || text === 'checked') return text;
  throw new InvalidArgumentError('free or checked');
}

async function soak(names: readonly string[], options: Options): Promise<number> {
  const parts = names.map((name) => {
    const part = PARTS[name];
    if (part !== undefined) return part;
    throw new WrongUse(`no part ${name}; there are ${Object.keys(PARTS).join(', ')}`);
  });
  process.once('SIGINT', () => {
    interrupted = true;
  });
  const count: Count = { passed: 0, failed: 0 };
  for (const part of parts) await part(options, count);
  say(`${count.passed} passed, ${count.failed} failed${interrupted ? ', interrupted' : ''}`);
  if (count.failed > 0) return 1;
  return interrupted ? 130 : 0;
}

// Free: transfers are long; `npm test` has them of 2 MB on both kernels.
const program = new Command('soak')
  .description('Long runs: bad wires, a million bad frames or SYNs, 10,000 sessions, no memory.')
  .argument('[part...]', Object.keys(PARTS).join(', '))
  .option('--seeds <number>', 'transfers: how many seeds', whole, 20)
  .option('--first <number>', 'transfers: the first of them', whole, 1)
  .option('--octets <number>', 'transfers: octets of each', whole, 100_000_000)
  .option('--release <names>', 'transfers: of which releases', releases,
    ['nt40sp6a-q297040', 'modern'])
  .option('--target <name>', 'transfers: free or checked', targetNamed, 'free')
  .option('--frames <number>', 'fuzz, netbt: how many frames', whole, 1_000_000)
  .option('--syns <number>', 'synflood: how many SYNs, a multiple of 1,000', thousands, 1_000_000)
  .option('--sessions <number>', 'netbt: how many sessions', whole, 10_000);

process.exitCode = await runProgram(program, process.argv.slice(2), async () => {
  const names = program.args.length === 0 ? Object.keys(PARTS) : program.args;
  return soak(names, program.opts<Options>());
});
