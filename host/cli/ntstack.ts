/** `ntstack`: one program, a subcommand for each thing to be done. */

import { readFileSync } from 'node:fs';
import { Command, CommanderError } from 'commander';
import { KERNEL_SCENARIOS } from '../explore/kernelscenario.js';
import { STRATEGY_NAMES } from '../explore/portfolio.js';
import { LOAD_NAMES } from '../load/mix.js';
import { RELEASES } from '../machine/release.js';
import { attach } from './attach.js';
import { SERVICE_PORTS } from './attachplan.js';
import type { AttachCommand } from './attachplan.js';
import { EXIT } from './exit.js';
import { explore } from './explore.js';
import type { ExploreCommand } from './exploreplan.js';
import { kb } from './kb.js';
import type { KbOptions } from './kb.js';
import { DEFAULT_RELEASE, DEFAULT_SECONDS } from './plan.js';
import type { RunOptions } from './plan.js';
import { prompt } from './prompt.js';
import type { PromptCommand } from './prompt.js';
import { registry } from './registry.js';
import { MOST_LONGER, run } from './run.js';
import { SCRIPT_RELEASE, SCRIPT_TARGET, script } from './script.js';
import type { ScriptCommand } from './script.js';
import { WrongUse, oneLine } from './wronguse.js';

const EXIT_CODES = `
Exit code: 0 clean, 1 a finding, 2 wrong use (a file that --pcap names and that cannot be written
is one), 3 any other failure, such as standard output that takes no more. Ctrl-C and SIGTERM have
it say how far it came: run, explore and attach leave the code as it is then, others give 3.`;

const RUN_NOTES = `
Loads stop after --seconds; then what is under way, connects that wait too, has up to 150 s of
virtual time for its end, so that a defect that shows there is found. Warnings name what the
verdict does not cover: requests without an end, a link that carried nothing, virtual time of free
that checked did not come to, Ctrl-C. They are no findings: the exit code is 0 with them.

checked runs as much virtual time as free did, for at most ${MOST_LONGER} times --seconds. SIGTERM
ends both as Ctrl-C does: with the table so far.

Gbit/s and "ns a frame" are wall time after a warm-up, the first tenth of it and at most a second,
in which the engine still compiles what it runs; booting the machines is before all of it. Other
figures are of the whole phase. Defects of a release are in checked only.`;

const KB_NOTES = `
--json gives {article, release, symptom, verdict, healthy} of a machine of one processor (of two
with --processors 2), and {symptom, verdict, healthy} of each machine in processors, by the number
of its processors: with one, IRQL stays where it was; with two, the other one spins. irql is the
level of one processor, or a list of the levels of several.

--pcap q.pcapng writes the faulty run to q.pcapng and the healthy one to q.healthy.pcapng; where
the machine of two processors is the second, its runs go to q.2p.pcapng and q.2p.healthy.pcapng.`;

const EXPLORE_NOTES = `
TARGET is FILE.wasm with its map beside it, FILE.ts of AssemblyScript (compiled by the compiler that
is installed there), a load of the main job (${KERNEL_SCENARIOS.join(', ')}),
or a program of test/explore/programs. Without --schedules and --seconds 10,000 schedules are run.

Exit code: 0 nothing found, 1 a finding that is confirmed, 2 wrong use. What is only predicted, and
what was refuted, is told and leaves it at 0.`;

const SCRIPT_NOTES = `
Scripts are packetdrill's, in virtual time, each on a machine of its own: events in their order,
packets, calls, sysctl, sockstat and tcpdrop, assertions of tcp_info. STANDARD is defined. Options
of packets are compared as a set; sizes of socket buffers are not compared.

--json gives {passed, failed, skipped, files: [{file, outcome, reason}]}. What a script needs and
is not here skips it. Exit code: 0 none failed, 1 a failure, 2 wrong use, or a script that cannot be
read.`;

const ATTACH_NOTES = `
LINK is tap:DEVICE, socket:HOST:PORT or unix:PATH (what QEMU's -netdev stream and passt speak), with
faults: tap:nt0?loss=1%&delay=20ms&reorder=1%. The device is made where it is not there, and set up.
Time is the world's: it ends with Ctrl-C, after --seconds, or when all that --ping, --fetch and
--put ask for is done and nothing is served.

http serves GET /N: N octets with their Content-Digest; PUT and POST are answered with the digest
of what came. iperf is iperf3's server. --put URL/N sends what GET /N gives.

wins is a name server for p, m and h nodes; it takes port 137, so not with --netbios. With --netbios
a machine announces itself to the master browser of its group, and gives its names back at its end.
With --prompt and --json each command has a line with an object, before the report.

Exit code: 0; 1 where something asked for failed, or the verifier found something (--target
checked); 2 wrong use; 3 where the link cannot be opened, or breaks.`;

