/** Names of a machine on the net: claimed, defended, lost, refreshed, released (RFC 1002, 5.1). */

import { describe, expect } from 'vitest';
import {
  NAME_FLAG, NAME_OPCODE, NAME_RESULT, NB_FLAG, RECORD_TYPE, nbData,
} from '../../host/wire/nbname.js';
import type { NameFields } from '../../host/wire/nbname.js';
import { THEM, US } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import { EVERYBODY, Node, entryOf, isGroup } from './node.js';
import type { NameSent } from './node.js';

const { REGISTRATION, RELEASE, REFRESH, WACK, QUERY } = NAME_OPCODE;
const { RESPONSE, AUTHORITATIVE, RECURSION_DESIRED, BROADCAST } = NAME_FLAG;
const NB = RECORD_TYPE.NB;
const WINS = { NameServer: THEM };

/** Another node claims a name. */
function claim(name: string, flags = 0, more: Partial<NameFields> = {}): NameFields {
  return {
    id: 77, opcode: REGISTRATION, flags: RECURSION_DESIRED | BROADCAST,
    question: { name, type: NB },
    additionals: [{ type: NB, ttl: 300_000, data: nbData({ flags, address: THEM }) }],
    ...more,
  };
}

/** The answer to `sent`. */
function answer(
  sent: NameSent | undefined, result: number, ttl = 0, opcode: number = REGISTRATION,
): NameFields {
  const name = sent?.question?.name ?? '';
  return {
    id: sent?.id ?? 0, opcode, flags: RESPONSE | AUTHORITATIVE, result,
    answers: [{ name, type: NB, ttl, data: nbData({ flags: 0, address: US }) }],
  };
}

