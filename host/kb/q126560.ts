/**
 * Q126560: the header of a message without octets is not counted as taken, so that TCP keeps octets
 * that nobody asks for, holds the disconnect back, and a connection block is gone for ever.
 */

import { valueOf } from '../kernel/layout.js';
import type { Machine } from '../machine/machine.js';
import type { NetbiosSession } from '../machine/usermode.js';
import type { World } from '../machine/world.js';
import { judge } from '../watch/judge.js';
import { observe } from '../watch/observe.js';
import { loadSourceMap } from '../watch/sourcemap.js';
import { encodeName } from '../wire/nbname.js';
import { join } from '../wire/octets.js';
import type { PlayedArticle, Scene } from './article.js';
import { PATIENCE_NS, SECOND, outcomeOf, pairOf, rowOf } from './scene.js';

const SERVER = '129.68.72.10';
const CLIENT = '129.68.72.20';
const NAME = 'SERVER<20>';
/** By hand: where sessions are accepted, and the type of a session request. */
const SESSION_PORT = 139;
const SESSION_REQUEST = 0x81;
/** Sessions that are opened, used and closed one after another: more than there are blocks. */
const SESSIONS = 9;

/** The article. */
export const q126560: PlayedArticle = {
  number: 'Q126560',
  title: 'System Error 1225 When Connecting to a Windows NT Server',
  products: 'Windows NT 3.5',
  cause: 'on a zero-length message the count of bytes in the transport is not updated',
  release: 'nt35',
  fixed: 'nt351',
  settings: {},
  // The count goes below 0 where the header comes in two segments.
  stop: { NtstackZeroLengthCount: 2 },
  processors: [1],
  provocation: `${CLIENT} opens ${SESSIONS} sessions with ${SERVER}, sends a message without octets`
    + ' on each, and closes it',
  // Q141344, which the release has as well, would reset the last of them.
  stage: (options) => ({
    ...pairOf(options, SERVER, CLIENT),
    machines: pairOf(options, SERVER, CLIENT).machines.map((each) => ({
      ...each,
      netbios: true,
      faults: each.name === 'machine' && options.release === 'nt35' ? ['Q126560'] : [],
    })),
  }),
  play,
  finds: {
    kind: 'indication misuse', rule: 'TDI_OUTSTANDING', lock: '',
    within: 'netbt/session/receive.ts', cause: 'octets of a header miscounted by',
  },
};

async function play(world: World): Promise<Scene> {
  const server = world.machine('machine');
  const inPieces = server.settings.parameters.get('NtstackZeroLengthCount') === 2;
  const client = world.machine('other');
  const map = await loadSourceMap('checked');
  let ended = 0;
  const serve = async (session: NetbiosSession): Promise<void> => {
    while (await session.receive() !== undefined);
    ended++;
    session.close();
  };
  const listens = server.user.sessions.listen(NAME, { backlog: SESSIONS }, serve);
  await world.complete(listens, PATIENCE_NS);
  let opened = 0;
  let last = '';
  for (let i = 0; i < SESSIONS; i++) {
    last = await (inPieces ? visitInPieces : visit)(world, client);
    if (last === 'SUCCESS') opened++;
    if (server.stopped !== undefined) break;
  }
  const leaked = server.kernel.raw.netbtBlocks(0, valueOf(server.kernel.layout, 'BlockCount',
    'SESSIONS'));
  const refused = server.trace().filter(({ event }) => event === 'NBT_NO_BLOCK');
  const symptom = {
    opened,
    disconnectsTold: ended,
    blocksLeaked: leaked,
    lastCall: last,
    synsRefused: refused.length,
    stop: server.stopped?.stop ?? '',
    milliseconds: spacing(refused.map(({ timeUs }) => timeUs)),
  };
  return { symptom, verdicts: judge(observe(server, map)), lines: linesOf(symptom) };
}

/** One session: a message without octets, and the end. How the call ended. */
async function visit(world: World, client: Machine): Promise<string> {
  const call = client.user.sessions.call(NAME, 'CLIENT<00>', { address: SERVER });
  const outcome = outcomeOf(world, call);
  await world.run(PATIENCE_NS);
  if (outcome.status !== 'SUCCESS') return outcome.status;
  const session = await call;
  await world.complete(session.send(''), PATIENCE_NS);
  await world.run(SECOND);
  session.close();
  await world.run(SECOND);
  return outcome.status;
}

/** The same by hand: the header of the message without octets goes in two segments. */
async function visitInPieces(world: World, client: Machine): Promise<string> {
  const connect = client.user.connect(SERVER, SESSION_PORT, { noDelay: true });
  const outcome = outcomeOf(world, connect);
  await world.run(PATIENCE_NS);
  if (outcome.status !== 'SUCCESS') return outcome.status;
  const socket = await connect;
  const names = join(encodeName(NAME), encodeName('CLIENT<00>'));
  const request = join(Uint8Array.of(SESSION_REQUEST, 0, 0, names.length), names);
  const header = new Uint8Array(4);
  // What is not read when it closes would be answered with a reset.
  const answer = outcomeOf(world, socket.receive());
  for (const piece of [request, header.subarray(0, 2), header.subarray(2)]) {
    await world.complete(socket.send(piece), PATIENCE_NS);
    await world.run(SECOND);
  }
  const closed = outcomeOf(world, socket.close());
  await world.run(SECOND);
  return closed.status === 'SUCCESS' ? answer.status : closed.status;
}

/** Milliseconds between the SYNs that one call repeats. */
function spacing(timesUs: readonly number[]): number[] {
  return timesUs.slice(1, 4).map((time, i) => Math.round((time - (timesUs[i] ?? 0)) / 1000));
}

function linesOf(symptom: {
  readonly opened: number;
  readonly disconnectsTold: number;
  readonly blocksLeaked: number;
  readonly lastCall: string;
  readonly synsRefused: number;
  readonly stop: string;
}): string[] {
  return [
    rowOf(`${SESSIONS} calls of ${NAME}`, `${symptom.opened} sessions`),
    rowOf('their ends', `the server is told of ${symptom.disconnectsTold}`),
    rowOf('connection blocks', `${symptom.blocksLeaked} leaked`),
    rowOf('the last call', symptom.lastCall),
    rowOf('SYN answered with RST', `${symptom.synsRefused}`),
    ...(symptom.stop === '' ? [] : [rowOf('the server', `STOP ${symptom.stop}`)]),
  ];
}
