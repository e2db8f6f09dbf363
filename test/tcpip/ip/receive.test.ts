/** IP on the way in: every fault of a header has its reason, and only its reason is counted. */

import { describe, expect } from 'vitest';
import {
  BROADCAST_MAC, ICMP, THEM, UDP, US, echoRequest, ethernet, ipv4, udp,
} from '../../wireside/build.js';
import type { Ipv4Fields } from '../../../host/wire/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { address, difference, pattern } from '../../wireside/octets.js';

const DATA = pattern(20);

/** A UDP datagram to port 7 with these fields. */
function datagram(fields: Partial<Ipv4Fields> = {}): Uint8Array {
  const between = {
    source: fields.source ?? THEM, destination: fields.destination ?? US,
  };
  return ipv4(udp(DATA, { source: 9, destination: 7 }, between), { protocol: UDP, ...fields });
}

describe('tcpip/ip/receive', () => {
  for (const [what, fields, reason] of [
    ['is of version 5', { version: 5 }, 'IP_VERSION'],
    ['has a header of 16 octets', { headerLength: 4 }, 'IP_HEADER_LENGTH'],
    ['has a header longer than itself', { headerLength: 15 }, 'IP_HEADER_LENGTH'],
    ['says it is longer than it is', { totalLength: 49 }, 'IP_TOTAL_LENGTH'],
    ['says it is shorter than its header', { totalLength: 19 }, 'IP_TOTAL_LENGTH'],
    ['says it is 65535 octets long', { totalLength: 65_535 }, 'IP_TOTAL_LENGTH'],
    ['has a wrong header checksum', { checksum: 0x1234 }, 'IP_CHECKSUM'],
    ['is for another', { destination: address('10.0.0.77') }, 'IP_NOT_OURS'],
    ['is for the broadcast address of another net', { destination: address('11.0.0.255') },
      'IP_NOT_OURS'],
    ['is for a group', { destination: address('224.0.0.1') }, 'IP_NOT_OURS'],
    ['is for the loopback address', { destination: address('127.0.0.1') }, 'IP_NOT_OURS'],
    ['is from the loopback address', { source: address('127.0.0.1') }, 'IP_SOURCE'],
    ['is from a group', { source: address('224.1.2.3') }, 'IP_SOURCE'],
    ['is from class E', { source: address('240.0.0.1') }, 'IP_SOURCE'],
    ['is from everybody', { source: address('255.255.255.255') }, 'IP_SOURCE'],
    ['is from nobody', { source: 0 }, 'IP_SOURCE'],
    ['is from the broadcast address of its net', { source: address('10.0.0.255') }, 'IP_SOURCE'],
    ['is of a protocol that nobody speaks', { protocol: 99 }, 'IP_PROTOCOL'],
  ] as const) {
    it(`drops a datagram that ${what}: ${reason}`, ({ bench }) => {
      const { machine, user } = bench();
      const socket = user.socket('DATAGRAM');
      user.bind(socket, 7);
      machine.receive(ethernet(datagram(fields)));
      expect(machine.dropped()).toEqual({ [reason]: 1 });
      expect(machine.count('IP_IN_RECEIVES')).toBe(1);
      expect(user.query(socket, 'READABLE')).toBe(0);
    });
  }

  it('drops a frame with less than a header: IP_SHORT', ({ bench }) => {
    const { machine } = bench();
    for (const octets of [0, 1, 19]) {
      machine.receive(ethernet(datagram().subarray(0, octets)));
      expect(machine.dropped()).toEqual({ IP_SHORT: 1 });
    }
  });

  it('delivers what is for it, and ignores the padding behind it', ({ bench }) => {
    const { machine, user } = bench();
    const socket = user.socket('DATAGRAM');
    user.bind(socket, 7);
    const frame = new Uint8Array(100).fill(0xee);
    frame.set(ethernet(datagram()));
    machine.receive(frame);
    expect(difference(user.receive(socket), DATA)).toBe('same');
    expect(machine.count('IP_IN_DELIVERS')).toBe(1);
    expect(machine.dropped()).toEqual({});
  });

  for (const release of BOTH) {
    it(`${release}: steps over options, known or not (RFC 791, 3.1)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const socket = user.socket('DATAGRAM');
      user.bind(socket, 7);
      for (const options of [
        Uint8Array.of(1, 1, 1, 0), Uint8Array.of(7, 7, 4, 0, 0, 0, 0, 0),
        new Uint8Array(40).fill(1),
        Uint8Array.of(148, 4, 0, 0), Uint8Array.of(131, 0, 0, 0),
      ]) {
        machine.receive(ethernet(datagram({ options })));
        expect(difference(user.receive(socket), DATA)).toBe('same');
      }
      expect(machine.dropped()).toEqual({});
    });
  }

  it('delivers what is for everybody on its net', ({ bench }) => {
    const { machine, user } = bench();
    const socket = user.socket('DATAGRAM');
    user.bind(socket, 7);
    for (const destination of ['10.0.0.255', '255.255.255.255', '10.0.0.0']) {
      const octets = datagram({ destination: address(destination) });
      machine.receive(ethernet(octets, { destination: BROADCAST_MAC }));
      expect(difference(user.receive(socket), DATA), destination).toBe('same');
    }
  });

  it('drops what came to every station for one address (RFC 1122, 3.3.6)', ({ bench }) => {
    const { machine, user } = bench();
    user.listen(80);
    const echo = ipv4(echoRequest(DATA), { protocol: ICMP });
    machine.receive(
      ethernet(datagram(), { destination: BROADCAST_MAC }),
      ethernet(echo, { destination: BROADCAST_MAC }),
      ethernet(datagram({ protocol: 99 }), { destination: BROADCAST_MAC }),
    );
    expect(machine.dropped()).toEqual({ IP_NOT_OURS: 3 });
    expect(machine.take()).toEqual([]);
  });

  it('counts each frame of a mixed batch for itself', ({ bench }) => {
    const { machine, user } = bench();
    const socket = user.socket('DATAGRAM');
    user.bind(socket, 7);
    machine.receive(
      ethernet(datagram()), ethernet(datagram({ checksum: 1 })), ethernet(datagram({ version: 6 })),
      ethernet(datagram()), ethernet(datagram({ source: 0 })), ethernet(datagram()),
    );
    expect(machine.dropped()).toEqual({ IP_CHECKSUM: 1, IP_VERSION: 1, IP_SOURCE: 1 });
    expect(user.query(socket, 'READABLE')).toBe(60);
    expect(machine.counters()).toMatchObject({ IP_IN_RECEIVES: 6, IP_IN_DELIVERS: 3 });
  });
});
