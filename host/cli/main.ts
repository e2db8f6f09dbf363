/** `ntstack`: one program, a subcommand for each thing to be done. */

import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import { LOAD_NAMES } from '../load/mix.js';
import { RELEASES } from '../machine/release.js';
import { kb } from './kb.js';
import type { KbOptions } from './kb.js';
import { DEFAULT_RELEASE, DEFAULT_SECONDS } from './plan.js';
import type { RunOptions } from './plan.js';
import { registry } from './registry.js';
import { run } from './run.js';
import { WrongUse, oneLine } from './wronguse.js';

/** Exit codes besides 0 and the 1 of a finding. */
const EXIT = { wrongUse: 2, failure: 3 } as const;

const RELEASE_NAMES = RELEASES.map(({ name }) => name).join(', ');

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function makeProgram(done: (code: number) => void): Command {
  const program = new Command('ntstack')
    .description('Machines that run Windows NT\'s network drivers, emulated, and worlds of them.')
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false)
    .addHelpText('after', '\nExit code: 0 clean, 1 a finding, 2 wrong use.');
  addRun(program, done);
  program
    .command('kb')
    .description('an article of the Knowledge Base, faulty and healthy; all of them without one')
    .argument('[article]', 'its number, like q297040')
    .option('--processors <n>', '1 or 2; both where not given (--json: 1)')
    .option('--seed <seed>', 'a whole number', '1')
    .option('--json', 'figures and verdict as JSON')
    .action(async (article: string | undefined, options: KbOptions) => {
      done(await kb(article, options));
    });
  program
    .command('registry')
    .description('the registry values that --set takes, with ranges and defaults')
    .argument('[name]', 'one of them')
    .action((name: string | undefined) => {
      done(registry(name));
    });
  return program;
}

function addRun(program: Command, done: (code: number) => void): void {
  program
    .command('run')
    .description('a server and clients under load: throughput on free, the verdict on checked')
    .option('--seconds <n>', 'wall time of each of the two phases', String(DEFAULT_SECONDS))
    .option('--load <names>', `${LOAD_NAMES.join(', ')}, mix; several: a,b (default: mix)`, collect)
    .option('--seed <seed>', 'a whole number of at most 64 bits', '1')
    .option('--release <name>', `one of ${RELEASE_NAMES}`, DEFAULT_RELEASE)
    .option('--set <Name=value>', 'a registry value; see ntstack registry', collect)
    .option('--replay <file>', 'a capture (pcap, pcapng) whose TCP connections are replayed')
    .option('--loss <p>', 'frames that are lost, like 5% or 0.05')
    .option('--delay <time>', 'how long each frame takes besides, like 20ms')
    .option('--pcap <file>', 'writes all frames of the free phase, as pcapng')
    .option('--json', 'figures and findings as JSON, and nothing else')
    .action(async (options: RunOptions) => {
      done(await run(options));
    });
}

/**
 * Runs the program. Gives the exit code; what is wrong is one line on standard error.
 * @param args what stands behind the program's name
 */
export async function main(args: readonly string[]): Promise<number> {
  let code = 0;
  const program = makeProgram((given) => {
    code = given;
  });
  try {
    if (args.length === 0) program.outputHelp();
    else await program.parseAsync(args, { from: 'user' });
    return code;
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0;
      const words = oneLine(thrown).replace(/^error: /, '');
      process.stderr.write(`ntstack: ${words}; see ntstack --help\n`);
      return EXIT.wrongUse;
    }
    process.stderr.write(`ntstack: ${oneLine(thrown)}\n`);
    return thrown instanceof WrongUse ? EXIT.wrongUse : EXIT.failure;
  }
}

const script = process.argv[1];
if (script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url)) {
  // Whoever reads from the pipe may have seen enough.
  process.stdout.on('error', () => process.exit());
  process.exitCode = await main(process.argv.slice(2));
}
