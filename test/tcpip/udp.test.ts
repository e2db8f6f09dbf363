/** UDP (RFC 768): to the socket that is bound, with its source, or dropped with a reason. */

import { describe, expect } from 'vitest';
import { BROADCAST_MAC, THEM, UDP, US, ethernet, ipv4, udp } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import type { Bench } from '../wireside/fixture.js';
import { address, difference, pattern } from '../wireside/octets.js';

interface Change {
  length?: number;
  checksum?: number;
  source?: number;
  /** The station's own port. */
  port?: number;
  destination?: number;
}

/** A datagram of `data` to port 7. */
function to7(data: Uint8Array, change: Change = {}): Uint8Array {
  const { source = THEM, destination = US, port = 9, ...fields } = change;
  const datagram = udp(data, { source: port, destination: 7, ...fields }, { source, destination });
  return ethernet(ipv4(datagram, { protocol: UDP, source, destination }));
}

function bound({ user }: Bench, port = 7): number {
  const socket = user.socket('DATAGRAM');
  expect(user.bind(socket, port)).toBe('SUCCESS');
  return socket;
}

describe('tcpip/udp', () => {
  it('delivers datagrams one by one, each with its source', ({ bench }) => {
    const { machine, user } = bench();
    const socket = bound({ machine, user });
    const other = { source: address('10.0.0.3'), port: 1234 };
    machine.receive(to7(pattern(10)), to7(pattern(20), other));
    expect(user.events(socket).events).toEqual(['READABLE']);
    expect(difference(user.receive(socket), pattern(10))).toBe('same');
    expect([user.query(socket, 'REMOTE_ADDRESS'), user.query(socket, 'REMOTE_PORT')])
      .toEqual([THEM, 9]);
    expect(difference(user.receive(socket), pattern(20))).toBe('same');
    expect([user.query(socket, 'REMOTE_ADDRESS'), user.query(socket, 'REMOTE_PORT')])
      .toEqual([address('10.0.0.3'), 1234]);
    expect(machine.count('UDP_IN_DATAGRAMS')).toBe(2);
  });

  it('cuts what does not fit the reader\'s memory, and keeps the next whole', ({ bench }) => {
    const { machine, user } = bench();
    const socket = bound({ machine, user });
    machine.receive(to7(pattern(100)), to7(pattern(30, 500)));
    expect(difference(user.receive(socket, 40), pattern(40))).toBe('same');
    expect(difference(user.receive(socket), pattern(30, 500))).toBe('same');
    expect(user.query(socket, 'READABLE')).toBe(0);
  });

  it('delivers a datagram of no octets, before the next', ({ bench }) => {
    const { machine, user } = bench();
    const socket = bound({ machine, user });
    machine.receive(to7(pattern(0), { port: 11 }), to7(pattern(5), { port: 12 }));
    expect(user.events(socket).events).toEqual(['READABLE']);
    expect(user.receive(socket)).toHaveLength(0);
    expect(user.query(socket, 'REMOTE_PORT')).toBe(11);
    expect(difference(user.receive(socket), pattern(5))).toBe('same');
    expect(user.query(socket, 'REMOTE_PORT')).toBe(12);
  });

  for (const [what, frame, reason] of [
    ['shorter than its header', ethernet(ipv4(new Uint8Array(7), { protocol: UDP })), 'UDP_SHORT'],
    ['whose length is below 8', to7(pattern(8), { length: 7 }), 'UDP_LENGTH'],
    ['whose length is 0', to7(pattern(8), { length: 0 }), 'UDP_LENGTH'],
    ['whose length is more than there is', to7(pattern(8), { length: 17 }), 'UDP_LENGTH'],
    ['with a wrong checksum', to7(pattern(8), { checksum: 0x1234 }), 'UDP_CHECKSUM'],
  ] as const) {
    it(`drops one ${what}: ${reason}`, ({ bench }) => {
      const { machine, user } = bench();
      const socket = bound({ machine, user });
      machine.receive(frame);
      expect(machine.dropped()).toEqual({ [reason]: 1 });
      expect(user.query(socket, 'READABLE')).toBe(0);
      expect(machine.take()).toEqual([]);
    });
  }

  it('takes one without a checksum (RFC 768), and the length it says', ({ bench }) => {
    const { machine, user } = bench();
    const socket = bound({ machine, user });
    machine.receive(to7(pattern(20), { checksum: 0 }));
    expect(difference(user.receive(socket), pattern(20))).toBe('same');
    machine.receive(to7(pattern(20), { checksum: 0, length: 18 }));
    expect(difference(user.receive(socket), pattern(10))).toBe('same');
  });

  it('takes one whose sum is zero, sent as ones (RFC 768)', ({ bench }) => {
    const { machine, user } = bench();
    const socket = bound({ machine, user });
    for (let first = 0; first < 65_536; first += 1) {
      const data = Uint8Array.of(first >> 8, first & 255);
      const datagram = udp(data, { source: 9, destination: 7 });
      if (datagram[6] !== 0xff || datagram[7] !== 0xff) continue;
      machine.receive(to7(data));
      expect(difference(user.receive(socket), data)).toBe('same');
      expect(user.sendTo(socket, data, 9)).toBe(2);
      const [answer] = machine.take();
      // Read strictly by parse.ts: a sum of zero would mean that there is none.
      expect(answer?.ip?.payload.subarray(6, 8)).toEqual(Uint8Array.of(0xff, 0xff));
      return;
    }
    throw new Error('no datagram has that sum');
  });

  it('drops what has no room, and counts it', ({ bench }) => {
    const { machine, user } = bench();
    const socket = bound({ machine, user });
    user.option(socket, 'RECEIVE_BUFFER', 100);
    machine.receive(to7(pattern(60)), to7(pattern(60)), to7(pattern(40)));
    expect(machine.dropped()).toEqual({ UDP_NOT_TAKEN: 1 });
    expect(user.query(socket, 'READABLE')).toBe(100);
  });

  it('delivers to the socket that is bound to the address, or to any', ({ bench }) => {
    const { machine, user } = bench();
    const socket = user.socket('DATAGRAM');
    user.bind(socket, 7, US);
    machine.receive(to7(pattern(5)));
    expect(difference(user.receive(socket), pattern(5))).toBe('same');
    const loop = user.socket('DATAGRAM');
    user.bind(loop, 8, address('127.0.0.1'));
    const datagram = udp(pattern(5), { source: 9, destination: 8 });
    machine.receive(ethernet(ipv4(datagram, { protocol: UDP })));
    expect(machine.dropped()).toEqual({ UDP_NO_PORT: 1 });
  });

  it('keeps its ports apart from TCP\'s, and gives them back', ({ bench }) => {
    const { machine, user } = bench();
    user.listen(7);
    const socket = bound({ machine, user });
    const second = user.socket('DATAGRAM');
    expect(user.bind(second, 7)).toBe('ADDRESS_ALREADY_EXISTS');
    user.close(socket);
    expect(user.bind(second, 7)).toBe('SUCCESS');
  });

  it('gives ephemeral ports from 1024 to MaxUserPort, each once (Q149532)', ({ bench }) => {
    const { user } = bench({ parameters: { MaxUserPort: 1040 } });
    const ports = Array.from({ length: 17 }, () => {
      const socket = user.socket('DATAGRAM');
      expect(user.bind(socket, 0)).toBe('SUCCESS');
      return user.query(socket, 'LOCAL_PORT');
    });
    expect(new Set(ports).size).toBe(17);
    expect([Math.min(...ports), Math.max(...ports)]).toEqual([1024, 1040]);
    expect(user.bind(user.socket('DATAGRAM'), 0)).toBe('INSUFFICIENT_RESOURCES');
  });

  it('sends to its net and beyond, and says where there is no way', ({ bench }) => {
    const { machine, user } = bench();
    const socket = bound({ machine, user });
    expect(user.sendTo(socket, pattern(9), 99)).toBe(9);
    expect(machine.take()[0]).toMatchObject({
      ip: { source: US, destination: THEM }, udp: { sourcePort: 7, destinationPort: 99 },
    });
    expect(user.sendTo(socket, pattern(9), 99, address('11.0.0.1'))).toBe('NETWORK_UNREACHABLE');
    expect(machine.dropped()).toEqual({ IP_NO_ROUTE: 1 });
    expect(user.sendTo(socket, pattern(65_508), 99)).toBe('INVALID_PARAMETER');
    expect(machine.take()).toEqual([]);
  });

  it('answers what nobody takes with "port unreachable", once each', ({ bench }) => {
    const { machine } = bench();
    machine.meet();
    machine.receive(to7(pattern(1)), to7(pattern(1)));
    expect(machine.take().map(({ icmp }) => icmp?.code)).toEqual([3, 3]);
    expect(machine.count('UDP_NO_PORTS')).toBe(2);
    machine.receive(ethernet(
      ipv4(udp(pattern(1), { source: 9, destination: 7 }, { destination: address('10.0.0.255') }),
        { protocol: UDP, destination: address('10.0.0.255') }),
      { destination: BROADCAST_MAC },
    ));
    expect(machine.take()).toEqual([]);
  });

  it('sends nothing of what its card has too few packets for, and all of the next', ({ bench }) => {
    const { machine, user } = bench({ parameters: { NtstackSendPackets: 8 } });
    const socket = bound({ machine, user });
    user.sendTo(socket, pattern(1), 9);
    machine.take();
    expect(user.sendTo(socket, pattern(12_000), 9)).toBe('INSUFFICIENT_RESOURCES');
    expect(machine.dropped()).toEqual({ NO_PACKET: 1 });
    machine.take();
    expect(user.sendTo(socket, pattern(11_000), 9)).toBe(11_000);
    expect(machine.take()).toHaveLength(8);
  });
});
