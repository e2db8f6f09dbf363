/** From names to addresses: who is asked, in which order, how often; what is believed and kept. */

import { describe, expect } from 'vitest';
import {
  NAME_FLAG, NAME_OPCODE, NAME_RESULT, NB_FLAG, RECORD_TYPE, nbData, netbiosName,
} from '../../host/wire/nbname.js';
import type { NameFields, NbEntry } from '../../host/wire/nbname.js';
import { THEM, US } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import { EVERYBODY, Node } from './node.js';
import type { NameSent } from './node.js';

const { QUERY, REGISTRATION, RELEASE } = NAME_OPCODE;
const { RESPONSE, AUTHORITATIVE, RECURSION_DESIRED, BROADCAST } = NAME_FLAG;
const { NB, NS, A, NULL } = RECORD_TYPE;
const WINS = { NameServer: THEM };

/** The answer to `sent` with these addresses. */
function answer(sent: NameSent | undefined, ...entries: NbEntry[]): NameFields {
  return {
    id: sent?.id ?? 0, opcode: QUERY, flags: RESPONSE | AUTHORITATIVE,
    answers: [{ name: sent?.question?.name ?? '', type: NB, data: nbData(...entries) }],
  };
}

function refusal(sent: NameSent | undefined): NameFields {
  return {
    ...answer(sent), result: NAME_RESULT.NAME,
    answers: [{ name: sent?.question?.name ?? '', type: NULL, data: new Uint8Array(0) }],
  };
}

const one = (address: number): NbEntry => ({ flags: 0, address });

/** A line of LMHOSTS. */
function host(node: Node, name: string, address: number, flags = ''): void {
  const block = node.machine.call((raw) => raw.userAllocate(20));
  node.machine.octets(block, 16).set(netbiosName(name));
  const number = flags === '' ? 0 : node.machine.number(`HostFlag.${flags}`);
  node.machine.call((raw) => raw.writeNetbtHost(block, address, number));
  node.machine.call((raw) => raw.userFree(block));
}