describe('netbt/register, a b node', () => {
  it('asks everybody three times, 750 ms apart, then says that it has it', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.add('SERVER<20>');
    node.machine.advance(2240);
    expect(node.status(handle)).toBe('PENDING');
    node.machine.advance(20);
    expect(node.status(handle)).toBe('SUCCESS');
    const sent = node.heard();
    expect(sent.map(({ atMs }) => Math.floor(atMs / 10) * 10)).toEqual([0, 750, 1500, 2250]);
    const demands = sent.map(({ flags }) => (flags & RECURSION_DESIRED) === 0);
    expect(demands).toEqual([false, false, false, true]);
    for (const each of sent) {
      expect(each).toMatchObject({ opcode: REGISTRATION, to: EVERYBODY, port: 137, octets: 68 });
      expect(each.flags & BROADCAST).not.toBe(0);
      expect(each.question).toEqual({ name: 'SERVER<20>', type: NB });
      expect(entryOf(each)).toEqual({ flags: NB_FLAG.NODE_B, address: US });
    }
    node.leave();
  });

  it('asks as often and as long as the registry says', ({ bench }) => {
    const parameters = { BcastNameQueryCount: 2, BcastQueryTimeout: 100 };
    const node = new Node(bench, { parameters });
    const handle = node.add('SERVER<20>');
    node.machine.advance(200);
    expect(node.status(handle)).toBe('SUCCESS');
    expect(node.heard()).toHaveLength(3);
    node.leave();
  });

  it('has no name that another has: DUPLICATE_NAME, and no answer for it', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.add('SERVER<20>');
    const [first] = node.heard();
    node.say(answer(first, NAME_RESULT.ACTIVE));
    expect(node.status(handle)).toBe('DUPLICATE_NAME');
    node.machine.advance(5000);
    node.say({ id: 1, opcode: QUERY, question: { name: 'SERVER<20>', type: NB } });
    expect(node.heard()).toEqual([]);
    node.leave();
  });

  it('believes no answer of another id, of another name, or that agrees', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.add('SERVER<20>');
    const [first] = node.heard();
    node.say({ ...answer(first, NAME_RESULT.ACTIVE), id: ((first?.id ?? 0) + 1) & 0xffff });
    node.say({
      ...answer(first, NAME_RESULT.ACTIVE),
      answers: [{ name: 'OTHER<20>', type: NB, data: nbData({ flags: 0, address: US }) }],
    });
    node.say(answer(first, NAME_RESULT.SUCCESS));
    expect(node.status(handle)).toBe('PENDING');
    expect(node.machine.nbt()['NAME_UNASKED']).toBe(3);
    node.machine.advance(3000);
    expect(node.status(handle)).toBe('SUCCESS');
    node.leave();
  });

  it('defends what it has, against one who asks and one who demands', ({ bench }) => {
    const node = new Node(bench);
    node.own('SERVER<20>');
    for (const flags of [RECURSION_DESIRED | BROADCAST, BROADCAST]) {
      node.say(claim('SERVER<20>', 0, { flags }), { broadcast: true });
      const [refusal, ...more] = node.heard();
      expect(more).toEqual([]);
      expect(refusal).toMatchObject({
        id: 77, response: true, opcode: REGISTRATION, result: NAME_RESULT.ACTIVE, to: THEM,
        octets: 62,
      });
    }
    node.say(claim('SERVER<20>', NB_FLAG.GROUP), { broadcast: true });
    expect(node.heard()).toHaveLength(1);
    for (const opcode of [REFRESH, NAME_OPCODE.REFRESH_ALTERNATE]) {
      node.say(claim('SERVER<20>', 0, { flags: 0, opcode }));
      expect(node.heard()).toMatchObject([{ result: NAME_RESULT.ACTIVE, octets: 62 }]);
    }
    node.say(claim('OTHER<20>', 0, { flags: 0, opcode: REFRESH }));
    expect(node.heard()).toEqual([]);
    expect(node.machine.nbt()['NAMES_DEFENDED']).toBe(5);
    node.leave();
  });

  it('does not lose to a refresh what it is about to have', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.add('SERVER<20>');
    node.say(claim('SERVER<20>', 0, { flags: 0, opcode: REFRESH }));
    node.machine.advance(3000);
    expect(node.status(handle)).toBe('SUCCESS');
    node.leave();
  });

  it('shares a group with everybody, and no group with one who wants it alone', ({ bench }) => {
    const node = new Node(bench);
    node.own('DOMAIN<00>', 'GROUP');
    node.say(claim('DOMAIN<00>', NB_FLAG.GROUP), { broadcast: true });
    expect(node.heard()).toEqual([]);
    node.say(claim('DOMAIN<00>'), { broadcast: true });
    expect(node.heard()).toMatchObject([{ result: NAME_RESULT.ACTIVE }]);
    node.leave();
  });

  it('registers a group as one', ({ bench }) => {
    const node = new Node(bench);
    node.add('DOMAIN<1E>', 'GROUP');
    expect(node.heard().map(entryOf).map(isGroup)).toEqual([true]);
    node.leave();
  });

  it('loses a name that another is through with first', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.add('SERVER<20>');
    node.say(claim('SERVER<20>'), { broadcast: true });
    expect(node.status(handle)).toBe('PENDING');
    node.say(claim('SERVER<20>', 0, { flags: BROADCAST }), { broadcast: true });
    expect(node.status(handle)).toBe('DUPLICATE_NAME');
    node.leave();
  });

  it('has a name once, however often it is added, and lets it go with the last', ({ bench }) => {
    const node = new Node(bench);
    const first = node.add('SERVER<20>');
    const second = node.add('SERVER<20>');
    expect([node.status(first), node.status(second)]).toEqual(['PENDING', 'PENDING']);
    node.machine.advance(3000);
    expect([node.status(first), node.status(second)]).toEqual(['SUCCESS', 'SUCCESS']);
    expect(node.heard()).toHaveLength(4);
    const third = node.add('SERVER<20>');
    expect(node.status(third)).toBe('SUCCESS');
    expect(node.status(node.add('SERVER<20>', 'GROUP'))).toBe('DUPLICATE_NAME');
    node.delete(first);
    node.delete(second);
    node.machine.advance(3000);
    expect(node.heard()).toEqual([]);
    node.delete(third);
    node.machine.advance(3000);
    const released = node.heard();
    expect(released).toHaveLength(3);
    for (const each of released) {
      expect(each).toMatchObject({ opcode: RELEASE, to: EVERYBODY, response: false });
    }
    node.say({ id: 1, opcode: QUERY, question: { name: 'SERVER<20>', type: NB } });
    expect(node.heard()).toEqual([]);
    node.leave();
  });

  it('lets it go with the last, also where one had no memory for being added', ({ bench }) => {
    const node = new Node(bench);
    const { raw } = node.machine;
    const first = node.add('SERVER<20>');
    for (let n = 1, failures = 1; failures !== 0; n++) {
      raw.failAllocation(n, 0);
      const handle = node.add('SERVER<20>');
      failures = raw.poolFailures();
      raw.failAllocation(0, 0);
      if (handle > 0) node.delete(handle);
    }
    node.machine.advance(3000);
    expect(node.status(first)).toBe('SUCCESS');
    node.heard();
    node.delete(first);
    node.machine.advance(3000);
    expect(node.heard().map(({ opcode }) => opcode)).toEqual([RELEASE, RELEASE, RELEASE]);
    node.leave();
  });

  it('has a quick name at once, and asks nobody', ({ bench }) => {
    const node = new Node(bench);
    expect(node.status(node.add('QUICK<20>', 'QUICK_UNIQUE'))).toBe('SUCCESS');
    node.machine.advance(3000);
    expect(node.heard()).toEqual([]);
    node.leave();
  });

  it('uses a name in conflict no more, and says so of itself', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.own('SERVER<20>');
    const demand = answer(undefined, NAME_RESULT.CONFLICT);
    const [record] = demand.answers ?? [];
    node.say({ ...demand, answers: [{ ...record, name: 'SERVER<20>' } as never] });
    node.say({ id: 1, opcode: QUERY, question: { name: 'SERVER<20>', type: NB } });
    expect(node.heard()).toEqual([]);
    expect(node.machine.nbt()['NAMES_IN_CONFLICT']).toBe(1);
    expect(node.status(node.add('SERVER<20>'))).toBe('DUPLICATE_NAME');
    node.delete(handle);
    node.machine.advance(3000);
    expect(node.heard(), 'what is another\'s is not released').toEqual([]);
    node.leave();
  });

  it('lets a name go when one demands it, unless NoNameReleaseOnDemand is set', ({ bench }) => {
    for (const [value, answers] of [[0, 0], [1, 1]] as const) {
      const node = new Node(bench, { parameters: { NoNameReleaseOnDemand: value } });
      node.own('SERVER<20>');
      node.say({
        id: 9, opcode: RELEASE, question: { name: 'SERVER<20>', type: NB },
        additionals: [{ type: NB, data: nbData({ flags: 0, address: US }) }],
      });
      node.say({ id: 1, opcode: QUERY, question: { name: 'SERVER<20>', type: NB } });
      expect(node.heard()).toHaveLength(answers);
      node.leave();
    }
  });
});

