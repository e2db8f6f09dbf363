/** `ntstack prompt`: a command line as Windows NT's, on a machine of a small network. */

import { createInterface } from 'node:readline';
import { setImmediate as turn } from 'node:timers/promises';
import type { Machine } from '../machine/machine.js';
import { Random } from '../machine/random.js';
import { resolveParameters } from '../machine/registry.js';
import { findRelease } from '../machine/release.js';
import type { World } from '../machine/world.js';
import { Browser } from '../user/browser.js';
import { createWorld } from '../user/create.js';
import { NameServer } from '../user/nameserver.js';
import { Prompt } from '../user/prompt.js';
import type { Answer } from '../user/prompt.js';
import { registerStation } from '../user/station.js';
import { openOutput, startCapture } from './capture.js';
import { Interruption, listenForSignals } from './interrupt.js';
import { readSettings } from './plan.js';
import { optionValue } from './wronguse.js';

/** The options of `prompt` as they are written. */
export interface PromptCommand {
  readonly command?: readonly string[];
  readonly release?: string;
  readonly set?: readonly string[];
  readonly seed?: string;
  readonly wins?: boolean;
  readonly pcap?: string;
  readonly json?: boolean;
}

const GROUP = 'NTGROUP';
const OWN = 'WKS1';
const OWN_ADDRESS = '10.0.0.1';
const SERVERS: Readonly<Record<string, readonly [address: string, comment: string]>> = {
  SERVER1: ['10.0.0.2', 'Files'],
  SERVER2: ['10.0.0.3', 'Printers'],
};
const WINS = ['WINS1', '10.0.0.9'] as const;
const WINS_NUMBER = 0x0a000009;
/** What registering all names takes, and more. */
const START_NS = 120e9;
const TELNET_PORT = 23;

/**
 * Runs commands: those of -c, else lines of standard input. Gives the exit code: 1: one failed.
 * @throws WrongUse for an option that is wrong; Error where somebody ended it before they did.
 */
export async function prompt(options: PromptCommand): Promise<number> {
  const { release = 'nt40sp6a' } = options;
  optionValue('--release', () => findRelease(release));
  const parameters = readSettings(options.set ?? []);
  optionValue('--set', () => resolveParameters(release, parameters));
  const seed = optionValue('--seed', () => new Random(options.seed ?? '1').seed);
  const capture = options.pcap === undefined ? undefined : startCapture(openOutput(options.pcap));
  const world = await createWorld({
    seed, release, faults: [], link: 'switch:',
    parameters: options.wins === true ? { NameServer: WINS_NUMBER, ...parameters } : parameters,
    ...(capture === undefined ? {} : { pcap: capture.writer }),
    machines: [
      { name: OWN, address: `${OWN_ADDRESS}/24`, netbios: true },
      ...Object.entries(SERVERS).map(([name, [address]]) =>
        ({ name, address: `${address}/24`, netbios: true })),
      ...(options.wins === true ? [{ name: WINS[0], address: `${WINS[1]}/24` }] : []),
    ],
  });
  const shell = await start(world, options.wins === true);
  const json = options.json === true;
  const done = options.command === undefined
    ? await converse(shell, json) : await runAll(shell, options.command, json);
  capture?.end();
  if (done.interrupted) throw new Error(`interrupted: ${done.ran} commands were run`);
  return done.failed ? 1 : 0;
}

/** How a series of commands went. */
interface Done {
  ran: number;
  /** One of them failed. */
  failed: boolean;
  /** Somebody wanted an end before theirs. */
  interrupted: boolean;
}

/** Registers everybody's names, starts the services, waits until all is there. */
async function start(world: World, wins: boolean): Promise<Prompt> {
  const machine = (name: string): Machine => {
    const found = world.machines.find((each) => each.name === name);
    if (found === undefined) throw new Error(`there is no machine ${name}`);
    return found;
  };
  if (wins) await world.complete(NameServer.start(machine(WINS[0])), START_NS);
  const own = machine(OWN);
  const browser = new Browser(own, GROUP);
  await world.complete(
    Promise.all([OWN, ...Object.keys(SERVERS)].map((name) =>
      registerStation(machine(name), name, GROUP))), START_NS);
  await world.complete(browser.master(), START_NS);
  for (const [name, [, comment]] of Object.entries(SERVERS)) {
    const server = machine(name);
    await world.complete(server.user.listen(TELNET_PORT, {}, async (socket) => {
      await socket.send(`Welcome to ${name}\r\n`);
      await socket.receiveAll();
      await socket.close();
    }), START_NS);
    const from = await world.complete(server.user.netbios.add(`${name}<20>`), START_NS);
    void new Browser(server, GROUP).announce(from, comment);
  }
  await world.run(1e9);
  return new Prompt(world, own, browser);
}

async function runAll(shell: Prompt, lines: readonly string[], json: boolean): Promise<Done> {
  const done: Done = { ran: 0, failed: false, interrupted: false };
  const interruption = new Interruption();
  for (const line of lines) {
    // Signals are heard only in a turn of the loop.
    await turn();
    done.interrupted = interruption.came;
    if (done.interrupted) break;
    await runOne(shell, line, json, done);
  }
  interruption.end();
  return done;
}

async function runOne(shell: Prompt, line: string, json: boolean, done: Done): Promise<void> {
  const answer = await shell.run(line);
  printAnswer(line, answer, json);
  done.ran++;
  done.failed ||= answer.failed === true;
}

/** Lines of standard input until its end, or `exit`; a terminal gets a prompt. */
async function converse(shell: Prompt, json: boolean): Promise<Done> {
  const terminal = process.stdin.isTTY && process.stdout.isTTY && !json;
  const lines = createInterface({ input: process.stdin, terminal });
  const say = (): void => {
    if (terminal) process.stdout.write('\nC:\\>');
  };
  const done: Done = { ran: 0, failed: false, interrupted: false };
  const ignore = listenForSignals(() => {
    done.interrupted = true;
    ignore();
    lines.close();
  });
  say();
  for await (const line of lines) {
    if (done.interrupted || /^\s*exit\s*$/i.test(line)) break;
    await runOne(shell, line, json, done);
    say();
  }
  ignore();
  lines.close();
  return done;
}

/** Prints what a command came to: its text, or an object in a line. */
export function printAnswer(
  line: string, { text, data, failed = false }: Answer, json: boolean,
): void {
  if (line.trim() === '') return;
  process.stdout.write(json
    ? `${JSON.stringify({ command: line.trim(), failed, data })}\n` : `${text}\n`);
}
