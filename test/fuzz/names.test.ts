/**
 * Garbage to the name and datagram services of a machine that has names: nothing stops, every
 * packet is used or counted with a reason, no name is harmed by what has no right to it, and no
 * more goes out than came in and a little each second. NTSTACK_FUZZ_FRAMES says how many packets.
 */

import { describe, expect } from 'vitest';
import { NAME_FLAG, NAME_OPCODE, RECORD_TYPE } from '../../host/wire/nbname.js';
import { Random } from '../../host/machine/random.js';
import { Node } from '../netbt/node.js';
import { readDatagrams } from '../netbt/recorded.js';
import { DATAGRAM_PACKETS, NAME_PACKETS } from '../wire/nbpackets.js';
import { it } from '../wireside/fixture.js';

const PACKETS = Number(process.env['NTSTACK_FUZZ_FRAMES'] ?? 4000);
/** Octets a second that answers may have beyond what came, as the registry has them. */
const ALLOWANCE = 4096;
const NAMES = ['SERVER<00>', 'SERVER<20>'] as const;

/** A packet with some octets changed, cut, or with some more. */
function mutate(octets: Uint8Array, chance: ReturnType<Random['stream']>): Uint8Array {
  const copy = Uint8Array.from([...octets, ...new Uint8Array(chance.below(4) === 0 ? 8 : 0)]);
  for (let left = chance.below(6); left > 0; left--) {
    copy[chance.below(copy.length)] = chance.below(256);
  }
  return chance.below(5) === 0 ? copy.subarray(0, chance.below(copy.length + 1)) : copy;
}

/** Whether each of its names is still answered for. */
function mustAnswer(node: Node): void {
  node.machine.advance(5000);
  node.heard();
  for (const name of NAMES) {
    node.say({
      id: 1, opcode: NAME_OPCODE.QUERY, flags: NAME_FLAG.RECURSION_DESIRED,
      question: { name, type: RECORD_TYPE.NB },
    });
    expect(node.heard().map(({ answers }) => answers[0]?.name)).toEqual([name]);
  }
}

describe('fuzz/names', () => {
  it(`lives through ${PACKETS} packets made of real ones`, ({ bench }) => {
    // What demands a name of anybody's is believed on NT: here the names shall stay.
    const node = new Node(bench, { parameters: { NoNameReleaseOnDemand: 1 } });
    for (const name of NAMES) node.own(name);
    const group = node.own('DOMAIN<1E>', 'GROUP');
    node.machine.take();
    const chance = new Random(1002).stream('packets');
    const names = [...Object.values(NAME_PACKETS), ...readDatagrams(137, 0, false)];
    const datagrams = [...Object.values(DATAGRAM_PACKETS), ...readDatagrams(138, 2, false)];
    const before = node.machine.nbt();
    const startMs = node.machine.nowMs;
    let came = 0;
    for (let turn = 0; turn < PACKETS; turn++) {
      const broadcast = chance.below(3) === 0;
      if (chance.below(3) === 0) {
        const packet = datagrams[chance.below(datagrams.length)] ?? new Uint8Array(0);
        node.sayDatagram(mutate(packet, chance), { broadcast });
      } else {
        const packet = mutate(names[chance.below(names.length)] ?? new Uint8Array(0), chance);
        came += packet.length;
        node.say(packet, { broadcast });
      }
      if (chance.below(50) === 0) node.machine.advance(chance.below(1000));
      if (chance.below(200) === 0) node.answer(node.find('SERVER<1D>'));
      node.machine.take();
    }
    const after = node.machine.nbt();
    const more = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
    const seconds = (node.machine.nowMs - startMs) / 1000;
    expect(more('NAME_OCTETS_IN')).toBe(came);
    // Our own queries (50 octets, three times) are asked of us, and no answer.
    const asked = PACKETS / 50 * 150;
    expect(more('NAME_OCTETS_OUT')).toBeLessThan(came + ALLOWANCE * (seconds + 4) + asked);
    mustAnswer(node);
    while (node.receive(group) !== 'NO_MORE_ENTRIES');
    node.machine.advance(10_000);
    node.leave();
  });
});
