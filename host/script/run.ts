/** Runs a script: a machine of its own, a wire, a peer; then the four questions. */

import { openWire } from '../link/wire.js';
import { tapPcap } from '../link/pcap.js';
import type { CaptureWriter } from '../link/pcapngwrite.js';
import type { Target } from '../kernel/load.js';
import { KernelStop } from '../kernel/stop.js';
import { Clock } from '../machine/clock.js';
import type { Machine } from '../machine/machine.js';
import { Random } from '../machine/random.js';
import type { Seed } from '../machine/random.js';
import { createMachine } from '../user/create.js';
import { askQuestions } from '../watch/question.js';
import { observe } from '../watch/observe.js';
import { formatVerdict } from '../watch/verdict.js';
import { Conversations } from './conversation.js';
import type { Wire } from './exchange.js';
import { Failure } from './failure.js';
import { describeHeard } from './match.js';
import { parseScript } from './parser.js';
import { Peer } from './peer.js';
import { Player } from './play.js';
import type { Program } from './program.js';
import { readSettings } from './settings.js';
import type { Settings } from './settings.js';
import { Sockets } from './sockets.js';
import { MissingFeature, ScriptSyntaxError } from './syntax.js';
import type { Script } from './syntax.js';
import { Sysctls } from './sysctl.js';
import { stateNumber } from './tcpinfo.js';
import { packetWords } from './write.js';

/** How scripts are run. */
export interface ScriptOptions {
  readonly target: Target;
  /** A kernel of the target, compiled. */
  readonly module: WebAssembly.Module;
  readonly release: string;
  /** Registry values by name. */
  readonly parameters?: Readonly<Record<string, number>>;
  /** Names that `#ifdef` finds besides STANDARD. */
  readonly defined?: readonly string[];
  readonly seed?: Seed;
  /** A packet that comes and that the script does not have, at its end, is a failure. */
  readonly strict?: boolean;
  /** Gets all frames. */
  readonly pcap?: CaptureWriter;
}

/** What came of a script. */
export interface ScriptResult {
  readonly file: string;
  readonly outcome: 'passed' | 'failed' | 'skipped' | 'malformed';
  /** Why, where it did not pass: one line, or several that show it. */
  readonly reason: string;
}

/** Names that are defined: the expectations of the RFCs, where a script has several. */
const STANDARD = 'STANDARD';
/** Ports of the remote end that connections get which name none. */
const FIRST_PORT = 40_000;

/** Runs a script. `file` is what reports call it. */
export async function runScript(
  file: string, text: string, options: ScriptOptions,
): Promise<ScriptResult> {
  const defined = new Map([STANDARD, ...options.defined ?? []].map((definition) => {
    const [name = '', value = ''] = definition.split(/=(.*)/s, 2);
    return [name, value];
  }));
  try {
    const script = parseScript(file, text, defined);
    const settings = readSettings(script);
    const found = await playScript(script, settings, options);
    if (found === undefined) return { file, outcome: 'passed', reason: '' };
    return { file, outcome: 'failed', reason: found };
  } catch (thrown) {
    if (thrown instanceof ScriptSyntaxError) {
      return { file, outcome: 'malformed', reason: thrown.message };
    }
    if (thrown instanceof MissingFeature) {
      return { file, outcome: 'skipped', reason: thrown.message };
    }
    // Whatever it is: of the other scripts something can be said.
    const words = thrown instanceof Error ? thrown.message : String(thrown);
    return { file, outcome: 'failed', reason: `${file}: ${words}` };
  }
}

/** Why a script failed; undefined where it did not. */
async function playScript(
  script: Script, settings: Settings, options: ScriptOptions,
): Promise<string | undefined> {
  const clock = new Clock();
  const random = new Random(options.seed ?? 1);
  const line = openWire({ clock, latencyNs: 0, bitsPerSecond: 0 });
  const { pcap } = options;
  const link = pcap === undefined ? line : tapPcap(line, pcap, clock, ['machine', 'script']);
  const machine = await createMachine({
    name: 'machine',
    target: options.target,
    module: options.module,
    release: options.release,
    faults: [],
    seed: random.derive('machine').seed,
    ...(options.parameters === undefined ? {} : { parameters: options.parameters }),
    address: settings.local,
    gateway: settings.gateway,
    ...(settings.mtu === undefined ? {} : { mtu: settings.mtu }),
    clock,
    link,
  });
  const program = makeProgram(machine, settings);
  const peer = new Peer(link, clock, settings.localAddress);
  peer.stationAddress = { high: machine.settings.macHigh, low: machine.settings.macLow };
  const wire = makeWire(script.path, program, peer, random);
  let failure: string | undefined;
  try {
    new Player(script, program, wire, options.strict ?? false).play();
    program.sockets.closeAll();
    clock.runUntil(clock.now);
  } catch (thrown) {
    if (!(thrown instanceof Failure) && !(thrown instanceof KernelStop)) {
      machine.stop();
      throw thrown;
    }
    failure = thrown instanceof Failure ? thrown.message : `${script.path}: ${thrown.message}`;
  }
  const verdicts = await askQuestions({
    origin: script.path, observe: () => [observe(machine)], stop: () => machine.stop(),
  });
  if (failure !== undefined || verdicts.length === 0) return failure;
  return `${script.path}: ${verdicts.map(formatVerdict).join('; ')}`;
}

function makeProgram(machine: Machine, settings: Settings): Program {
  return {
    machine,
    settings,
    sockets: new Sockets(machine),
    sysctls: new Sysctls(machine),
    dropConnections(state) {
      for (const each of machine.connections()) {
        if (state !== undefined && stateNumber(each.state) !== stateNumber(state)) continue;
        const ports = each.remotePort * 0x1_0000 + each.localPort;
        machine.user.raw.dropConnection(each.localAddress, each.remoteAddress, ports);
      }
    },
  };
}

function makeWire(path: string, program: Program, peer: Peer, random: Random): Wire {
  const { machine, settings, sockets } = program;
  const numbers = random.stream('sequence numbers');
  const conversations = new Conversations(() => numbers.next() >>> 0);
  let port = FIRST_PORT;
  return {
    path,
    peer,
    conversations,
    settings,
    drawPort: () => port++,
    hasConnection: (localPort, remotePort) => {
      return [...machine.connections(), ...machine.halfOpen()].some((each) => {
        return each.localPort === localPort && each.remotePort === remotePort;
      });
    },
    isListening: (localPort) => sockets.all().some((each) => {
      return each.state === 'listening' && each.localPort === localPort;
    }),
    wordsOf: (frame) => packetWords(describeHeard(frame, conversations.current)),
  };
}
