/** A window of zero: probed, with longer and longer intervals, for as long as the peer answers. */

import { describe, expect } from 'vitest';
import { ACK } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { Peer, reach, stateOf, welcome } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';

/** A connection whose peer has a closed window, and octets that wait for it. */
function stuck(bench: Bench, octets: number): Connected {
  const handle = bench.user.socket();
  const peer = new Peer(bench.machine, { port: 139, window: 0 });
  welcome(bench, peer, handle);
  bench.user.send(handle, pattern(octets));
  return { peer, handle };
}

/** Answers each probe with the closed window, for `ms`; when they came, and what they carried. */
function probes({ machine }: Bench, peer: Peer, ms: number, stepMs = 100): [number, number][] {
  const seen: [number, number][] = [];
  for (let passed = 0; passed < ms; passed += stepMs) {
    machine.advance(stepMs);
    for (const { atMs, data } of peer.heard()) {
      seen.push([atMs, data.length]);
      peer.say(ACK);
    }
  }
  return seen;
}

describe('tcpip/tcp/persist', () => {
  for (const release of BOTH) {
    it(`${release}: sends but probes of one octet into a closed window (MUST-35, MUST-36)`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { peer } = stuck(one, 5000);
      expect(peer.lines()).toEqual([]);
      const seen = probes(one, peer, 600_000);
      expect(seen.length).toBeGreaterThan(3);
      expect(new Set(seen.map(([, length]) => length))).toEqual(new Set([1]));
      expect(seen[0]?.[0]).toBe(release === 'modern' ? 1000 : 3000);
    });
  }

  for (const release of BOTH) {
    it(`${release}: doubles the interval while the peer answers (SHLD-30; Q153596)`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { peer } = stuck(one, 5000);
      const times = probes(one, peer, 1_500_000).map(([atMs]) => atMs / 1000);
      const intervals = times.map((at, i) => at - (times[i - 1] ?? 0));
      // Up to NtstackMaximumRto.
      const growing = release === 'modern'
        ? [1, 2, 4, 8, 16, 32, 60] : [3, 6, 12, 24, 48, 96, 192, 240];
      expect(intervals.slice(0, growing.length)).toEqual(growing);
      expect(new Set(intervals.slice(growing.length))).toEqual(new Set([growing.at(-1)]));
    });
  }

  for (const release of BOTH) {
    it(`${release}: stays open for as long as the peer answers (MUST-37)`, ({ bench }) => {
      const one = bench({ release });
      const { peer } = stuck(one, 10);
      probes(one, peer, 4 * 3_600_000, 1000);
      expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
    });
  }

  it('gives up a peer that does not answer (Q117317)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = stuck({ machine, user }, 10);
    machine.advance(4 * 3_600_000);
    expect(stateOf(machine, peer)).toBe('CLOSED');
    expect(user.events(handle)).toEqual({ events: ['ABORTED'], status: 'IO_TIMEOUT' });
    expect(peer.heard().length).toBeLessThan(20);
  });

  it('sends all when the window opens, whether it took the probe or not', ({ bench }) => {
    for (const took of [0, 1]) {
      const one = bench();
      const { peer } = stuck(one, 5000);
      one.machine.advance(3000);
      const [probe] = peer.heard();
      peer.ack += took;
      if (took) peer.text.push(...probe?.data ?? []);
      peer.say(ACK);
      one.machine.advance(100);
      peer.heard();
      peer.window = 8760;
      peer.say(ACK);
      for (let i = 0; i < 10; i++) peer.listen('ack');
      expect(difference(Uint8Array.from(peer.text), pattern(5000))).toBe('same');
    }
  });

  it('is not taken for loss: answers to probes are no duplicate ACKs', ({ bench }) => {
    const one = bench();
    const { peer } = stuck(one, 5000);
    probes(one, peer, 100_000);
    expect(one.machine.count('TCP_FAST_RETRANSMITS')).toBe(0);
    expect(one.machine.count('TCP_DUP_ACKS_IN')).toBe(0);
  });

  it('probes no more once the probe\'s octet was the last, and was taken', ({ bench }) => {
    const one = bench();
    const { peer, handle } = stuck(one, 1);
    one.machine.advance(3000);
    expect(peer.lines()).toEqual(['P. 1(1) ack 1']);
    peer.ack += 1;
    peer.say(ACK);
    one.machine.advance(8 * 3_600_000);
    expect(peer.lines()).toEqual([]);
    expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
    expect(one.user.events(handle).events).toEqual([]);
  });

  it('begins when the last octets on the way are acknowledged with a closed window', ({
    bench,
  }) => {
    const one = bench();
    const { peer, handle } = reach(one, { window: 2920 });
    one.user.send(handle, pattern(6000));
    peer.listen();
    peer.window = 0;
    peer.say(ACK);
    expect(peer.lines()).toEqual([]);
    const seen = probes(one, peer, 10_000);
    expect(seen.map(([, length]) => length)).toContain(1);
    peer.window = 8760;
    peer.say(ACK);
    for (let i = 0; i < 10; i++) peer.listen('ack');
    expect(difference(Uint8Array.from(peer.text), pattern(6000))).toBe('same');
  });

  for (const release of BOTH) {
    it(`${release}: does not give up what a window that shrank has no room for (SHLD-17)`, ({
      bench,
    }) => {
      const one = bench({ release });
      const { peer, handle } = reach(one, { window: 2920 });
      one.user.send(handle, pattern(2920));
      peer.heard();
      peer.window = 0;
      peer.say(ACK);
      const seen = probes(one, peer, 4 * 3_600_000, 1000);
      expect(seen.length).toBeGreaterThan(50);
      expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
      peer.window = 8760;
      peer.say(ACK);
      for (let i = 0; i < 10; i++) peer.listen('ack');
      expect(difference(Uint8Array.from(peer.text), pattern(2920))).toBe('same');
    });
  }

  it('closes behind a closed window: the FIN goes out behind the last octet', ({ bench }) => {
    const one = bench();
    const { peer, handle } = stuck(one, 100);
    one.user.shutdown(handle);
    probes(one, peer, 10_000);
    peer.window = 8760;
    peer.say(ACK);
    for (let i = 0; i < 5; i++) peer.listen('ack');
    expect(difference(Uint8Array.from(peer.text), pattern(100))).toBe('same');
    expect(stateOf(one.machine, peer)).toBe('FIN_WAIT_2');
  });
});
