/**
 * Q186873: a session is lost, and NetBIOS waits for something before it does anything else for
 * anybody: what TCP has taken is not delivered, and no NCB is processed.
 */

import type { NcbFields, NcbResult, NetbiosProgram, PostedNcb } from '../machine/ncb.js';
import { findRelease } from '../machine/release.js';
import type { World } from '../machine/world.js';
import { judge } from '../watch/judge.js';
import { observe } from '../watch/observe.js';
import { loadSourceMap } from '../watch/sourcemap.js';
import type { PlayedArticle, Scene } from './article.js';
import { PATIENCE_NS, SECOND, pairOf, rowOf } from './scene.js';

const SERVER = '129.68.72.10';
const CLIENT = '129.68.72.20';
const LOST = '129.68.72.30';
const NAME = 'SERVER<20>';
/** Octets of a message, and how often the client that is well sends one. */
const MESSAGE = new Uint8Array(500);
const PERIOD_NS = SECOND / 4;
/** Receives that the server has posted. */
const RECEIVES = 8;
/** What is looked at so often, in ns. */
const STEP_NS = SECOND / 10;
/** Longer than TCP tries, and than anything waits for it. */
const LONGEST_NS = 300 * SECOND;
const MILLISECOND = 1e6;

/** The article. */
export const q186873: PlayedArticle = {
  number: 'Q186873',
  title: 'NetBIOS Delays Sending/Receiving Packets When Session Is Lost',
  products: 'Windows NT 4.0',
  cause: 'the NetBIOS layer is blocked, waiting for something',
  release: 'nt40sp3',
  fixed: 'nt40sp4',
  settings: {},
  processors: [1],
  provocation: `the cable of ${LOST} is pulled, to which ${SERVER} has just sent a message`,
  stage: (options) => {
    // The release's other defects break the order of locks on the way.
    const faults = findRelease(options.release).faults.filter((each) => each === 'Q186873');
    const pair = pairOf(options, SERVER, CLIENT);
    const lost = { name: 'lost', address: `${LOST}/24`, release: options.release, faults: [] };
    const machines = [...pair.machines, lost].map((each) => ({
      ...each, netbios: true, ...(each.name === 'machine' ? { faults } : {}),
    }));
    return { ...pair, machines };
  },
  play,
  finds: {
    kind: 'requests wait', rule: '', lock: 'NetbiosLana', within: 'netbios/connection.ts',
    cause: 'LANA 0 kept shut for a session that is lost by',
  },
};

/** A message of the client that is well: when it was sent, and when its echo came. */
interface Exchange {
  readonly sentNs: number;
  readonly sent: PostedNcb;
  endedNs: number;
}

/** Who takes part, with their sessions. */
interface Talk {
  readonly server: NetbiosProgram;
  readonly client: NetbiosProgram;
  readonly clientLsn: number;
  /** The server's session with the client whose cable is pulled. */
  readonly lostLsn: number;
  readonly exchanges: Exchange[];
  /** Messages that the server's NetBIOS has delivered. */
  delivered: number;
}

async function play(world: World): Promise<Scene> {
  const machine = world.machine('machine');
  const map = await loadSourceMap('checked');
  const talk = await begin(world);
  const say = repeat(world, talk);
  await world.run(5 * SECOND);
  world.machine('lost').card.unplug();
  const pulledNs = world.clock.now;
  const sent = talk.server.post({ command: 'SEND', lsn: talk.lostLsn, data: MESSAGE });
  await until(world, () => !isConnected(world));
  const timeoutNs = world.clock.now;
  await world.run(SECOND);
  const before = talk.delivered;
  const status = talk.server.post({ command: 'ADAPTER_STATUS', callname: '*', room: 1000 });
  await world.run(10 * SECOND);
  const noWait = talk.server.post({ command: 'SESSION_STATUS', name: '*', room: 1000 });
  const end = observe(machine, map);
  const blocked = talk.exchanges.filter(({ sentNs }) => sentNs >= timeoutNs + SECOND);
  const during = {
    adapterStatus: status.retcode,
    noWait: noWait.retcode,
    acknowledged: blocked.filter((each) => each.sent.retcode === 'GOODRET').length,
    delivered: talk.delivered - before,
    sendsWaiting: blocked.filter((each) => each.sent.retcode === 'PENDING').length,
  };
  await until(world, () => sent.retcode !== 'PENDING' && status.retcode !== 'PENDING');
  const recoveredNs = world.clock.now;
  say.stop();
  await until(world, () => talk.exchanges.every(({ endedNs }) => endedNs >= 0));
  const symptom = {
    ...during,
    timeoutSeconds: secondsOf(timeoutNs - pulledNs),
    longestBefore: longestOf(talk.exchanges, 0, timeoutNs - 2 * PERIOD_NS),
    longestAfter: longestOf(talk.exchanges, timeoutNs - 2 * PERIOD_NS, Infinity),
    blockedSeconds: during.adapterStatus === 'PENDING' ? secondsOf(recoveredNs - timeoutNs) : 0,
    lostSend: sent.retcode,
    unanswered: talk.exchanges.filter(({ endedNs }) => endedNs < 0).length,
  };
  for (const each of [talk.server, talk.client]) each.end();
  await world.run(PATIENCE_NS);
  return { symptom, verdicts: judge(end), lines: linesOf(symptom) };
}