const PROMPT_NOTES = `
The machine is WKS1 (10.0.0.1); SERVER1 and SERVER2 (10.0.0.2, 10.0.0.3) are on the same net, in the
group NTGROUP, and WINS1 (10.0.0.9) with --wins. Without -c, commands are read from standard input,
a line each, to its end or to exit; "help" lists them. Time passes only while they run.

Exit code: 0, 1 where a command failed, 2 wrong use.`;

const RELEASE_NAMES = RELEASES.map(({ name }) => name).join(', ');

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function makeProgram(done: (code: number) => void): Command {
  const program = new Command('ntstack')
    .description('Machines that run Windows NT\'s network drivers, emulated, and worlds of them.')
    .version(readVersion())
    .exitOverride()
    .configureOutput({ outputError: () => {} })
    .showHelpAfterError(false)
    .addHelpText('after', EXIT_CODES);
  addRun(program, done);
  program
    .command('kb')
    .description('an article of the Knowledge Base, faulty and healthy; all of them without one')
    .argument('[article]', 'its number, like q297040')
    .option('--processors <n>', '1 or 2; both where not given')
    .option('--seed <seed>', 'a whole number', '1')
    .option('--pcap <file>', 'writes all frames of the article\'s runs, as pcapng')
    .option('--stop', 'the variant that ends in a stop, of q126560')
    .option('--json', 'figures and verdicts as JSON, and nothing else')
    .addHelpText('after', KB_NOTES)
    .action(async (article: string | undefined, options: KbOptions) => {
      done(await kb(article, options));
    });
  addExplore(program, done);
  addScript(program, done);
  addPrompt(program, done);
  addAttach(program, done);
  program
    .command('registry')
    .description('the registry values that --set takes, with ranges and defaults')
    .argument('[name]', 'one of them')
    .action((name: string | undefined) => {
      done(registry(name));
    });
  return program;
}

/** The version of the package that this file is of. */
function readVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

function addRun(program: Command, done: (code: number) => void): void {
  program
    .command('run')
    .description('a server and clients under load: throughput on free, the verdict on checked')
    .option('--seconds <n>', 'wall time of the free phase', String(DEFAULT_SECONDS))
    .option('--load <names>', `${LOAD_NAMES.join(', ')}, mix; several: a,b (default: mix)`, collect)
    .option('--seed <seed>', 'a whole number of at most 64 bits', '1')
    .option('--release <name>', `one of ${RELEASE_NAMES}`, DEFAULT_RELEASE)
    .option('--set <Name=value>', 'a registry value; see ntstack registry', collect)
    .option('--replay <file>', 'a capture (pcap, pcapng) whose TCP connections are replayed')
    .option('--loss <p>', 'frames that are lost, like 5% or 0.05')
    .option('--delay <time>', 'how long each frame takes besides, like 20ms')
    .option('--pcap <file>', 'writes all frames of the free phase, as pcapng')
    .option('--json', 'figures and findings as JSON, and nothing else')
    .addHelpText('after', RUN_NOTES)
    .action(async (options: RunOptions) => {
      done(await run(options));
    });
}

function addExplore(program: Command, done: (code: number) => void): void {
  program
    .command('explore')
    .description('schedules of a module or of the stack: deadlocks and broken rules, replayed')
    .argument('[target...]', 'what is explored; with --merge, files of --json')
    .option('--schedules <n>', 'schedules of each scenario at most')
    .option('--seconds <n>', 'wall time at most')
    .option('--strategy <names>', `of ${STRATEGY_NAMES.join(', ')}; several: a,b`)
    .option('--seed <seed>', 'a whole number of at most 64 bits (default: 1)')
    .option('--points <level>', 'locks, interlocked or memory: where others may run')
    .option('--replay <line>', 'one schedule again, twice, from the line of a report')
    .option('--shard <i/n>', 'part I of N: other schedules than the other parts')
    .option('--merge', 'puts together what --json printed of shards')
    .option('--size <n>', 'of a program that comes in sizes')
    .option('--fixed', 'without its defect: an article, or a program that has a twin')
    .option('--processors <n>', 'of a machine whose load or article is explored (default: 2)')
    .option('--trace <file>', 'writes the first finding as a timeline for trace viewers')
    .option('--json', 'what was found as JSON, and nothing else')
    .addHelpText('after', EXPLORE_NOTES)
    .action(async (targets: string[], options: ExploreCommand) => {
      done(await explore(targets, options));
    });
}

