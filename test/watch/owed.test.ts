/** Ends of connections that clients are not told of, and blocks in use for nobody. */

import { describe, expect, it as pure } from 'vitest';
import type { Machine } from '../../host/index.js';
import { valueOf } from '../../host/kernel/layout.js';
import type { ObservedEnd } from '../../host/watch/observation.js';
import { findBlockLeaks } from '../../host/watch/blockleak.js';
import { judge } from '../../host/watch/judge.js';
import { observe } from '../../host/watch/observe.js';
import { findOwedIndications } from '../../host/watch/owed.js';
import type { Verdict } from '../../host/watch/verdict.js';
import { test as it } from '../../host/vitest.js';
import { pair, talk } from '../netbios/programs.js';
import { SITE, finding, observed } from './observed.js';

const SECOND = 1e9;
const TARGETS = ['free', 'checked'] as const;
const END: ObservedEnd = {
  transport: 'tcpip', client: 'netbt', address: 0x100, context: 0x200, remote: '10.0.0.2:1025',
  sinceUs: 2_000_000, counted: 4, kept: 4, clientsTurn: false, lost: false,
};
const SET = { name: 'connection blocks of NetBT 0', blocks: 9, forNobody: [2_000_000, 3_000_000] };

describe('watch/owed', () => {
  pure('is silent where the client has something to take, or has not waited for long', () => {
    expect(findOwedIndications(observed())).toEqual([]);
    const patient = [{ ...END, clientsTurn: true }, { ...END, sinceUs: 4_000_000 }];
    expect(findOwedIndications(observed({ owedEnds: patient }))).toEqual([]);
  });

  pure('says who owes it to whom, how often, since when, and why it never comes', () => {
    const findings = [finding('TDI_OUTSTANDING', [0x200, 4, 0], { site: SITE })];
    const owedEnds = [{ ...END, sinceUs: 3_000_000, address: 0x300, context: 0x400 }, END];
    expect(findOwedIndications(observed({ owedEnds, findings }))).toEqual([{
      kind: 'indication owed', machine: 'm', site: SITE, sinceUs: 2_000_000, words: [2, 8, 8],
      sentence: 'tcpip owes netbt 2 ends of connections, the oldest with 10.0.0.2:1025, '
        + 'for 3.0 s: tcpip keeps octets of which netbt does not know: 8',
    }]);
    const sentences = (changes: Partial<ObservedEnd>): string[] =>
      findOwedIndications(observed({ owedEnds: [{ ...END, ...changes }] })).map((one) =>
        one.sentence.replace(/^.*: /, ''));
    expect(sentences({ kept: 1 })).toEqual(['3']);
    expect(sentences({ kept: 0, counted: 0 })).toEqual(['nothing waits to be taken by netbt']);
    expect(sentences({ lost: true })).toEqual(['tcpip has no such connection any more']);
  });

  pure('tells different reasons apart', () => {
    const owedEnds = [END, { ...END, transport: 'netbt', client: 'afd', kept: 0 }];
    expect(findOwedIndications(observed({ owedEnds }))).toHaveLength(2);
  });
});

describe('watch/blockleak', () => {
  pure('is silent where each block is in use for somebody, or not for nobody for long', () => {
    expect(findBlockLeaks(observed({ blockSets: [{ ...SET, forNobody: [] }] }))).toEqual([]);
    const late = { ...SET, forNobody: [4_000_000] };
    expect(findBlockLeaks(observed({ blockSets: [late] }))).toEqual([]);
  });

  pure('counts those that are in use for nobody, of how many', () => {
    expect(findBlockLeaks(observed({ blockSets: [SET] }))).toEqual([{
      kind: 'blocks leaked', machine: 'm', sinceUs: 2_000_000, words: [2, 9],
      sentence: '2 of 9 connection blocks of NetBT 0 are in use for nobody: what they were bound '
        + 'to is over, the oldest for 3.0 s',
    }]);
  });
});

describe('ends of connections of a machine', () => {
  it.for(TARGETS)(
    "are their client's affair while it does not read (%s)", async (target, { world: make }) => {
      const world = await make({
        target,
        machines: [{ name: 'a', address: '10.0.0.1/24' }, { name: 'b', address: '10.0.0.2/24' }],
      });
      const [a, b] = [world.machine('a'), world.machine('b')];
      const listener = await world.complete(a.user.listen(7, { receiveBuffer: 2 }), SECOND);
      const peer = await world.complete(b.user.connect('10.0.0.1', 7), SECOND);
      const socket = await world.complete(listener.accept(), SECOND);
      await world.complete(peer.send('octets'), SECOND);
      await world.complete(peer.close(), SECOND);
      await world.run(10 * SECOND);
      expect(observe(a).owedEnds).toMatchObject([
        { transport: 'tcpip', client: 'afd', counted: 4, kept: 4, clientsTurn: true },
      ]);
      expect(judge(observe(a))).toEqual([]);
      expect(await world.complete(socket.receiveAll(), SECOND)).toHaveLength(6);
      expect(observe(a).owedEnds).toEqual([]);
      await world.complete(socket.close(), SECOND);
    },
  );

  it.for(TARGETS)(
    'are so too above NetBT, whose block stays (%s)', async (target, { world: make }) => {
      const made = await make(pair('wire:', { target }));
      const { server, client, serverLsn, clientLsn } = await talk(made);
      await client.good({ command: 'SEND', lsn: clientLsn, data: new Uint8Array(0) });
      await client.good({ command: 'HANG_UP', lsn: clientLsn });
      await made.run(10 * SECOND);
      const machine = made.machine('server');
      expect(observe(machine).owedEnds).toMatchObject([
        { transport: 'netbt', client: 'netbios', counted: 0, kept: 0, clientsTurn: true },
      ]);
      expect(observe(machine).blockSets).toMatchObject([{ forNobody: [] }]);
      expect(judge(observe(machine))).toEqual([]);
      expect(await server.code({ command: 'RECEIVE', lsn: serverLsn, room: 10 })).toBe('GOODRET');
      expect(observe(machine)).toMatchObject({ owedEnds: [], blockSets: [] });
    },
  );

  it.for(TARGETS)(
    'are told where a transport forgets them (%s)', async (target, { world: make }) => {
      const made = await make(pair('wire:', { target }));
      await talk(made);
      await made.run(10 * SECOND);
      const machine = made.machine('server');
      expect(judge(observe(machine))).toEqual([]);
      const verdicts = owing(machine, (bit) => bit);
      expect(verdicts.map(({ kind }) => kind)).toEqual(['indication owed', 'blocks leaked']);
      expect(verdicts[0]?.sentence).toMatch(
        /^tcpip owes netbt the end of a connection, with 10\.0\.0\.2:\d+, .* nothing waits to be/);
      expect(verdicts[1]?.words[0]).toBe(1);
      expect(owing(machine, () => 0)).toEqual([]);
    },
  );
});

/** What is said of a machine whose connection of a session owes its client the end of it. */
function owing(machine: Machine, change: (owed: number) => number): Verdict[] {
  const { kernel } = machine;
  const { memory, layout } = kernel;
  const [session] = machine.connections().filter(({ localPort }) => localPort === 139);
  if (session === undefined) throw new Error('no session');
  const owed = valueOf(layout, 'TcbFlag', 'DISCONNECT_OWED');
  const at = session.address + layout.tcb.flags;
  const before = memory.word(at);
  memory.setWord(at, before | change(owed));
  const verdicts = judge(observe(machine));
  memory.setWord(at, before);
  return verdicts;
}