describe('netbt/resolve', () => {
  it('asks everybody three times, 750 ms apart: a b node', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.find('SERVER<20>');
    node.machine.advance(2240);
    expect(node.asked(handle)).toBe('PENDING');
    node.machine.advance(20);
    expect(node.asked(handle)).toBe('BAD_NETWORK_PATH');
    const sent = node.heard();
    expect(sent.map(({ atMs }) => Math.floor(atMs / 10) * 10)).toEqual([0, 750, 1500]);
    for (const each of sent) {
      expect(each).toMatchObject({ opcode: QUERY, to: EVERYBODY, port: 137, octets: 50 });
      expect(each.flags).toBe(RECURSION_DESIRED | BROADCAST);
      expect(each.question).toEqual({ name: 'SERVER<20>', type: NB });
    }
    node.answer(handle);
    node.leave();
  });

  it.for([
    ['p', 2, [THEM, THEM, THEM]],
    ['m', 4, [EVERYBODY, EVERYBODY, EVERYBODY, THEM, THEM, THEM]],
    ['h', 8, [THEM, THEM, THEM, EVERYBODY, EVERYBODY, EVERYBODY]],
    ['h, where a name server is set,', 0, [THEM, THEM, THEM, EVERYBODY, EVERYBODY, EVERYBODY]],
  ] as const)('asks in the order of its kind: a %s node', ([, NodeType, order], { bench }) => {
    const node = new Node(bench, { parameters: { ...WINS, NodeType } });
    const handle = node.find('SERVER<20>');
    node.machine.advance(20_000);
    expect(node.heard().map(({ to }) => to)).toEqual(order);
    expect(node.asked(handle)).toBe('BAD_NETWORK_PATH');
    node.answer(handle);
    node.leave();
  });

  it('keeps the first answer, and asks no more for CacheTimeout and a minute', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.find('SERVER<20>');
    node.say(answer(node.heard()[0], one(THEM)));
    expect(node.asked(handle)).toBe('SUCCESS');
    expect(node.found(handle)).toEqual([THEM]);
    node.machine.advance(659_000);
    const again = node.find('SERVER<20>');
    expect(node.found(again)).toEqual([THEM]);
    expect(node.heard()).toEqual([]);
    node.machine.advance(2000);
    const later = node.find('SERVER<20>');
    expect(node.asked(later)).toBe('PENDING');
    expect(node.heard()).toHaveLength(1);
    node.machine.advance(5000);
    node.answer(later);
    node.leave();
  });

  it('knows its own name without asking', ({ bench }) => {
    const node = new Node(bench);
    node.own('SERVER<20>');
    expect(node.found(node.find('SERVER<20>'))).toEqual([US]);
    expect(node.heard()).toEqual([]);
    node.leave();
  });

  it('goes on when the server says that there is no such name', ({ bench }) => {
    const node = new Node(bench, { parameters: WINS });
    const handle = node.find('SERVER<20>');
    node.say(refusal(node.heard()[0]));
    const [broadcast] = node.heard();
    expect(broadcast?.to).toBe(EVERYBODY);
    node.say(refusal(broadcast));
    expect(node.machine.nbt()['NAME_UNASKED']).toBe(1);
    node.say(answer(broadcast, one(THEM)));
    expect(node.found(handle)).toEqual([THEM]);
    expect(node.machine.nbt()).toMatchObject({ RESOLVED_BY_BROADCAST: 1, RESOLVED_BY_SERVER: 0 });
    node.machine.advance(2000);
    node.leave();
  });

  it('believes the server it asked, and nobody else', ({ bench }) => {
    const node = new Node(bench, { parameters: WINS });
    const handle = node.find('SERVER<20>');
    const [sent] = node.heard();
    node.say(answer(sent, one(1)), { source: THEM + 5 });
    node.say({ ...answer(sent, one(1)), id: ((sent?.id ?? 0) ^ 1) & 0xffff });
    node.say({ ...answer(sent), answers: [{ name: 'OTHER<20>', type: NB, data: nbData(one(1)) }] });
    expect(node.asked(handle)).toBe('PENDING');
    expect(node.machine.nbt()['NAME_UNASKED']).toBe(3);
    node.say(answer(sent, one(THEM)));
    expect(node.found(handle)).toEqual([THEM]);
    expect(node.machine.nbt()['RESOLVED_BY_SERVER']).toBe(1);
    node.leave();
  });

  it('follows a redirect to another server, and not for ever', ({ bench }) => {
    const node = new Node(bench, { parameters: { ...WINS, NodeType: 2 } });
    const other = THEM + 3;
    node.machine.stations.set(other, Uint8Array.of(2, 0, 0, 0, 0, 5));
    const handle = node.find('SERVER<20>');
    let [sent] = node.heard();
    const redirect = (address: number): NameFields => ({
      id: sent?.id ?? 0, opcode: QUERY, flags: RESPONSE,
      authorities: [{ name: 'SERVER<20>', type: NS, data: Uint8Array.of(1, 0x4e, 0) }],
      additionals: [{ name: 'NS<00>', type: A, data: Uint8Array.of(10, 0, 0, address) }],
    });
    node.say(redirect(5));
    [sent] = node.heard();
    expect(sent?.to).toBe(other);
    node.say(answer(sent, one(US)), { source: THEM });
    expect(node.asked(handle)).toBe('PENDING');
    for (let i = 0; i < 9; i++) node.say(redirect(5), { source: other });
    expect(node.heard()).toHaveLength(4);
    expect(node.machine.nbt()['NAME_DATA']).toBe(5);
    node.say(answer(sent, one(THEM)), { source: other });
    expect(node.found(handle)).toEqual([THEM]);
    node.leave();
  });

  it('keeps 25 addresses of a name at most, and none that are not whole (Q163883)', ({ bench }) => {
    const node = new Node(bench, { parameters: WINS });
    const many = Array.from({ length: 60 }, (_, i) => one(THEM + i));
    const handle = node.find('SERVER<20>');
    const [sent] = node.heard();
    const [record] = answer(sent, ...many).answers ?? [];
    node.say({
      ...answer(sent), answers: [{ ...record, data: record?.data.subarray(0, 65) } as never],
    });
    node.say(answer(sent));
    expect(node.asked(handle)).toBe('PENDING');
    expect(node.machine.nbt()['NAME_DATA']).toBe(2);
    node.say(answer(sent, ...many));
    expect(node.found(handle)).toEqual(many.slice(0, 25).map(({ address }) => address));
    node.leave();
  });

  it('tells a second owner of a unique name that it is in conflict', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.find('SERVER<20>');
    const [sent] = node.heard();
    node.say(answer(sent, one(THEM)));
    node.say(answer(sent, one(THEM)));
    expect(node.heard()).toEqual([]);
    node.machine.stations.set(THEM + 1, Uint8Array.of(2, 0, 0, 0, 0, 3));
    node.say(answer(sent, one(THEM + 1)), { source: THEM + 1 });
    expect(node.heard()).toMatchObject([{
      opcode: REGISTRATION, response: true, result: NAME_RESULT.CONFLICT, to: THEM + 1,
    }]);
    node.say(answer(sent, one(THEM + 2)), { source: THEM + 2 });
    expect(node.heard()).toEqual([]);
    node.answer(handle);
    node.leave();
  });

  it('forgets a name whose owner lets it go', ({ bench }) => {
    const node = new Node(bench);
    const handle = node.find('SERVER<20>');
    node.say(answer(node.heard()[0], one(THEM)));
    node.answer(handle);
    const release = (address: number): NameFields => ({
      id: 3, opcode: RELEASE, flags: BROADCAST, question: { name: 'SERVER<20>', type: NB },
      additionals: [{ type: NB, data: nbData(one(address)) }],
    });
    node.say(release(THEM), { broadcast: true, source: THEM + 9 });
    expect(node.found(node.find('SERVER<20>'))).toEqual([THEM]);
    node.say(release(THEM), { broadcast: true });
    const again = node.find('SERVER<20>');
    expect(node.asked(again)).toBe('PENDING');
    node.machine.advance(5000);
    node.answer(again);
    node.leave();
  });

  it('reads LMHOSTS last, and its preloaded lines first', ({ bench }) => {
    const node = new Node(bench, { parameters: { MaxPreload: 1 } });
    host(node, 'LATE<20>', THEM + 20);
    host(node, 'EARLY<20>', THEM + 21, 'PRELOAD');
    host(node, 'ONETOOMANY<20>', THEM + 22, 'PRELOAD');
    expect(node.found(node.find('EARLY<20>'))).toEqual([THEM + 21]);
    expect(node.heard()).toEqual([]);
    const late = node.find('LATE<20>');
    node.machine.advance(2000);
    expect(node.asked(late)).toBe('PENDING');
    node.machine.advance(500);
    expect(node.found(late)).toEqual([THEM + 20]);
    const many = node.find('ONETOOMANY<20>');
    node.machine.advance(3000);
    expect(node.asked(many)).toBe('BAD_NETWORK_PATH');
    node.answer(many);
    const purged = node.ask('PURGE_CACHE', '*', 0);
    node.answer(purged);
    const gone = node.find('EARLY<20>');
    expect(node.asked(gone)).toBe('PENDING');
    node.machine.advance(3000);
    node.answer(gone);
    node.leave();
  });

  it('reads no LMHOSTS without EnableLmhosts', ({ bench }) => {
    const node = new Node(bench, { parameters: { EnableLmhosts: 0 } });
    host(node, 'LATE<20>', THEM + 20);
    const late = node.find('LATE<20>');
    node.machine.advance(3000);
    expect(node.asked(late)).toBe('BAD_NETWORK_PATH');
    node.answer(late);
    node.leave();
  });

  it('keeps a bounded number of names: the oldest make room', ({ bench }) => {
    const node = new Node(bench, { parameters: { Size: 2 } });
    for (let i = 0; i < 1100; i++) {
      const handle = node.find(`HOST${i}<20>`);
      node.say(answer(node.heard()[0], one(THEM + i)));
      node.answer(handle);
      node.machine.advance(20);
      // CONFLICT_TIMER is over for most of them: trackers are bounded, too.
    }
    node.machine.advance(2000);
    expect(node.found(node.find('HOST1099<20>'))).toEqual([THEM + 1099]);
    expect(node.found(node.find('HOST76<20>'))).toEqual([THEM + 76]);
    const oldest = node.find('HOST75<20>');
    expect(node.asked(oldest)).toBe('PENDING');
    node.machine.advance(3000);
    node.answer(oldest);
    node.leave();
  });
});