function addScript(program: Command, done: (code: number) => void): void {
  program
    .command('script')
    .description('conversations in the language of packetdrill: files, and folders of them')
    .argument('<path...>', 'scripts, and folders whose *.pkt are run')
    .option('--release <name>', `one of ${RELEASE_NAMES}`, SCRIPT_RELEASE)
    .option('--set <Name=value>', 'a registry value; see ntstack registry', collect)
    .option('-D, --define <NAME>', 'a name that #ifdef finds; several: -D A -D B', collect)
    .option('--target <name>', 'free, checked or both', SCRIPT_TARGET)
    .option('--seed <seed>', 'a whole number of at most 64 bits', '1')
    .option('--strict', 'a packet that is left at the end is a failure')
    .option('--pcap <file>', 'writes all frames of one script, as pcapng')
    .option('--json', 'what came of each script as JSON, and nothing else')
    .addHelpText('after', SCRIPT_NOTES)
    .action(async (paths: string[], options: ScriptCommand) => {
      done(await script(paths, options));
    });
}

function addAttach(program: Command, done: (code: number) => void): void {
  program
    .command('attach')
    .description('one machine on a network that is not ours, in real time')
    .argument('<link>', 'what its card is plugged into, like tap:nt0')
    .option('--address <address>', 'of the machine, with its network, like 10.7.0.2/24')
    .option('--gateway <addresses>', 'where it sends what is not in its network: A, or A,B …')
    .option('--peer <address>', 'given to the device of tap:, like 10.7.0.1/24')
    .option('--serve <names>', `of ${Object.keys(SERVICE_PORTS).join(', ')}; name:port`, collect)
    .option('--netbios <name>', 'registers its names, gives back what sessions bring')
    .option('--group <name>', 'of which it is a member; NTGROUP where not given')
    .option('--scope <labels>', 'its NetBIOS scope')
    .option('--master', 'keeps the list of its group\'s servers')
    .option('--prompt', 'lines of standard input are commands, as of ntstack prompt')
    .option('--ping <address>', 'sends an echo request; may be repeated', collect)
    .option('--fetch <url>', 'fetches a document, and holds its digest against the server\'s',
      collect)
    .option('--put <url>', 'sends as many octets as the URL\'s last part says', collect)
    .option('--seconds <n>', 'ends by itself after so much time')
    .option('--release <name>', `one of ${RELEASE_NAMES}`, DEFAULT_RELEASE)
    .option('--set <Name=value>', 'a registry value; see ntstack registry', collect)
    .option('--target <name>', 'free, checked or explore', 'free')
    .option('--seed <seed>', 'a whole number of at most 64 bits; another one each time')
    .option('--pcap <file>', 'writes all frames, before the link\'s faults, as pcapng')
    .option('--pcap-frames <n>', 'writes the first of them only')
    .option('--json', 'counters and outcomes as JSON, and nothing else')
    .addHelpText('after', ATTACH_NOTES)
    .action(async (link: string, options: AttachCommand) => {
      done(await attach(link, options));
    });
}

function addPrompt(program: Command, done: (code: number) => void): void {
  program
    .command('prompt')
    .description('a command line as Windows NT\'s: nbtstat, netstat, ping, telnet, net')
    .option('-c, --command <line>', 'runs a command; several: -c A -c B', collect)
    .option('--release <name>', `one of ${RELEASE_NAMES}`, DEFAULT_RELEASE)
    .option('--set <Name=value>', 'a registry value of all machines', collect)
    .option('--seed <seed>', 'a whole number of at most 64 bits', '1')
    .option('--wins', 'a name server is on the net, and everybody asks it')
    .option('--pcap <file>', 'writes all frames, as pcapng')
    .option('--json', 'an object for each command, and nothing else')
    .addHelpText('after', PROMPT_NOTES)
    .action(async (options: PromptCommand) => {
      done(await prompt(options));
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
