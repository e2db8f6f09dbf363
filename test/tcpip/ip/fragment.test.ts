/** What does not fit goes in pieces (RFC 791, 3.2). */

import { describe, expect } from 'vitest';
import { UDP } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import type { Heard } from '../../../host/wire/read.js';
import { difference, pattern } from '../../wireside/octets.js';
import { parseUdp, reassembled } from '../../../host/wire/read.js';

/** The frames of one UDP datagram of `length` octets. */
function sent({ machine, user }: Bench, length: number): Heard[] {
  const socket = user.socket('DATAGRAM');
  user.bind(socket, 0);
  expect(user.sendTo(socket, pattern(length), 99)).toBe(length);
  // The first waits for ARP, and only the last piece would be parked: the neighbour is known here.
  return machine.take();
}

/** A bench that knows its neighbour already. */
function acquainted(bench: Bench): Bench {
  sent(bench, 1);
  return bench;
}

describe('tcpip/ip/fragment', () => {
  for (const [mtu, length, count] of [
    [1500, 1472, 1], [1500, 1473, 2], [1500, 2952, 2], [1500, 2953, 3], [1500, 8000, 6],
    [1500, 65_507, 45], [576, 548, 1], [576, 549, 2], [576, 5000, 10], [68, 100, 3],
    [1499, 1471, 1], [1499, 1472, 2],
  ] as const) {
    it(`sends ${length} octets in ${count} over an MTU of ${mtu}`, ({ bench }) => {
      const one = acquainted(bench({ parameters: { MTU: mtu } }));
      const before = one.machine.counters();
      const frames = sent(one, length);
      expect(frames).toHaveLength(count);
      for (const { octets, ip } of frames) {
        expect(octets.length - 14).toBeLessThanOrEqual(mtu);
        expect(ip).toMatchObject({ protocol: UDP, dontFragment: false });
        if (ip?.more) expect(ip.payload.length % 8).toBe(0);
      }
      expect(new Set(frames.map(({ ip }) => ip?.identification)).size).toBe(1);
      const first = frames[0]?.ip;
      if (first === undefined) throw new Error('nothing was sent');
      const { data } = parseUdp(reassembled(frames), first);
      expect(difference(data, pattern(length))).toBe('same');
      const after = one.machine.counters();
      const grown = (name: string): number => (after[name] ?? 0) - (before[name] ?? 0);
      expect(grown('IP_FRAG_OKS')).toBe(count > 1 ? 1 : 0);
      expect(grown('IP_FRAG_CREATES')).toBe(count > 1 ? count : 0);
    });
  }

  it('gives each datagram its own identification', ({ bench }) => {
    const one = acquainted(bench());
    const seen = new Set<number>();
    for (let i = 0; i < 10; i++) {
      for (const { ip } of sent(one, 3000)) seen.add(ip?.identification ?? 0);
    }
    expect(seen.size).toBe(10);
  });

  it('counts them in the processor\'s order of octets where NT does (nmap: TI=BI)', ({ bench }) => {
    for (const [release, step] of [['nt40', 256], ['nt351', 256], ['modern', 1]] as const) {
      const one = acquainted(bench({ release }));
      // Across an octet's end: there the other one moves.
      const [first = 0, ...others] = Array.from({ length: 300 }, () =>
        sent(one, 100)[0]?.ip?.identification ?? 0);
      const count = (id: number): number => step === 1 ? id : (id & 0xff) << 8 | id >> 8;
      expect(others.map((id) => (count(id) - count(first)) & 0xffff))
        .toEqual(Array.from({ length: 299 }, (_, i) => i + 1));
      expect(((others[0] ?? 0) - first) & 0xffff).toBe(step);
    }
  });

  it('delivers to itself what does not fit', ({ bench }) => {
    const { machine, user } = bench();
    const [from, to] = [user.socket('DATAGRAM'), user.socket('DATAGRAM')];
    user.bind(from, 0);
    user.bind(to, 7);
    user.option(to, 'RECEIVE_BUFFER', 1 << 17);
    for (const target of [0x7f00_0001, 0x0a00_0001]) {
      expect(user.sendTo(from, pattern(8000), 7, target)).toBe(8000);
      expect(difference(user.receive(to), pattern(8000))).toBe('same');
    }
    expect(machine.take()).toEqual([]);
  });
});
