/** The n-th allocation fails, for every n of what the name and datagram services do: no leak. */

import { describe, expect } from 'vitest';
import { NAME_FLAG, NAME_OPCODE, RECORD_TYPE, nbData } from '../../host/wire/nbname.js';
import { THEM } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import { pattern } from '../wireside/octets.js';
import { DATAGRAM_FLAG, DATAGRAM_TYPE, buildNbDatagram } from '../wire/nbdatagram.js';
import { Node } from './node.js';

const STATUSES = new Set([
  'SUCCESS', 'PENDING', 'INSUFFICIENT_RESOURCES', 'INVALID_HANDLE', 'BAD_NETWORK_PATH',
  'HOST_UNREACHABLE',
]);
const { NB, NBSTAT } = RECORD_TYPE;

function mustBeStatus(status: string): void {
  expect(STATUSES).toContain(status);
}

/** Ends a request, however it went. */
function end(node: Node, handle: number): void {
  if (handle <= 0) return;
  mustBeStatus(node.asked(handle));
  node.answer(handle);
}

/** Names come, are used, asked for and go. */
function play(node: Node): void {
  const handles = [node.add('SERVER<20>'), node.add('SERVER<20>'), node.add('DOMAIN<1E>', 'GROUP')];
  node.machine.advance(3000);
  for (const handle of handles) if (handle > 0) mustBeStatus(node.status(handle));
  node.say({ id: 1, opcode: NAME_OPCODE.QUERY, question: { name: 'SERVER<20>', type: NB } });
  node.say({ id: 2, opcode: NAME_OPCODE.QUERY, question: { name: '*', type: NBSTAT } });
  node.heard();
  const found = node.find('OTHER<20>');
  const [sent] = node.heard();
  node.say({
    id: sent?.id ?? 0, opcode: NAME_OPCODE.QUERY, flags: NAME_FLAG.RESPONSE,
    answers: [{ name: 'OTHER<20>', type: NB, data: nbData({ flags: 0, address: THEM }) }],
  });
  const asked = node.ask('ADAPTER_STATUS', '*', THEM);
  const first = handles[0] ?? 0;
  if (first > 0) {
    mustBeStatus(node.send(first, 'OTHER<20>', pattern(50)));
    mustBeStatus(node.send(first, 'DOMAIN<1E>', pattern(50), 'GROUP'));
  }
  for (const [offset, flags] of [[0, 3], [10, 0]] as const) {
    node.sayDatagram(buildNbDatagram({
      type: DATAGRAM_TYPE.DIRECT_UNIQUE, id: 7, source: THEM, to: 'SERVER<20>', from: 'OTHER<20>',
      data: pattern(10), offset, flags: flags & (DATAGRAM_FLAG.FIRST | DATAGRAM_FLAG.MORE),
    }));
  }
  node.machine.advance(6000);
  end(node, found);
  end(node, asked);
  node.machine.take();
}

describe('netbt without memory', () => {
  for (const on of [0, 1] as const) {
    it(`the n-th allocation fails${on ? ', and all after it' : ''}`, async ({ bench, finish }) => {
      let n = 0;
      for (let failures = 1; failures !== 0;) {
        n++;
        const node = new Node(bench);
        const { raw } = node.machine;
        raw.failAllocation(n, on);
        play(node);
        failures = raw.poolFailures();
        raw.failAllocation(0, 0);
        node.leave();
        await finish();
        if (n > 500) throw new Error('it never runs out of allocations');
      }
      expect(n).toBeGreaterThan(20);
    });
  }
});
