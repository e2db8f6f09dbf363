/** Datagrams by name: out to one, to a group, to everybody; in to every client; in parts. */

import { describe, expect } from 'vitest';
import { NAME_FLAG, NAME_OPCODE, NB_FLAG, RECORD_TYPE, nbData } from '../../host/wire/nbname.js';
import { THEM, US } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import { pattern } from '../wireside/octets.js';
import { DATAGRAM_FLAG, DATAGRAM_TYPE, buildNbDatagram } from '../wire/nbdatagram.js';
import type { DatagramFields } from '../wire/nbdatagram.js';
import { Node } from './node.js';

const { FIRST, MORE } = DATAGRAM_FLAG;
const { DIRECT_UNIQUE, DIRECT_GROUP } = DATAGRAM_TYPE;

/** A datagram of theirs for SERVER<20>. */
function theirs(fields: Partial<DatagramFields> = {}): Uint8Array {
  return buildNbDatagram({
    type: DIRECT_UNIQUE, id: 7, source: THEM, from: 'CLIENT<00>', to: 'SERVER<20>',
    data: pattern(10), ...fields,
  });
}

/** Answers the query that a send has made. */
function resolve(node: Node, flags: number): void {
  const [sent] = node.heard();
  node.say({
    id: sent?.id ?? 0, opcode: NAME_OPCODE.QUERY, flags: NAME_FLAG.RESPONSE,
    answers: [{
      name: sent?.question?.name ?? '', type: RECORD_TYPE.NB,
      data: nbData({ flags, address: THEM }),
    }],
  });
}