describe('netbt/nameservice, asked', () => {
  it('answers for its own names, to whom asked, with its own address', ({ bench }) => {
    const node = new Node(bench);
    node.own('SERVER<20>');
    node.own('DOMAIN<1E>', 'GROUP');
    const question = { name: 'SERVER<20>', type: NB };
    node.say({ id: 5, opcode: QUERY, flags: RECURSION_DESIRED, question }, { port: 4000 });
    node.say(
      { id: 6, opcode: QUERY, flags: BROADCAST, question: { name: 'DOMAIN<1E>', type: NB } },
      { broadcast: true },
    );
    const [first, second] = node.heard();
    expect(first).toMatchObject({
      id: 5, response: true, opcode: QUERY, result: 0, to: THEM, port: 4000, octets: 62,
      flags: AUTHORITATIVE | RECURSION_DESIRED,
    });
    expect(first?.answers).toMatchObject([{ name: 'SERVER<20>', type: NB, data: nbData(one(US)) }]);
    expect(second?.answers).toMatchObject([
      { name: 'DOMAIN<1E>', data: nbData({ flags: NB_FLAG.GROUP, address: US }) },
    ]);
    node.leave();
  });

  it('is silent about names of others, other scopes and types, and counts them', ({ bench }) => {
    const node = new Node(bench);
    node.own('SERVER<20>');
    const before = node.machine.nbt();
    node.say({ id: 1, opcode: QUERY, question: { name: 'OTHER<20>', type: NB } });
    node.say({ id: 1, opcode: QUERY, question: { name: 'SERVER<20>', type: NB }, scope: 'A' });
    node.say({ id: 1, opcode: QUERY, question: { name: 'SERVER<20>', type: A } });
    node.say({ id: 1, opcode: 3, question: { name: 'SERVER<20>', type: NB } });
    node.say({ id: 1, opcode: QUERY, question: { name: '*', type: NB } });
    node.say({ id: 1, opcode: QUERY, question: { name: 'SERVER<20>', type: NB } }, { source: US });
    expect(node.heard()).toEqual([]);
    const after = node.machine.nbt();
    const more = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    expect(['NAME_NOT_OURS', 'NAME_SCOPE', 'NAME_TYPE', 'NAME_OPCODE'].map(more))
      .toEqual([2, 1, 1, 1]);
    node.leave();
  });

  it('is deaf to broadcasts as a p node, and answers who asks it alone', ({ bench }) => {
    const node = new Node(bench, { parameters: { NodeType: 2 } });
    node.own('SERVER<20>');
    const question = { name: 'SERVER<20>', type: NB };
    node.say({ id: 1, opcode: QUERY, flags: BROADCAST, question }, { broadcast: true });
    expect(node.heard()).toEqual([]);
    node.say({ id: 1, opcode: QUERY, question });
    expect(node.heard()).toHaveLength(1);
    node.leave();
  });

  it('sends no more in answers than came and NtstackNameAnswerOctets a second', ({ bench }) => {
    const node = new Node(bench, { parameters: { NtstackNameAnswerOctets: 512 } });
    for (let i = 0; i < 8; i++) node.own(`NAME${i}<20>`);
    let came = 0;
    let went = 0;
    for (let i = 0; i < 2000; i++) {
      node.say({ id: i, opcode: QUERY, question: { name: '*', type: RECORD_TYPE.NBSTAT } });
      node.say({ id: i, opcode: QUERY, question: { name: 'NAME3<20>', type: NB } });
      came += 100;
      node.machine.advance(1);
      went += node.heard().reduce((sum, { octets }) => sum + octets, 0);
    }
    expect(went).toBeLessThanOrEqual(came + 512 * (2 + 4));
    expect(went).toBeGreaterThan(came / 2);
    expect(node.machine.nbt()['NAME_ANSWER_LIMIT']).toBeGreaterThan(0);
    node.machine.advance(5000);
    node.say({ id: 1, opcode: QUERY, question: { name: 'NAME3<20>', type: NB } });
    expect(node.heard()).toHaveLength(1);
    node.leave();
  });
});
