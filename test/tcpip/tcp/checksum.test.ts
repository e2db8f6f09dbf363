/** The checksum of segments (RFC 9293, 3.1): always right when sent, always asked for. */

import { describe, expect } from 'vitest';
import { buildTcp } from '../../../host/wire/build.js';
import { join, viewOf } from '../../../host/wire/octets.js';
import { ACK, PSH, THEM, US } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { reach } from '../../wireside/peer.js';

/** Where the text of a frame without options begins. */
const TEXT = 14 + 20 + 20;

describe('tcpip/tcp/checksum', () => {
  for (const release of BOTH) {
    it(`${release}: is right in each segment that is sent, whatever its length (MUST-2)`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      user.option(handle, 'NO_DELAY', 1);
      for (let length = 1; length < 40; length++) {
        user.send(handle, pattern(length));
        const [frame] = machine.take();
        const { ip, tcp } = frame ?? {};
        if (ip === undefined || tcp === undefined) throw new Error('there is no segment');
        expect(tcp.data.length).toBe(length);
        const between = { source: US, destination: THEM };
        const rebuilt = buildTcp({ ...tcp, options: tcp.options }, between);
        const sum = (segment: Uint8Array): number => viewOf(segment).getUint16(16);
        expect(sum(join(ip.payload))).toBe(sum(rebuilt));
        expect(sum(rebuilt)).not.toBe(0);
        peer.ack += length;
        peer.say(ACK);
      }
    });
  }

  for (const release of BOTH) {
    it(`${release}: wrong in one bit anywhere has a segment dropped (MUST-3)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      const good = peer.frame(ACK | PSH, { data: pattern(9), sequence: peer.next });
      // The ports decide whose it is, and the offset how long: their bits are others' tests.
      for (const at of [18, 23, 27, 29, 31, TEXT - 20 + 4, TEXT - 4, TEXT, TEXT + 8]) {
        const broken = good.slice();
        const place = at < TEXT - 20 ? at + 20 : at;
        broken[place] = (broken[place] ?? 0) ^ 0x10;
        machine.receive(broken);
        expect(machine.dropped(), `octet ${place}`).toEqual({ TCP_CHECKSUM: 1 });
      }
      expect(user.receive(handle)).toEqual(new Uint8Array(0));
      machine.receive(good);
      expect(user.receive(handle)).toEqual(pattern(9));
    });
  }
});
