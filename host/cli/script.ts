/** `ntstack script`: conversations in the language of packetdrill, in virtual time. */

import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { loadModule } from '../kernel/load.js';
import { Random } from '../machine/random.js';
import { resolveParameters } from '../machine/registry.js';
import { findRelease } from '../machine/release.js';
import { runSuite, summarize } from '../script/suite.js';
import type { ScriptText, SuiteKernel } from '../script/suite.js';
import type { ScriptResult } from '../script/run.js';
import { openOutput, reasonOf, startCapture } from './capture.js';
import type { Capture } from './capture.js';
import { Interruption } from './interrupt.js';
import { readSettings } from './plan.js';
import { startLine } from './progress.js';
import { formatCount, paintFor } from './show.js';
import type { Paint } from './show.js';
import { WrongUse, optionValue } from './wronguse.js';

/** The options of `script` as they are written. */
export interface ScriptCommand {
  readonly release?: string;
  readonly target?: string;
  readonly set?: readonly string[];
  readonly define?: readonly string[];
  readonly seed?: string;
  readonly strict?: boolean;
  readonly pcap?: string;
  readonly json?: boolean;
}

/** The release that scripts are run on where nothing is said. */
export const SCRIPT_RELEASE = 'modern';
/** And the kernel: the one that judges. */
export const SCRIPT_TARGET = 'checked';

const TARGETS: Readonly<Record<string, readonly SuiteKernel['target'][]>> = {
  free: ['free'], checked: ['checked'], both: ['free', 'checked'],
};
const ENDING = '.pkt';

/**
 * Runs scripts: files, and those in folders. Gives the exit code: 0 where none failed, 1 where one
 * did, 2 where one cannot be read as a script.
 * @throws WrongUse for an option that is wrong, or a file that cannot be read; Error where somebody
 * ended it before all was run, after what came of the others is printed.
 */
export async function script(
  paths: readonly string[], options: ScriptCommand,
): Promise<number> {
  const { release = SCRIPT_RELEASE, target = SCRIPT_TARGET } = options;
  optionValue('--release', () => findRelease(release));
  const targets = TARGETS[target];
  if (targets === undefined) {
    const names = Object.keys(TARGETS).join(', ');
    throw new WrongUse(`option --target: '${target}' is none of ${names}`);
  }
  const parameters = readSettings(options.set ?? []);
  optionValue('--set', () => resolveParameters(release, parameters));
  const seed = optionValue('--seed', () => new Random(options.seed ?? '1').seed);
  const scripts = paths.flatMap(scriptsAt);
  const capture = captureFor(options.pcap, scripts, targets.length);
  const kernels: SuiteKernel[] = [];
  for (const each of targets) kernels.push({ target: each, module: await loadModule(each) });
  const results = await runAll(scripts, options, {
    release, parameters, seed, kernels, strict: options.strict === true,
    defined: (options.define ?? []).map(checkDefinition),
    ...(capture === undefined ? {} : { pcap: capture.writer }),
  });
  capture?.end();
  const summary = summarize(results);
  if (options.json === true) process.stdout.write(`${JSON.stringify(summary, undefined, 2)}\n`);
  else {
    const { passed, failed, skipped } = summary;
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }
  if (results.length < scripts.length) {
    throw new Error(`interrupted: ${results.length} of ${scripts.length} scripts were run`);
  }
  if (results.some(({ outcome }) => outcome === 'malformed')) return 2;
  return summary.failed === 0 ? 0 : 1;
}

async function runAll(
  scripts: readonly ScriptText[], { json }: ScriptCommand,
  options: Parameters<typeof runSuite>[1],
): Promise<ScriptResult[]> {
  const line = startLine('scripts');
  const paint = paintFor(process.stdout);
  const told: string[] = [];
  const interruption = new Interruption();
  try {
    return await runSuite(scripts, {
      ...options,
      async onResult(result, done) {
        line.show(done / scripts.length, `${formatCount(done)} of ${formatCount(scripts.length)}`);
        if (json !== true && result.outcome !== 'passed') told.push(describe(result, paint));
        // Signals are heard only in a turn of the loop.
        await turn();
        return !interruption.came;
      },
    });
  } finally {
    interruption.end();
    line.end();
    for (const each of told) process.stdout.write(`${each}\n`);
  }
}

function describe({ file, outcome, reason }: ScriptResult, paint: Paint): string {
  if (outcome === 'skipped') return `${paint.yellow('skipped')}  ${file}: ${reason}`;
  return `${paint.red(outcome === 'malformed' ? 'no script' : 'failed ')}  ${reason}`;
}

/** A script, or all that are in a folder and those in it. @throws WrongUse where there is none. */
function scriptsAt(path: string): ScriptText[] {
  const files = filesAt(path);
  if (files.length === 0) throw new WrongUse(`${path}: no file in it ends in ${ENDING}`);
  return files.map((file) => ({ file, text: read(file, () => readFileSync(file, 'utf8')) }));
}

function filesAt(path: string): string[] {
  if (!read(path, () => statSync(path)).isDirectory()) return [path];
  const names = read(path, () => readdirSync(path, { recursive: true, encoding: 'utf8' }));
  return names.filter((name) => name.endsWith(ENDING)).sort().map((name) => join(path, name));
}

function read<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (thrown) {
    throw new WrongUse(`${path} cannot be read: ${reasonOf(thrown)}`, { cause: thrown });
  }
}

function checkDefinition(definition: string): string {
  if (/^[A-Za-z_]\w*(=.*)?$/.test(definition)) return definition;
  throw new WrongUse(`option -D: '${definition}' is no name, and no NAME=value`);
}

function captureFor(
  path: string | undefined, scripts: readonly ScriptText[], targets: number,
): Capture | undefined {
  if (path === undefined) return undefined;
  const [only] = scripts;
  if (scripts.length === 1 && targets === 1) return startCapture(openOutput(path, only?.file));
  throw new WrongUse('option --pcap: the frames of one script on one target are written');
}
