/** What is agreed when a connection opens: segment sizes, windows, and options that are broken. */

import { describe, expect } from 'vitest';
import { ACK, PSH, SYN, mssOption } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { join } from '../../../host/wire/octets.js';
import { pattern } from '../../wireside/octets.js';
import { SACK_PERMITTED, optionWords, scale, stamps } from '../../wireside/option.js';
import { Peer, arrive, fieldOf, reach, stateOf, welcome } from '../../wireside/peer.js';

/** The segment size that a SYN with these options brings about. */
function agreed(bench: Bench, options: Uint8Array): number {
  const peer = new Peer(bench.machine, { ours: 80 });
  peer.say(SYN, { options });
  expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
  return fieldOf(bench.machine, peer, 'mss');
}

const NOP = Uint8Array.of(1);
const TIMESTAMPS = Uint8Array.of(8, 10, 0, 0, 0, 1, 0, 0, 0, 0);

/** Where the last option of a segment ends: the number of the first octet that fills up. */
function endOf(options: Uint8Array): number {
  let end = 0;
  while (end < options.length && options[end] !== 0) {
    end += options[end] === 1 ? 1 : options[end + 1] ?? 0;
  }
  return end;
}

describe('tcpip/tcp/options', () => {
  for (const [what, options, mss] of [
    ['offers 1460', mssOption(1460), 1460],
    ['offers 1000', mssOption(1000), 1000],
    ['offers more than our link carries', mssOption(9000), 1460],
    ['offers 65535', mssOption(65_535), 1460],
    ['says nothing', new Uint8Array(0), 536],
    ['offers next to nothing', mssOption(1), 64],
    ['offers 0', mssOption(0), 64],
    ['has other options before it', join(NOP, NOP, TIMESTAMPS, mssOption(700)), 700],
    ['has options that nobody knows', join(Uint8Array.of(253, 4, 1, 2), mssOption(600)), 600],
    ['has ended before it', join(Uint8Array.of(0, 1, 1, 1), mssOption(700)), 536],
    ['has an MSS option of the wrong length', Uint8Array.of(2, 3, 5, 0), 536],
    ['fills the header with NOP', new Uint8Array(40).fill(1), 536],
  ] as const) {
    for (const release of BOTH) {
      it(`${release}: agrees on ${mss} with a SYN that ${what}`, ({ bench }) => {
        // A control block from the SYN on, so that it can be seen.
        const one = bench({ release, parameters: { NtstackSynCache: 0, Tcp1323Opts: 0 } });
        one.user.listen(80);
        expect(agreed(one, options)).toBe(mss);
      });
    }
  }

  for (const [what, octets] of [
    ['of length 0', [2, 0, 5, 180]],
    ['of length 1', [253, 1, 0, 0]],
    ['longer than the header', [2, 8, 5, 180]],
    ['whose length is missing', [1, 1, 1, 2]],
  ] as const) {
    it(`drops a SYN with an option ${what} (MUST-7)`, ({ bench }) => {
      const { machine, user } = bench();
      const listener = user.listen(80, 1);
      const peer = new Peer(machine, { ours: 80 });
      peer.say(SYN, { options: Uint8Array.from(octets) });
      expect(machine.dropped()).toEqual({ TCP_OPTION: 1 });
      expect(peer.lines()).toEqual([]);
      expect(machine.raw.tableCount()).toBe(0);
      // Its place in the backlog is not lost.
      arrive({ machine, user }, listener, 80, { port: 4001 });
    });

    it(`drops a SYN-ACK with an option ${what}, and goes on asking`, ({ bench }) => {
      const { machine, user } = bench();
      const peer = new Peer(machine, { port: 139 });
      user.connect(user.socket(), 139);
      peer.heard();
      peer.ack = peer.kernels + 1;
      peer.say(SYN | ACK, { options: Uint8Array.from(octets), sequence: peer.own });
      expect(machine.dropped()).toEqual({ TCP_OPTION: 1 });
      expect(stateOf(machine, peer)).toBe('SYN_SENT');
      machine.advance(3000);
      expect(peer.lines()).toEqual(['S 0(0)']);
    });
  }

  for (const release of BOTH) {
    it(`${release}: ignores options on segments that are not SYN, whatever they say`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      peer.say(ACK | PSH, { options: Uint8Array.of(2, 0, 1, 1), data: pattern(5) });
      peer.say(ACK | PSH, { options: mssOption(100), data: pattern(5) });
      expect(user.drain(handle).length).toBe(10);
      expect(fieldOf(machine, peer, 'mss')).toBe(1460);
    });
  }

  it('drops a header shorter than 20 octets, or longer than the segment', ({ bench }) => {
    const { machine, user } = bench();
    const { peer } = reach({ machine, user });
    const short = peer.frame(ACK | PSH, { data: pattern(10), sequence: peer.next });
    const withOffset = (words: number): Uint8Array => {
      const frame = short.slice();
      frame[14 + 20 + 12] = words << 4;
      return frame;
    };
    machine.receive(withOffset(4), withOffset(0), withOffset(15));
    expect(machine.dropped()).toEqual({ TCP_OFFSET: 3 });
    machine.receive(short.subarray(0, short.length));
    machine.receive(withOffset(7));
    // 7 words end inside the text: the checksum tells.
    expect(machine.dropped()).toEqual({ TCP_CHECKSUM: 1 });
  });

  it('fills up behind its options with what means nothing (MUST-69)', ({ bench }) => {
    const { machine, user } = bench({ release: 'modern' });
    const all = join(SACK_PERMITTED, scale(3), stamps(1));
    const { peer, handle } = arrive({ machine, user }, user.listen(80), 80, {
      agrees: all, carries: stamps(1),
    });
    user.send(handle, pattern(10));
    peer.say(ACK | PSH, { data: pattern(10), sequence: peer.next + 10 });
    const heard = peer.heard();
    expect(heard.length).toBe(2);
    for (const { options } of heard) {
      expect(options.length % 4).toBe(0);
      const end = endOf(options);
      expect(end).toBeLessThanOrEqual(options.length);
      expect([...options.subarray(end)].every((octet) => octet === 0)).toBe(true);
    }
  });

  for (const release of BOTH) {
    it(`${release}: has its segment size in SYNs alone (MUST-65)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const listener = user.listen(80);
      for (const { peer, handle } of [
        reach({ machine, user }), arrive({ machine, user }, listener, 80),
      ]) {
        user.send(handle, pattern(3000));
        user.shutdown(handle);
        machine.advance(10_000);
        const heard = peer.heard();
        expect(heard.length).toBeGreaterThan(3);
        expect(heard.filter(({ options }) => options.length > 0)).toEqual([]);
      }
    });
  }

  for (const release of BOTH) {
    it(`${release}: sends segments no larger than the peer takes`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user }, { mss: 500 });
      user.send(handle, pattern(1000));
      expect(peer.lines()).toEqual(['. 1(500) ack 1', 'P. 501(500) ack 1']);
    });
  }

  for (const release of BOTH) {
    it(`${release}: tells the peer what its own link carries`, ({ bench }) => {
      const { machine, user } = bench({ release, mtu: 576, parameters: { MTU: 1500 } });
      const handle = user.socket();
      user.connect(handle, 139);
      const peer = new Peer(machine, { port: 139 });
      const size = (from: Peer): string | undefined =>
        optionWords(from.heard()[0]?.options ?? new Uint8Array(0))[0];
      expect(size(peer)).toBe('mss 536');
      const other = bench({ release, parameters: { MTU: 1000 } });
      other.user.connect(other.user.socket(), 139);
      expect(size(new Peer(other.machine, { port: 139 }))).toBe('mss 960');
    });
  }

  for (const [parameters, window] of [
    [{}, 8760],
    [{ TcpWindowSize: 65_535 }, 64_240],
    [{ TcpWindowSize: 17_520 }, 17_520],
    [{ TcpWindowSize: 5000 }, 4380],
    [{ TcpWindowSize: 1000 }, 1000],
    [{ MTU: 576 }, 8576],
  ] as const) {
    it(`offers ${window} with ${JSON.stringify(parameters)} (nt-facts 2.1)`, ({ bench }) => {
      const { machine, user } = bench({ parameters });
      const peer = new Peer(machine, { port: 139 });
      const handle = user.socket();
      welcome({ machine, user }, peer, handle);
      peer.say(ACK, { sequence: peer.next - 1 });
      expect(peer.heard()[0]?.window).toBe(window);
    });
  }

  it('scales windows where both SYNs have a scale, and never in a SYN (RFC 7323, 2)', ({
    bench,
  }) => {
    const one = bench({
      release: 'modern', parameters: { TcpWindowSize: 300_000, NtstackSynCache: 0 },
    });
    const listener = one.user.listen(80);
    const agrees = scale(7);
    const { peer, handle } = arrive(one, listener, 80, { agrees, window: 1000 });
    // The SYN's 1000 are octets; those of the ACK behind it are 128 each.
    expect(fieldOf(one.machine, peer, 'sndWnd')).toBe(1000);
    one.user.send(handle, pattern(60_000));
    expect(peer.heard()).toHaveLength(10);
    const other = new Peer(one.machine, { ours: 80, port: 4001, agrees, window: 1000 });
    other.say(SYN);
    const [answer] = other.heard();
    expect(answer?.window).toBe(65_535);
    expect(optionWords(answer?.options ?? new Uint8Array(0)))
      .toEqual(['mss 1460', 'wscale 6']);
    expect(fieldOf(one.machine, other, 'sndWnd')).toBe(8);
    // 300,000 in whole segments, in units of 64.
    peer.say(ACK, { sequence: peer.next - 1 });
    expect(peer.heard().at(-1)?.window).toBe(Math.floor(206 * 1460 / 64));
  });

  it('does not scale windows for a peer that does not (RFC 7323, 2.2)', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: { TcpWindowSize: 300_000 } });
    const { peer } = arrive(one, one.user.listen(80), 80);
    peer.say(ACK, { sequence: peer.next - 1 });
    expect(peer.heard().at(-1)?.window).toBe(65_535);
  });

  for (const [exact, windows] of [[1, [65_535, 65_535]], [0, [65_435, 65_335]]] as const) {
    it(`lets the window's edge move by octets with NtstackExactWindow ${exact}`, ({ bench }) => {
      const one = bench({ release: 'modern', parameters: { NtstackExactWindow: exact } });
      const { peer } = arrive(one, one.user.listen(80), 80);
      for (const window of windows) {
        peer.say(ACK | PSH, { data: pattern(50) });
        peer.say(ACK | PSH, { data: pattern(50) });
        expect(peer.heard().map((each) => each.window)).toEqual([window]);
      }
    });
  }

  it('takes a shift above 14 as 14 (RFC 7323, 2.3)', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: { NtstackSynCache: 0 } });
    one.user.listen(80);
    const peer = new Peer(one.machine, { ours: 80, agrees: scale(255), window: 65_535 });
    peer.say(SYN);
    expect(fieldOf(one.machine, peer, 'sndWnd')).toBe(4);
  });

  it('does not scale windows (Q199947)', ({ bench }) => {
    const one = bench();
    one.user.listen(80);
    const scale = join(mssOption(1460), NOP, Uint8Array.of(3, 3, 7));
    const peer = new Peer(one.machine, { ours: 80 });
    peer.say(SYN, { options: scale, window: 1000 });
    expect(peer.heard()[0]?.options).toEqual(mssOption(1460));
    expect(fieldOf(one.machine, peer, 'sndWnd')).toBe(1000);
  });
});
