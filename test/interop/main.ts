/**
 * `npm run interop`: programs of others look at what the stack does. Exit code 1: something is not
 * as it must be, or what looks is not installed; 2: wrong use.
 */

import { Command, InvalidArgumentError } from 'commander';
import { runProgram } from '../../host/cli/program.js';
import { WrongUse } from '../../host/cli/wronguse.js';
import { checkBrowser } from './browser.js';
import { NotPermitted, checkInside } from './namespace.js';
import { checkCapture } from './pcap.js';
import type { Check } from './pcap.js';

interface Options {
  readonly seed: number;
  readonly keep?: string;
  readonly mebibytes: number;
}

type Part = (options: Options) => Promise<Check[]> | AsyncGenerator<Check>;

const PARTS: Readonly<Record<string, Part>> = {
  pcap: async ({ seed, keep }) => checkCapture(seed, keep),
  browser: async ({ seed }) => checkBrowser(seed),
  tcp: ({ seed, mebibytes }) => checkInside({ part: 'tcp', seed, mebibytes }),
  nmap: ({ seed, mebibytes }) => checkInside({ part: 'nmap', seed, mebibytes }),
  netbt: ({ seed, mebibytes }) => checkInside({ part: 'netbt', seed, mebibytes }),
};

function parseMebibytes(text: string): number {
  const mebibytes = Number(text);
  if (/^[0-9]+$/.test(text) && mebibytes >= 1 && mebibytes <= 8192) return mebibytes;
  throw new InvalidArgumentError('a whole number from 1 to 8192 is needed');
}

function parseSeed(text: string): number {
  const seed = Number(text);
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(seed)) return seed;
  throw new InvalidArgumentError('a whole number from 0 to 2^53 - 1 is needed');
}

/** Runs one part and prints a line for each check as it comes; true where all hold. */
async function run(name: string, part: Part, options: Options): Promise<boolean> {
  let [holding, failed] = [0, 0];
  const tell = ({ name: what, found, holds }: Check): void => {
    process.stdout.write(`${name}  ${holds ? 'ok    ' : 'FAILED'}  ${what}: ${found}\n`);
    if (holds) holding++;
    else failed++;
  };
  try {
    for await (const check of await part(options)) tell(check);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    if (error instanceof NotPermitted) {
      // What this kernel does not permit says nothing of the stack, and is no failure.
      process.stdout.write(`${name}  skipped: ${found}\n`);
      return true;
    }
    tell({ name: 'it runs', found, holds: false });
  }
  process.stdout.write(`${name}  ${holding} hold, ${failed} failed\n`);
  return failed === 0;
}

function partOf(name: string): Part {
  const part = PARTS[name];
  if (part !== undefined) return part;
  throw new WrongUse(`no part ${name}; there are ${Object.keys(PARTS).join(', ')}`);
}

const program = new Command('interop')
  .description('Wireshark reads it; a browser runs it; Linux, nmap and Samba talk to us.')
  .argument('[part...]', Object.keys(PARTS).join(', '))
  .option('--seed <number>', 'the seed of the world', parseSeed, 5)
  .option('--keep <file>', 'pcap: leave the recording here')
  .option('--mebibytes <n>', 'tcp: each way on a clean link', parseMebibytes, 1024);

process.exitCode = await runProgram(program, process.argv.slice(2), async () => {
  const names = program.args.length === 0 ? Object.keys(PARTS) : program.args;
  const wanted = names.map((name) => [name, partOf(name)] as const);
  let code = 0;
  for (const [name, part] of wanted) {
    if (!(await run(name, part, program.opts<Options>()))) code = 1;
  }
  return code;
});