/** Names, sessions, and a server that sends back what comes. */
async function begin(world: World): Promise<Talk> {
  const call = async (program: NetbiosProgram, ncb: NcbFields): Promise<NcbResult> => {
    const result = await world.complete(program.netbios(ncb), PATIENCE_NS);
    if (result.code !== 'GOODRET') throw new Error(`${ncb.command}: ${result.code}`);
    return result;
  };
  const [server, client, lost] = ['machine', 'other', 'lost'].map((name) =>
    world.machine(name).user.netbios.program()) as [NetbiosProgram, NetbiosProgram, NetbiosProgram];
  const names = [[server, NAME], [client, 'CLIENT<00>'], [lost, 'LOST<00>']] as const;
  for (const [program, name] of names) {
    await call(program, { command: 'RESET' });
    await call(program, { command: 'ADD_NAME', name });
  }
  const connect = async (program: NetbiosProgram, name: string): Promise<[number, number]> => {
    const listen = server.post({ command: 'LISTEN', name: NAME, callname: '*' });
    const { lsn } = await call(program, { command: 'CALL', name, callname: NAME });
    return [(await world.complete(listen.done, PATIENCE_NS)).lsn, lsn];
  };
  const [, clientLsn] = await connect(client, 'CLIENT<00>');
  const [lostLsn] = await connect(lost, 'LOST<00>');
  const talk: Talk = { server, client, clientLsn, lostLsn, exchanges: [], delivered: 0 };
  const receive = (): void => void server.post(
    { command: 'RECEIVE_ANY', num: 255, room: MESSAGE.length }, ({ code, lsn, data }) => {
      if (code === 'NAMERR' || code === 'ENVNOTDEF') return;
      receive();
      if (code !== 'GOODRET') return;
      talk.delivered++;
      server.post({ command: 'SEND', lsn, data });
    });
  for (let i = 0; i < RECEIVES; i++) receive();
  return talk;
}

/** The client that is well sends message after message, each of which comes back. */
function repeat(world: World, { client, clientLsn, exchanges }: Talk): { stop(): void } {
  const life = { stopped: false };
  const go = async (): Promise<void> => {
    while (!life.stopped) {
      const sent = client.post({ command: 'SEND', lsn: clientLsn, data: MESSAGE });
      const exchange: Exchange = { sentNs: world.clock.now, sent, endedNs: -1 };
      exchanges.push(exchange);
      client.post({ command: 'RECEIVE', lsn: clientLsn, room: MESSAGE.length }, ({ code }) => {
        if (code === 'GOODRET') exchange.endedNs = world.clock.now;
      });
      await world.machine('other').sleep(PERIOD_NS);
    }
  };
  void go();
  return { stop: () => { life.stopped = true; } };
}

/** Whether the server has a connection to the client whose cable is pulled. */
function isConnected(world: World): boolean {
  const address = LOST.split('.').reduce((all, part) => all * 256 + Number(part), 0);
  return world.machine('machine').connections()
    .some(({ remoteAddress }) => remoteAddress === address);
}

async function until(world: World, isSo: () => boolean): Promise<void> {
  const limit = world.clock.now + LONGEST_NS;
  while (!isSo() && world.clock.now < limit) await world.run(STEP_NS);
}

/** The longest that an exchange took which began in that time, in ms; -1: one has no end. */
function longestOf(exchanges: readonly Exchange[], fromNs: number, toNs: number): number {
  const some = exchanges.filter(({ sentNs }) => sentNs >= fromNs && sentNs < toNs);
  if (some.some(({ endedNs }) => endedNs < 0)) return -1;
  const longest = Math.max(0, ...some.map(({ sentNs, endedNs }) => endedNs - sentNs));
  return Math.round(longest / MILLISECOND * 10) / 10;
}

function secondsOf(ns: number): number {
  return Math.round(ns / STEP_NS) / 10;
}

function linesOf(symptom: {
  readonly timeoutSeconds: number; readonly longestBefore: number; readonly longestAfter: number;
  readonly adapterStatus: string; readonly noWait: string; readonly blockedSeconds: number;
  readonly acknowledged: number; readonly delivered: number; readonly sendsWaiting: number;
}): string[] {
  const { acknowledged, delivered, sendsWaiting } = symptom;
  return [
    rowOf('TCP gives up', `after ${symptom.timeoutSeconds} s`),
    rowOf('others, until then', `at most ${symptom.longestBefore} ms`),
    rowOf('Adapter Status, then', symptom.adapterStatus),
    rowOf('a NO_WAIT command, then', symptom.noWait),
    rowOf('messages of others, then', `${acknowledged} acknowledged, ${delivered} delivered, ` +
      `${sendsWaiting} sends wait`),
    rowOf('NetBIOS is blocked for', `${symptom.blockedSeconds} s`),
    rowOf('others, from then on', `at most ${symptom.longestAfter} ms`),
  ];
}
