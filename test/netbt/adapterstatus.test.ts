/** Adapter status: which names a node says that it has, and what others say (RFC 1002, 4.2.18). */

import { describe, expect } from 'vitest';
import {
  NAME_FLAG, NAME_OPCODE, NB_FLAG, RECORD_TYPE, netbiosName, statusEntries,
} from '../../host/wire/nbname.js';
import { join } from '../../host/wire/octets.js';
import { macText } from '../../host/wire/read.js';
import { THEM } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import { Node } from './node.js';

const { QUERY } = NAME_OPCODE;
const { NBSTAT } = RECORD_TYPE;
const asked = { id: 3, opcode: QUERY, question: { name: '*', type: NBSTAT } };

describe('netbt/adapterstatus', () => {
  it('lists all names with their flags, and the card', ({ bench }) => {
    const node = new Node(bench);
    for (const name of ['SERVER<00>', 'SERVER<20>']) node.own(name);
    node.own('DOMAIN<00>', 'GROUP');
    node.say(asked);
    const [heard] = node.heard();
    expect(heard).toMatchObject({ id: 3, response: true, opcode: QUERY, result: 0, to: THEM });
    const [record] = heard?.answers ?? [];
    expect(record).toMatchObject({ name: '*<00>', type: NBSTAT, ttl: 0 });
    const data = record?.data ?? new Uint8Array(0);
    // 155 octets for six names, as Windows answers (nt-facts 5.3): 1 + 18 each + 46.
    expect(data.length).toBe(1 + 3 * 18 + 46);
    const { names, mac } = statusEntries(data);
    expect(names).toEqual([
      { name: 'SERVER<00>', flags: NB_FLAG.ACTIVE },
      { name: 'SERVER<20>', flags: NB_FLAG.ACTIVE },
      { name: 'DOMAIN<00>', flags: NB_FLAG.ACTIVE | NB_FLAG.GROUP },
    ]);
    expect(macText(mac)).toBe('02-00-00-00-00-01');
    node.leave();
  });

  it('answers for a name of its own, and not for another', ({ bench }) => {
    const node = new Node(bench);
    node.own('SERVER<20>');
    node.say({ ...asked, question: { name: 'SERVER<20>', type: NBSTAT } });
    expect(node.heard()).toHaveLength(1);
    node.say({ ...asked, question: { name: 'OTHER<20>', type: NBSTAT } });
    expect(node.heard()).toEqual([]);
    node.leave();
  });

  it('has no more names in an answer than every host takes whole', ({ bench }) => {
    const node = new Node(bench);
    for (let i = 0; i < 40; i++) node.add(`NAME${i}<20>`, 'QUICK_UNIQUE');
    node.machine.advance(1000);
    node.say(asked);
    const [heard] = node.heard();
    expect(heard?.octets).toBeLessThanOrEqual(548);
    const { names } = statusEntries(heard?.answers[0]?.data ?? new Uint8Array(0));
    expect(names).toHaveLength(24);
    node.leave();
  });

  it('asks a node three times, 1.5 s apart, and gives what it said', ({ bench }) => {
    const node = new Node(bench);
    const silent = node.ask('ADAPTER_STATUS', '*', THEM);
    node.machine.advance(4600);
    expect(node.heard().map(({ question, to }) => [question?.type, to])).toEqual([
      [NBSTAT, THEM], [NBSTAT, THEM], [NBSTAT, THEM],
    ]);
    expect(node.asked(silent)).toBe('HOST_UNREACHABLE');
    node.answer(silent);
    const handle = node.ask('ADAPTER_STATUS', '*', THEM);
    const [sent] = node.heard();
    const data = join(
      Uint8Array.of(1), netbiosName('THEIRS<20>'), Uint8Array.of(4, 0), new Uint8Array(46),
    );
    const answer = {
      id: sent?.id ?? 0, opcode: QUERY, flags: NAME_FLAG.RESPONSE,
      answers: [{ name: '*', type: NBSTAT, data }],
    };
    node.say({ ...answer, answers: [{ name: '*', type: NBSTAT, data: data.subarray(0, 10) }] });
    expect(node.asked(handle)).toBe('PENDING');
    node.say(answer, { source: THEM + 1 });
    expect(node.asked(handle)).toBe('PENDING');
    node.say(answer);
    expect(node.asked(handle)).toBe('SUCCESS');
    expect(statusEntries(node.answer(handle)).names).toEqual([
      { name: 'THEIRS<20>', flags: NB_FLAG.ACTIVE },
    ]);
    node.leave();
  });
});
