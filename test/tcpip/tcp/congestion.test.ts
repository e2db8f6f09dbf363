/** Slow start, congestion avoidance, fast retransmit and recovery (RFC 5681, RFC 6582). */

import { describe, expect } from 'vitest';
import { ACK, PSH } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { fieldOf, reach } from '../../wireside/peer.js';
import type { Connected, Peer } from '../../wireside/peer.js';
import type { MachineOptions } from '../../wireside/machine.js';

const MSS = 1460;

/** A connection to a peer with a large window, and 60,000 octets to send. */
function sending(bench: Bench): Connected {
  const one = reach(bench, { window: 65_535 });
  expect(bench.user.send(one.handle, pattern(60_000))).toBe(60_000);
  return one;
}

/** Eight segments in the first flight. */
function eight(parameters: Record<string, number> = {}): MachineOptions {
  return { parameters: { NtstackInitialWindowSegments: 8, ...parameters } };
}

/** The peer takes `segments` more of what it was sent, and says so. */
function take(peer: Peer, segments: number): void {
  peer.ack += segments * MSS;
  peer.say(ACK);
}

/** The peer repeats where it is, `times` times. */
function repeat(peer: Peer, times: number): void {
  for (let i = 0; i < times; i++) peer.say(ACK);
}

describe('tcpip/tcp/congestion', () => {
  it('grows by a segment for each ACK in slow start (RFC 5681, 3.1)', ({ bench }) => {
    const one = bench();
    const { peer } = sending(one);
    expect(peer.heard()).toHaveLength(2);
    take(peer, 1);
    expect(peer.heard()).toHaveLength(2);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(3 * MSS);
    take(peer, 1);
    expect(peer.heard()).toHaveLength(2);
    // Two segments in one ACK count as one: no more than SMSS each.
    take(peer, 2);
    expect(peer.heard()).toHaveLength(3);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(5 * MSS);
  });

  it('begins again with one segment after a timeout (RFC 5681, 3.1)', ({ bench }) => {
    const one = bench(eight());
    const { peer } = sending(one);
    expect(peer.heard()).toHaveLength(8);
    one.machine.advance(3000);
    expect(peer.lines()).toEqual(['. 1(1460) ack 1']);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(MSS);
    // ssthresh is half of what was on the way, 4 segments: then it grows by one a window.
    for (let segments = 1; segments <= 8; segments++) take(peer, 1);
    peer.heard();
    const before = fieldOf(one.machine, peer, 'cwnd');
    expect(before).toBeGreaterThanOrEqual(4 * MSS);
    expect(before).toBeLessThanOrEqual(5 * MSS);
    const flight = Math.floor(before / MSS);
    for (let i = 0; i < flight; i++) take(peer, 1);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBeLessThanOrEqual(before + MSS);
  });

  for (const [release, duplicates] of [['nt40sp2', 2], ['modern', 3]] as const) {
    it(`${release}: sends again at ${duplicates} duplicate ACKs, without a timeout`, ({
      bench,
    }) => {
      const one = bench({ release, ...eight() });
      const { peer } = sending(one);
      expect(peer.heard()).toHaveLength(8);
      take(peer, 1);
      peer.heard();
      repeat(peer, duplicates - 1);
      expect(peer.heard().map(({ sequence }) => sequence)).not.toContain(peer.ack);
      repeat(peer, 1);
      const heard = peer.heard();
      expect(heard[0]).toMatchObject({ sequence: peer.ack });
      expect(one.machine.count('TCP_FAST_RETRANSMITS')).toBe(1);
      expect(one.machine.count('TCP_TIMEOUTS')).toBe(0);
    });
  }

  it('waits for the timeout before SP2 (Q170359)', ({ bench }) => {
    const one = bench({ release: 'nt40sp1', ...eight() });
    const { peer } = sending(one);
    peer.heard();
    repeat(peer, 10);
    expect(peer.lines()).toEqual([]);
    one.machine.advance(3000);
    expect(peer.lines()).toEqual(['. 1(1460) ack 1']);
  });

  it('sends one more segment for each further duplicate, as far as cwnd lets (3.2)', ({
    bench,
  }) => {
    const one = bench(eight({ TcpMaxDupAcks: 3 }));
    const { peer } = sending(one);
    peer.heard();
    repeat(peer, 3);
    expect(peer.lines()).toEqual(['. 1(1460) ack 1']);
    // cwnd = ssthresh 4 + 3, with 8 on the way: the second further one lets a new segment go.
    repeat(peer, 1);
    expect(peer.lines()).toEqual([]);
    repeat(peer, 1);
    expect(peer.lines()).toEqual(['. 11681(1460) ack 1']);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(9 * MSS);
    // All that was on the way when it began is acknowledged: cwnd is ssthresh.
    peer.ack += 8 * MSS;
    peer.say(ACK);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(4 * MSS);
  });

  it('sends the next loss at once when an ACK is partial (RFC 6582, 3.2)', ({ bench }) => {
    const one = bench(eight({ TcpMaxDupAcks: 3 }));
    const { peer } = sending(one);
    peer.heard();
    repeat(peer, 3);
    peer.heard();
    peer.ack += 3 * MSS;
    peer.say(ACK);
    const [again] = peer.heard();
    expect(again?.sequence).toBe(peer.ack);
    expect(one.machine.count('TCP_FAST_RETRANSMITS')).toBe(1);
  });

  it('lets go of what a partial ACK takes, less a segment (RFC 6582, 3.2, step 3)', ({ bench }) => {
    const one = bench(eight({ TcpMaxDupAcks: 3 }));
    const { peer } = sending(one);
    peer.heard();
    repeat(peer, 3);
    // ssthresh, half of eight, and the three that have left the network.
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(7 * MSS);
    take(peer, 3);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe((7 - 3 + 1) * MSS);
    // Less than a segment adds none.
    peer.ack += 100;
    peer.say(ACK);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe((7 - 3 + 1) * MSS - 100);
  });

  for (const [restart, segments] of [[1, 10], [0, 20]] as const) {
    it(`sends ${segments} segments after silence, NtstackIdleRestart ${restart} (RFC 5681, 4.1)`, ({
      bench,
    }) => {
      const parameters = { Tcp1323Opts: 0, SackOpts: 0, NtstackIdleRestart: restart };
      const one = bench({ release: 'modern', parameters });
      const { peer, handle } = reach(one, { window: 65_535 });
      one.user.send(handle, pattern(20 * MSS));
      one.machine.advance(20);
      expect(peer.heard()).toHaveLength(10);
      for (let i = 0; i < 10; i++) take(peer, 1);
      peer.heard();
      for (let i = 0; i < 10; i++) take(peer, 1);
      const grown = fieldOf(one.machine, peer, 'cwnd');
      expect(grown).toBeGreaterThanOrEqual(20 * MSS);
      // Not yet a silence.
      one.machine.advance(fieldOf(one.machine, peer, 'rto') - 30);
      one.user.send(handle, pattern(MSS));
      expect(fieldOf(one.machine, peer, 'cwnd')).toBe(grown);
      take(peer, 1);
      peer.heard();
      one.machine.advance(fieldOf(one.machine, peer, 'rto') + 30);
      one.user.send(handle, pattern(20 * MSS));
      expect(peer.heard()).toHaveLength(segments);
    });
  }

  it('counts as duplicates only what RFC 5681, 2 says', ({ bench }) => {
    const one = bench(eight({ TcpMaxDupAcks: 2 }));
    const { peer } = sending(one);
    peer.heard();
    for (let i = 0; i < 5; i++) {
      peer.say(ACK | PSH, { data: pattern(10) });
      peer.window -= 100;
      peer.say(ACK);
    }
    expect(one.machine.count('TCP_DUP_ACKS_IN')).toBe(0);
    expect(one.machine.count('TCP_FAST_RETRANSMITS')).toBe(0);
  });

  it('does not halve twice for the losses of one window (RFC 6582, 3.2)', ({ bench }) => {
    const one = bench(eight({ TcpMaxDupAcks: 2 }));
    const { peer } = sending(one);
    peer.heard();
    one.machine.advance(3000);
    take(peer, 1);
    // What was sent again goes out twice: the copies make duplicates.
    repeat(peer, 5);
    expect(one.machine.count('TCP_FAST_RETRANSMITS')).toBe(0);
  });

  it('delivers all when every fifth segment is lost', ({ bench }) => {
    for (const release of ['nt40', 'nt40sp6a', 'modern']) {
      const one = bench({ release });
      const { peer } = sending(one);
      let count = 0;
      for (let i = 0; i < 4000 && peer.text.length < 60_000; i++) {
        const frames = peer.heard();
        if (frames.length === 0) one.machine.advance(1000);
        for (const { sequence, data } of frames) {
          if (++count % 5 === 0 || data.length === 0) continue;
          const old = (peer.ack - sequence) | 0;
          if (old >= 0 && old < data.length) {
            peer.text.push(...data.subarray(old));
            peer.ack = (sequence + data.length) >>> 0;
          }
          peer.say(ACK);
        }
      }
      expect(difference(Uint8Array.from(peer.text), pattern(60_000)), release).toBe('same');
    }
  });

  it('grows only while the window is the limit (NtstackWindowValidation; RFC 9438, 5.8)', ({
    bench,
  }) => {
    for (const [release, grown] of [['modern', 0], ['nt40sp6a', 20]] as const) {
      const one = bench({ release, ...eight() });
      const { peer, handle } = reach(one, { window: 65_535 });
      for (let i = 0; i < 20; i++) {
        one.user.send(handle, pattern(MSS));
        one.machine.advance(20);
        take(peer, 1);
      }
      expect(fieldOf(one.machine, peer, 'cwnd')).toBe((8 + grown) * MSS);
      peer.heard();
      // Half a window on the way is enough in slow start.
      one.user.send(handle, pattern(4 * MSS));
      for (let i = 0; i < 4; i++) take(peer, 1);
      const more = release === 'modern' ? 4 : 24;
      expect(fieldOf(one.machine, peer, 'cwnd')).toBe((8 + more) * MSS);
    }
  });
});
