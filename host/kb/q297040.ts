/**
 * Q297040: with SynAttackProtect set, a connect to a host that is not there leaves the lock of the
 * connection table held, and its processor at DISPATCH_LEVEL.
 */

import type { Machine } from '../machine/machine.js';
import type { World } from '../machine/world.js';
import { LATE_TICKS } from '../watch/hang.js';
import { judge } from '../watch/judge.js';
import { observe } from '../watch/observe.js';
import { loadSourceMap } from '../watch/sourcemap.js';
import type { PlayedArticle, Scene } from './article.js';
import {
  NEVER, PATIENCE_NS, SECOND, levelWords, levelsOf, outcomeOf, pairOf, rowOf,
} from './scene.js';

const MACHINE = '129.68.72.10';
const OTHER = '129.68.72.20';
const ABSENT = '129.68.72.40';
const PORT = 23;
/** Longer than the 45 s after which a connect is given up. */
const CONNECT_NS = 60 * SECOND;

/** The article. */
export const q297040: PlayedArticle = {
  number: 'Q297040',
  title: 'Windows May Hang When Attempting to Establish a TCP Connection',
  products: 'Windows NT 4.0 with hotfixes after Service Pack 6a',
  cause: 'the spinlock for the TCP/IP connection table lock is acquired but not released',
  release: 'nt40sp6a',
  fixed: 'nt40sp6a-q297040',
  settings: { SynAttackProtect: 2 },
  processors: [1, 2],
  provocation: `${MACHINE} connects to ${ABSENT}, where nobody is; the connect is given up`,
  stage: (options) => pairOf(options, MACHINE, OTHER),
  play,
  finds: {
    kind: 'lock leaked', rule: 'LOCK_LEAKED', lock: 'TcpTable', within: 'tcpip/tcp/connect.ts',
    cause: 'TcpTable leaked by',
  },
};

async function play(world: World): Promise<Scene> {
  const machine = world.machine('machine');
  const other = world.machine('other');
  const map = await loadSourceMap('checked');
  await world.complete(other.user.listen(PORT, {}, () => {}), PATIENCE_NS);
  const absent = outcomeOf(world, machine.user.connect(ABSENT, PORT));
  await world.run(CONNECT_NS);
  const after = observe(machine, map);
  const next = outcomeOf(world, machine.user.connect(OTHER, PORT));
  await world.run(PATIENCE_NS);
  const ping = outcomeOf(world, other.ping(MACHINE), ({ status }) => status);
  await world.run(PATIENCE_NS);
  const end = observe(machine, map);
  const spinning = end.processors.filter((each) => each.spinsOn !== undefined);
  const symptom = {
    connect: absent.status,
    connectSeconds: secondsOf(absent.endedNs),
    synSeconds: synSeconds(machine),
    locksHeld: after.locks.length,
    irql: levelsOf(after),
    nextConnect: next.status,
    answersPing: ping.status === 'SUCCESS',
    clockRuns: (end.clockTick - end.playedTick) >>> 0 <= LATE_TICKS,
    spinningProcessors: spinning.map((each) => each.number),
  };
  return { symptom, verdicts: judge(end), lines: linesOf(symptom) };
}

/** When the connect sent its SYNs, as the kernel's trace has it. */
function synSeconds(machine: Machine): number[] {
  const events = machine.trace();
  const begun = events.find((each) => each.event === 'TCP_STATE');
  const again = events.filter((each) => each.event === 'TCP_RETRANSMIT' && each.b === begun?.b);
  return [begun, ...again].flatMap((each) => (each ? [Math.round(each.timeUs / 1e6)] : []));
}

function secondsOf(ns: number): number {
  return ns < 0 ? -1 : Math.round(ns / SECOND);
}

function linesOf(symptom: {
  readonly connect: string;
  readonly connectSeconds: number;
  readonly locksHeld: number;
  readonly irql: string | readonly string[];
  readonly nextConnect: string;
  readonly answersPing: boolean;
  readonly clockRuns: boolean;
  readonly spinningProcessors: readonly number[];
}): string[] {
  const failed =
    symptom.connect === NEVER ? NEVER : `${symptom.connect} after ${symptom.connectSeconds} s`;
  const level = `locks ${symptom.locksHeld}   ${levelWords(symptom.irql)}`;
  return [
    rowOf(`connect ${ABSENT}:${PORT}`, failed.padEnd(26), level),
    rowOf(`connect ${OTHER}:${PORT}`, symptom.nextConnect),
    rowOf(`ping ${MACHINE}`, symptom.answersPing ? 'answered' : 'no answer'),
    rowOf('the clock\'s DPC', symptom.clockRuns ? 'runs' : 'runs no longer'),
    ...symptom.spinningProcessors.map((number) => rowOf(`processor ${number}`, 'spins for ever')),
  ];
}