describe('netbt/datagram', () => {
  it('goes to the address of a unique name, once that is found', ({ bench }) => {
    const node = new Node(bench);
    const own = node.own('CLIENT<00>');
    expect(node.send(own, 'SERVER<20>', pattern(100))).toBe('PENDING');
    expect(node.datagrams()).toEqual([]);
    resolve(node, 0);
    const [sent, ...more] = node.datagrams();
    expect(more).toEqual([]);
    expect(sent).toMatchObject({
      type: DIRECT_UNIQUE, flags: FIRST, source: US, port: 138, from: 'CLIENT<00>',
      to: 'SERVER<20>', offset: 0,
    });
    expect(sent?.data).toEqual(pattern(100));
    node.leave();
  });

  it('goes to everybody where the name is a group\'s, said or found', ({ bench }) => {
    const node = new Node(bench);
    const own = node.own('CLIENT<00>');
    expect(node.send(own, 'DOMAIN<1E>', pattern(10), 'GROUP')).toBe('SUCCESS');
    expect(node.datagrams()).toMatchObject([{ type: DIRECT_GROUP, to: 'DOMAIN<1E>' }]);
    node.send(own, 'DOMAIN<1D>', pattern(10));
    resolve(node, NB_FLAG.GROUP);
    expect(node.datagrams()).toMatchObject([{ type: DIRECT_GROUP, to: 'DOMAIN<1D>' }]);
    expect(node.send(own, '*', pattern(10))).toBe('SUCCESS');
    expect(node.datagrams()).toMatchObject([{ type: DATAGRAM_TYPE.BROADCAST, to: '*<00>' }]);
    node.leave();
  });

  it('goes nowhere where nobody has the name', ({ bench }) => {
    const node = new Node(bench);
    const own = node.own('CLIENT<00>');
    expect(node.send(own, 'NOBODY<20>', pattern(10))).toBe('PENDING');
    node.machine.advance(5000);
    expect(node.datagrams()).toEqual([]);
    node.leave();
  });

  it('comes to every client that has opened the name', ({ bench }) => {
    const node = new Node(bench);
    const first = node.own('SERVER<20>');
    const second = node.own('SERVER<20>');
    const other = node.own('OTHER<20>');
    node.sayDatagram(theirs());
    expect([node.receive(first), node.receive(second)]).toEqual([pattern(10), pattern(10)]);
    expect(node.receive(other)).toBe('NO_MORE_ENTRIES');
    expect(node.receive(first)).toBe('NO_MORE_ENTRIES');
    node.leave();
  });

  it('comes back to who has the name on the same machine', ({ bench }) => {
    const node = new Node(bench);
    const from = node.own('CLIENT<00>');
    const to = node.own('SERVER<20>');
    const group = node.own('DOMAIN<1E>', 'GROUP');
    expect(node.send(from, 'SERVER<20>', pattern(5))).toBe('PENDING');
    expect(node.receive(to)).toEqual(pattern(5));
    expect(node.datagrams()).toEqual([]);
    node.send(from, 'DOMAIN<1E>', pattern(6), 'GROUP');
    expect(node.receive(group)).toEqual(pattern(6));
    expect(node.datagrams()).toHaveLength(1);
    node.leave();
  });

  it('is for everybody where a client has opened the name of everybody', ({ bench }) => {
    const node = new Node(bench);
    const all = node.add('*');
    expect(node.status(all)).toBe('SUCCESS');
    node.sayDatagram(theirs({ type: DATAGRAM_TYPE.BROADCAST, to: '*' }), { broadcast: true });
    expect(node.receive(all)).toEqual(pattern(10));
    node.leave();
  });

  it('for a name that is not ours is refused, to who sent it to us alone', ({ bench }) => {
    const node = new Node(bench);
    node.own('SERVER<20>');
    node.sayDatagram(theirs({ to: 'OTHER<20>' }));
    expect(node.datagrams()).toMatchObject([{ type: DATAGRAM_TYPE.ERROR, id: 7, errorCode: 0x82 }]);
    node.sayDatagram(theirs({ to: 'OTHER<20>' }), { broadcast: true });
    node.sayDatagram(theirs({ to: 'OTHER<20>', type: DIRECT_GROUP }));
    node.sayDatagram(theirs({ type: DATAGRAM_TYPE.ERROR, errorCode: 0x82 }));
    node.sayDatagram(theirs({ scope: 'A' }));
    expect(node.datagrams()).toEqual([]);
    expect(node.machine.nbt()).toMatchObject({
      DATAGRAM_NOT_OURS: 3, DATAGRAM_ERROR: 1, DATAGRAM_SCOPE: 1,
    });
    node.leave();
  });

  it('is put together of parts in their order, each from one sender', ({ bench }) => {
    const node = new Node(bench);
    const own = node.own('SERVER<20>');
    const whole = pattern(900);
    const part = (from: number, end: number, flags: number): Uint8Array =>
      theirs({ data: whole.subarray(from, end), offset: from, flags });
    node.sayDatagram(part(0, 400, FIRST | MORE));
    expect(node.receive(own)).toBe('NO_MORE_ENTRIES');
    node.sayDatagram(part(400, 900, 0), { source: THEM + 1 });
    node.sayDatagram(part(400, 800, MORE));
    node.sayDatagram(part(800, 900, 0));
    expect(node.receive(own)).toEqual(whole);
    expect(node.machine.nbt()['DATAGRAM_PART']).toBe(1);
    // A gap ends it, and so do two seconds.
    node.sayDatagram(part(0, 400, FIRST | MORE));
    node.sayDatagram(part(401, 900, 0));
    node.sayDatagram(part(0, 400, FIRST | MORE));
    node.machine.advance(2100);
    node.sayDatagram(part(400, 900, 0));
    expect(node.receive(own)).toBe('NO_MORE_ENTRIES');
    node.leave();
  });

  it('keeps a bounded number of datagrams that are not whole', ({ bench }) => {
    const node = new Node(bench);
    const own = node.own('SERVER<20>');
    for (let id = 0; id < 100; id++) {
      node.sayDatagram(theirs({ id, flags: FIRST | MORE, data: pattern(500) }));
    }
    expect(node.machine.nbt()['DATAGRAM_PART']).toBe(84);
    for (let at = 500; at < 20_000; at += 1000) {
      node.sayDatagram(theirs({ id: 0, flags: MORE, offset: at, data: pattern(1000) }));
    }
    expect(node.receive(own)).toBe('NO_MORE_ENTRIES');
    node.leave();
  });

  it('goes in parts beyond NtstackNbDatagramOctets, and they come together again', ({ bench }) => {
    const node = new Node(bench, { parameters: { NtstackNbDatagramOctets: 576 } });
    const own = node.own('SERVER<20>');
    node.send(own, 'DOMAIN<1E>', pattern(1300), 'GROUP');
    const sent = node.datagrams();
    expect(sent.map(({ flags, offset, data }) => [flags, offset, data?.length])).toEqual([
      [FIRST | MORE, 0, 494], [MORE, 494, 494], [0, 988, 312],
    ]);
    expect(new Set(sent.map(({ id }) => id)).size).toBe(1);
    for (const { flags, offset, data } of sent) {
      node.sayDatagram(theirs({ flags, offset: offset ?? 0, data: data ?? pattern(0) }));
    }
    expect(node.receive(own)).toEqual(pattern(1300));
    node.leave();
  });

  it('is lost where its reader does not read', ({ bench }) => {
    const node = new Node(bench);
    node.own('SERVER<20>');
    for (let i = 0; i < 100; i++) node.sayDatagram(theirs({ data: pattern(1000) }));
    expect(node.machine.nbt()['DATAGRAM_NOT_TAKEN']).toBe(36);
    node.leave();
  });
});
