/**
 * `npm run interop`: programs of others look at what the stack does. Exit code 1: something is not
 * as it must be, or what looks is not installed; 2: wrong use.
 */

import { Command, InvalidArgumentError } from 'commander';
import { runProgram } from '../../host/cli/program.js';
import { WrongUse } from '../../host/cli/wronguse.js';
import { checkBrowser } from './browser.js';
import { checkCapture } from './pcap.js';
import type { Check } from './pcap.js';

interface Options {
  readonly seed: number;
  readonly keep?: string;
}

type Part = (options: Options) => Promise<Check[]>;

const PARTS: Readonly<Record<string, Part>> = {
  pcap: async ({ seed, keep }) => checkCapture(seed, keep),
  browser: async ({ seed }) => checkBrowser(seed),
};

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new InvalidArgumentError('a whole number from 0 to 2^53 - 1 is needed');
}

/** Runs one part and prints a line for each check; true where all hold. */
async function run(name: string, part: Part, options: Options): Promise<boolean> {
  let checks: Check[];
  try {
    checks = await part(options);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    checks = [{ name: 'it runs', found, holds: false }];
  }
  for (const { name: what, found, holds } of checks) {
    process.stdout.write(`${name}  ${holds ? 'ok    ' : 'FAILED'}  ${what}: ${found}\n`);
  }
  const failed = checks.filter(({ holds }) => !holds).length;
  process.stdout.write(`${name}  ${checks.length - failed} hold, ${failed} failed\n`);
  return failed === 0;
}

function partOf(name: string): Part {
  const part = PARTS[name];
  if (part !== undefined) return part;
  throw new WrongUse(`no part ${name}; there are ${Object.keys(PARTS).join(', ')}`);
}

const program = new Command('interop')
  .description('Wireshark reads what we record; a browser runs what Node runs.')
  .argument('[part...]', Object.keys(PARTS).join(', '))
  .option('--seed <number>', 'the seed of the world', parseSeed, 5)
  .option('--keep <file>', 'pcap: leave the recording here');

process.exitCode = await runProgram(program, process.argv.slice(2), async () => {
  const names = program.args.length === 0 ? Object.keys(PARTS) : program.args;
  const wanted = names.map((name) => [name, partOf(name)] as const);
  let code = 0;
  for (const [name, part] of wanted) {
    if (!(await run(name, part, program.opts<Options>()))) code = 1;
  }
  return code;
});
