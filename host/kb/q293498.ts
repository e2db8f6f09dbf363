/**
 * Q293498: a card that has no packet left for a datagram leaves IRQL raised: its processor runs no
 * thread any more.
 */

import type { World } from '../machine/world.js';
import { LATE_TICKS } from '../watch/hang.js';
import { judge } from '../watch/judge.js';
import { observe } from '../watch/observe.js';
import { loadSourceMap } from '../watch/sourcemap.js';
import type { PlayedArticle, Scene } from './article.js';
import { PATIENCE_NS, SECOND, levelWords, levelsOf, outcomeOf, pairOf, rowOf } from './scene.js';

const MACHINE = '10.0.0.1';
const OTHER = '10.0.0.2';
const PORT = 7;
/** More pieces of an Ethernet's 1480 octets than the card has packets. */
const OCTETS = 60_000;
const PACKETS = 32;
/** Datagrams before that one, for which there are packets. */
const GREETINGS = 4;

/** The article. */
export const q293498: PlayedArticle = {
  number: 'Q293498',
  title: 'The Computer Hangs with a Deadlock in Ndis.sys',
  products: 'Windows NT 4.0 Service Pack 6a',
  cause: 'the driver does not restore the IRQ level',
  release: 'nt40sp6a',
  fixed: 'nt40sp6a-q297040',
  settings: { NtstackSendPackets: PACKETS },
  processors: [1, 2],
  provocation:
    `${MACHINE} sends a datagram of ${OCTETS} octets, for which its card has too few packets`,
  stage: (options) => pairOf(options, MACHINE, OTHER),
  play,
  // On a processor that is stuck the clock ticks in vain.
  alike: 2,
  finds: {
    kind: 'irql', rule: 'RELEASE_IRQL', lock: 'NdisAdapter', within: 'ndis/pool.ts',
    cause: 'IRQL left raised by the release of NdisAdapter in',
  },
};

async function play(world: World): Promise<Scene> {
  const machine = world.machine('machine');
  const other = world.machine('other');
  const map = await loadSourceMap('checked');
  await world.complete(other.user.listen(PORT, {}, () => {}), PATIENCE_NS);
  const socket = await world.complete(machine.user.datagram(), PATIENCE_NS);
  for (let i = 0; i < GREETINGS; i++) {
    await world.complete(socket.send('small', OTHER, PORT), PATIENCE_NS);
    await world.run(SECOND);
  }
  const sent = outcomeOf(world, socket.send(new Uint8Array(OCTETS), OTHER, PORT));
  await world.run(PATIENCE_NS);
  const after = observe(machine, map);
  const next = outcomeOf(world, machine.user.connect(OTHER, PORT));
  await world.run(PATIENCE_NS);
  const ping = outcomeOf(world, other.ping(MACHINE), ({ status }) => status);
  await world.run(PATIENCE_NS);
  const end = observe(machine, map);
  const symptom = {
    send: sent.status,
    locksHeld: after.locks.length,
    irql: levelsOf(after),
    nextConnect: next.status,
    answersPing: ping.status === 'SUCCESS',
    clockRuns: (end.clockTick - end.playedTick) >>> 0 <= LATE_TICKS,
  };
  return { symptom, verdicts: judge(end), lines: linesOf(symptom) };
}

function linesOf(symptom: {
  readonly send: string;
  readonly locksHeld: number;
  readonly irql: string | readonly string[];
  readonly nextConnect: string;
  readonly answersPing: boolean;
  readonly clockRuns: boolean;
}): string[] {
  const level = `locks ${symptom.locksHeld}   ${levelWords(symptom.irql)}`;
  return [
    rowOf(`send ${OCTETS} octets`, symptom.send.padEnd(26), level),
    rowOf(`connect ${OTHER}:${PORT}`, symptom.nextConnect),
    rowOf(`ping ${MACHINE}`, symptom.answersPing ? 'answered' : 'no answer'),
    rowOf('the clock\'s DPC', symptom.clockRuns ? 'runs' : 'runs no longer'),
  ];
}