describe('netbt/register, with a name server', () => {
  it('asks the server alone, and has the name once that agrees: an h node', ({ bench }) => {
    const node = new Node(bench, { parameters: WINS });
    const handle = node.add('SERVER<20>');
    const [first, ...more] = node.heard();
    expect(more).toEqual([]);
    expect(first).toMatchObject({ opcode: REGISTRATION, to: THEM, port: 137 });
    expect((first?.flags ?? 0) & BROADCAST).toBe(0);
    expect(entryOf(first as NameSent)?.flags).toBe(NB_FLAG.NODE_H);
    node.say(answer(first, NAME_RESULT.SUCCESS, 300_000));
    expect(node.status(handle)).toBe('SUCCESS');
    node.machine.advance(5000);
    expect(node.heard()).toEqual([]);
    const counted = { REGISTERED_BY_SERVER: 1, REGISTERED_BY_BROADCAST: 0 };
    expect(node.machine.nbt()).toMatchObject(counted);
    node.leave();
  });

  it('has no name that the server gives to nobody else', ({ bench }) => {
    const node = new Node(bench, { parameters: WINS });
    const handle = node.add('SERVER<20>');
    node.say(answer(node.heard()[0], NAME_RESULT.ACTIVE));
    expect(node.status(handle)).toBe('DUPLICATE_NAME');
    node.leave();
  });

  it('waits as long as the server asks it to, and not for ever', ({ bench }) => {
    const node = new Node(bench, { parameters: WINS });
    const handle = node.add('SERVER<20>');
    const [first] = node.heard();
    node.say(answer(first, NAME_RESULT.SUCCESS, 4, WACK));
    node.machine.advance(3900);
    expect(node.heard()).toEqual([]);
    node.machine.advance(200);
    expect(node.heard()).toHaveLength(1);
    for (let i = 0; i < 10; i++) node.say(answer(first, NAME_RESULT.SUCCESS, 0xffff_ffff, WACK));
    expect(node.machine.nbt()['NAME_UNASKED']).toBe(6);
    node.machine.advance(60_100);
    node.say(answer(node.heard()[0], NAME_RESULT.SUCCESS, 300_000));
    expect(node.status(handle)).toBe('SUCCESS');
    node.leave();
  });

  it('hears of its name from nobody but the server it asked', ({ bench }) => {
    const node = new Node(bench, { parameters: WINS });
    const handle = node.add('SERVER<20>');
    const [first] = node.heard();
    node.say(answer(first, NAME_RESULT.ACTIVE), { source: THEM + 7 });
    expect(node.status(handle)).toBe('PENDING');
    node.say(answer(first, NAME_RESULT.SUCCESS, 300_000));
    expect(node.status(handle)).toBe('SUCCESS');
    node.leave();
  });

  it('asks the second server, then everybody; a silent one is left alone', ({ bench }) => {
    const backup = THEM + 1;
    const node = new Node(bench, { parameters: { ...WINS, NameServerBackup: backup } });
    node.machine.stations.set(backup, Uint8Array.of(2, 0, 0, 0, 0, 3));
    const handle = node.add('SERVER<20>');
    node.machine.advance(4600);
    expect(node.heard().map(({ to }) => to)).toEqual([THEM, THEM, THEM, backup]);
    node.machine.advance(4600);
    expect(node.heard().map(({ to }) => to)).toEqual([backup, backup, EVERYBODY]);
    node.machine.advance(2300);
    expect(node.status(handle)).toBe('SUCCESS');
    node.heard();
    node.add('SECOND<20>');
    expect(node.heard().map(({ to }) => to)).toEqual([EVERYBODY]);
    node.machine.advance(16_000);
    node.heard();
    node.add('THIRD<20>');
    expect(node.heard().map(({ to }) => to)).toEqual([THEM]);
    node.leave();
  });

  it('tries the server again at an eighth of InitialRefreshT.O. until it answers', ({ bench }) => {
    const node = new Node(bench, { parameters: { ...WINS, NodeType: 2 } });
    const handle = node.add('SERVER<20>');
    node.machine.advance(10_000);
    expect(node.status(handle)).toBe('SUCCESS');
    expect(node.heard()).toHaveLength(3);
    node.machine.advance(112_000);
    expect(node.heard()).toEqual([]);
    node.machine.advance(3000);
    const [refresh] = node.heard();
    expect(refresh).toMatchObject({ opcode: REFRESH, to: THEM });
    node.say(answer(refresh, NAME_RESULT.SUCCESS, 300_000));
    expect(node.machine.nbt()['REGISTERED_BY_SERVER']).toBe(1);
    node.leave();
  });

  it('refreshes at half of its time, when it looks each ten minutes (Q164308)', ({ bench }) => {
    const node = new Node(bench, { parameters: { ...WINS, RefreshOpCode: 9 } });
    node.add('SERVER<20>');
    node.say(answer(node.heard()[0], NAME_RESULT.SUCCESS, 3000));
    node.machine.advance(1_500_000);
    expect(node.heard()).toEqual([]);
    node.machine.advance(300_000);
    const [refresh, ...more] = node.heard();
    expect(more).toEqual([]);
    expect(refresh).toMatchObject({ opcode: 9, to: THEM });
    expect((refresh?.atMs ?? 0) / 600_000).toBeCloseTo(3, 3);
    node.say(answer(refresh, NAME_RESULT.SUCCESS, 3000));
    node.machine.advance(1_500_000);
    expect(node.heard()).toEqual([]);
    node.leave();
  });

  it('is in conflict when the server refuses a refresh', ({ bench }) => {
    const node = new Node(bench, { parameters: WINS });
    node.add('SERVER<20>');
    node.say(answer(node.heard()[0], NAME_RESULT.SUCCESS, 1200));
    node.machine.advance(600_000);
    node.say(answer(node.heard()[0], NAME_RESULT.ACTIVE));
    expect(node.machine.nbt()['NAMES_IN_CONFLICT']).toBe(1);
    node.leave();
  });

  it('releases a name at the server that has it, until that answers', ({ bench }) => {
    const node = new Node(bench, { parameters: WINS });
    const handle = node.add('SERVER<20>');
    node.say(answer(node.heard()[0], NAME_RESULT.SUCCESS, 300_000));
    node.delete(handle);
    const [release, ...more] = node.heard();
    expect(more).toEqual([]);
    expect(release).toMatchObject({ opcode: RELEASE, to: THEM });
    node.machine.advance(1600);
    expect(node.heard()).toHaveLength(1);
    node.say(answer(release, NAME_RESULT.SUCCESS, 0, RELEASE));
    node.machine.advance(10_000);
    expect(node.heard()).toEqual([]);
    node.leave();
  });
});
