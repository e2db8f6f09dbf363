/**
 * Q141344: where NetBT has no connection block left, it resets the connection of a session request
 * that it has already taken.
 */

import type { Machine } from '../machine/machine.js';
import type { NetbiosSession } from '../machine/usermode.js';
import type { World } from '../machine/world.js';
import { judge } from '../watch/judge.js';
import { observe } from '../watch/observe.js';
import { loadSourceMap } from '../watch/sourcemap.js';
import type { PlayedArticle, Scene } from './article.js';
import { PATIENCE_NS, SECOND, outcomeOf, pairOf, rowOf } from './scene.js';

const SERVER = '129.68.72.10';
const CLIENT = '129.68.72.20';
const NAME = 'SERVER<20>';
/** Sessions that are open together: more than there are blocks. */
const SESSIONS = 12;

/** The article. */
export const q141344: PlayedArticle = {
  number: 'Q141344',
  title: 'Windows NT Server Resets Sessions: System Error 53',
  products: 'Windows NT 3.5 and 3.51',
  cause: 'NetBT does not have any free connections to the transport',
  release: 'nt351',
  fixed: 'nt40',
  settings: {},
  processors: [1],
  provocation: `${CLIENT} opens ${SESSIONS} sessions with ${SERVER}, and keeps them`,
  stage: (options) => ({
    ...pairOf(options, SERVER, CLIENT),
    machines: pairOf(options, SERVER, CLIENT).machines.map((each) => ({ ...each, netbios: true })),
  }),
  play,
  finds: {
    kind: 'indication misuse', rule: 'NBT_UNANSWERED', lock: '',
    within: 'netbt/session/listen.ts', cause: 'session request left unanswered by',
  },
};

async function play(world: World): Promise<Scene> {
  const server = world.machine('machine');
  const client = world.machine('other');
  const map = await loadSourceMap('checked');
  const sessions: NetbiosSession[] = [];
  const listen = async () => server.user.sessions.listen(
    NAME, { backlog: SESSIONS }, (session) => void sessions.push(session));
  const listener = await world.complete(listen(), PATIENCE_NS);
  const opened = await callAll(world, client);
  const end = observe(server, map);
  const resets = server.trace().filter(({ event }) => event === 'NBT_REFUSED').length;
  listener.close();
  for (const session of sessions.splice(0)) session.close();
  await world.run(PATIENCE_NS);
  await world.complete(listen(), PATIENCE_NS);
  await world.run(SECOND);
  const again = outcomeOf(world, call(client));
  await world.run(PATIENCE_NS);
  const symptom = {
    opened: opened.filter((status) => status === 'SUCCESS').length,
    lastCall: opened[opened.length - 1] ?? '',
    requestsReset: resets,
    afterRestart: again.status,
  };
  return { symptom, verdicts: judge(end), lines: linesOf(symptom) };
}

async function call(client: Machine): Promise<NetbiosSession> {
  return client.user.sessions.call(NAME, 'CLIENT<00>', { address: SERVER });
}

/** How each call ended. */
async function callAll(world: World, client: Machine): Promise<string[]> {
  const statuses: string[] = [];
  for (let i = 0; i < SESSIONS; i++) {
    const outcome = outcomeOf(world, call(client));
    await world.run(PATIENCE_NS);
    statuses.push(outcome.status);
  }
  return statuses;
}

function linesOf(symptom: {
  readonly opened: number;
  readonly lastCall: string;
  readonly requestsReset: number;
  readonly afterRestart: string;
}): string[] {
  return [
    rowOf(`${SESSIONS} calls of ${NAME}`, `${symptom.opened} sessions`),
    rowOf('the last call', symptom.lastCall),
    rowOf('session requests', `${symptom.requestsReset} answered with RST`),
    rowOf('after net stop, net start', symptom.afterRestart),
  ];
}
