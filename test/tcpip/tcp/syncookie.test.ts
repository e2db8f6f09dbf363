/** SYN cookies: a handshake that nobody remembers ends as it began, and for nobody else. */

import { describe, expect } from 'vitest';
import { ACK, PSH, RST, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import type { MachineOptions } from '../../wireside/machine.js';
import { difference, pattern } from '../../wireside/octets.js';
import { SACK_PERMITTED, optionWords, scale, stampOf, stamps } from '../../wireside/option.js';
import { join } from '../../../host/wire/octets.js';
import { Peer, connections, fieldOf, stateOf } from '../../wireside/peer.js';

const ECE = 64;
const CWR = 128;

/** A kernel on which somebody listens at port 80, and whose SYN cache of one place is full. */
function full(
  make: (options?: MachineOptions) => Bench, parameters: Record<string, number> = {},
): Bench & { listener: number; other: Peer } {
  const one = make({ release: 'modern', parameters: { NtstackSynCache: 1, ...parameters } });
  one.machine.meet();
  const listener = one.user.listen(80, 5);
  const other = new Peer(one.machine, { port: 9999, ours: 80 });
  other.say(SYN);
  other.ack = ((other.heard()[0]?.sequence ?? 0) + 1) >>> 0;
  return { ...one, listener, other };
}

/** A SYN, and what the answer to it says; `peer.ack` is what it asks for. */
function open(peer: Peer): Uint8Array {
  peer.say(SYN);
  const [answer] = peer.heard();
  if (answer === undefined) throw new Error('no answer to a SYN');
  peer.ack = (answer.sequence + 1) >>> 0;
  return answer.options;
}

/** What the kernel says to text from further on: its options, and whether its window is scaled. */
function heardBeyond(
  peer: Peer, window: number, options?: Uint8Array,
): { words: string[]; scaled: boolean } {
  const data = pattern(9);
  const saying = options === undefined ? { window, data } : { window, data, options };
  peer.say(ACK | PSH, { sequence: peer.next + 100, ...saying });
  const heard = peer.heard().at(-1);
  const words = optionWords(heard?.options ?? new Uint8Array(0), peer.own);
  return { words, scaled: (heard?.window ?? 0) < 2000 };
}

describe('tcpip/tcp/syncookie', () => {
  it('opens a connection that it did not remember', ({ bench }) => {
    const { machine, user, listener } = full(bench);
    const peer = new Peer(machine, { ours: 80 });
    open(peer);
    expect(machine.traced('TCP_COOKIES_BEGIN')).toBe(1);
    expect(connections(machine)).toEqual([]);
    peer.say(ACK | PSH, { data: pattern(20) });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(difference(user.receive(user.accept(listener)), pattern(20))).toBe('same');
    expect(machine.count('TCP_COOKIES_SENT')).toBe(1);
    expect(machine.count('TCP_COOKIES_TAKEN')).toBe(1);
    expect(machine.count('TCP_SYNS_CACHED')).toBe(1);
  });

  for (const [said, kept] of [
    [64, 64], [255, 64], [536, 536], [1000, 536], [1300, 1220], [1400, 1360], [1460, 1460],
    [9000, 1460],
  ] as const) {
    it(`brings back an MSS of ${said} as ${kept}`, ({ bench }) => {
      const { machine } = full(bench);
      const peer = new Peer(machine, { ours: 80, mss: said });
      open(peer);
      peer.say(ACK);
      expect(fieldOf(machine, peer, 'mss')).toBe(kept);
    });
  }

  it('agrees on nothing else where there are no timestamps', ({ bench }) => {
    const { machine } = full(bench);
    const peer = new Peer(machine, { ours: 80, agrees: join(SACK_PERMITTED, scale(7)) });
    expect(optionWords(open(peer))).toEqual(['mss 1460']);
    peer.say(ACK, { window: 300 });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(heardBeyond(peer, 300)).toEqual({ words: [], scaled: false });
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(300);
  });

  for (const [what, agrees, shift] of [
    ['window scale and SACK', join(SACK_PERMITTED, scale(9)), 9],
    ['a shift of nothing', scale(0), 0],
    ['SACK alone', SACK_PERMITTED, undefined],
    ['neither', new Uint8Array(0), undefined],
  ] as const) {
    it(`carries ${what} in the timestamp, which is never ahead of the next`, ({ bench }) => {
      const { machine } = full(bench);
      // At each place of the 64 ms that are rounded away.
      for (let port = 4000; port < 4005; port++) {
        machine.advance(13);
        const peer = new Peer(machine, { port, ours: 80, agrees: join(agrees, stamps(70)) });
        const stamp = stampOf(open(peer));
        peer.say(ACK, { options: stamps(71, stamp), window: 10 });
        expect(stateOf(machine, peer)).toBe('ESTABLISHED');
        const { words, scaled } = heardBeyond(peer, 10, stamps(72, stamp));
        expect(scaled).toBe(shift !== undefined);
        const selective = agrees.join().includes(SACK_PERMITTED.join());
        expect(words.slice(1)).toEqual(selective ? ['sack 101:110'] : []);
        expect(((Number(words[0]?.split(' ')[2])) - stamp) | 0).toBeGreaterThanOrEqual(0);
      }
    });
  }

  it('carries in the timestamp that marks are agreed on (RFC 3168, 6.1.1)', ({ bench }) => {
    for (const offer of [0, ECE | CWR]) {
      const { machine, user, listener } = full(bench, { NtstackEcn: 2 });
      const peer = new Peer(machine, { ours: 80, agrees: stamps(70) });
      peer.say(SYN | offer);
      const [answer] = peer.heard();
      const stamp = stampOf(answer?.options ?? new Uint8Array(0));
      expect((answer?.flags ?? 0) & ECE).toBe(offer & ECE);
      peer.ack = (peer.kernels + 1) >>> 0;
      peer.carries = stamps(71, stamp);
      peer.say(ACK);
      expect(machine.count('TCP_COOKIES_TAKEN')).toBe(1);
      machine.take();
      user.send(user.accept(listener), pattern(10));
      const [text] = machine.take();
      // ECN-capable transport, ECT(0), where it was offered.
      expect((text?.octets[15] ?? 0) & 3).toBe(offer === 0 ? 0 : 2);
    }
  });

  it('is good in its minute and in the next, and not after', ({ bench }) => {
    const { machine } = full(bench, { TcpMaxConnectResponseRetransmissions: 40 });
    const peers = [4000, 4001].map((port) => new Peer(machine, { port, ours: 80 }));
    for (const peer of peers) open(peer);
    machine.advance(60_000);
    peers[0]?.say(ACK);
    expect(stateOf(machine, peers[0] as Peer)).toBe('ESTABLISHED');
    machine.advance(59_000);
    const last = new Peer(machine, { port: 4002, ours: 80 });
    open(last);
    machine.advance(1000);
    machine.dropped();
    peers[1]?.say(ACK);
    expect(peers[1]?.lines()).toEqual(['R 1(0)']);
    expect(machine.dropped()).toEqual({ TCP_COOKIE: 1, TCP_NO_CONNECTION: 1 });
    last.say(ACK);
    expect(stateOf(machine, last)).toBe('ESTABLISHED');
  });

  for (const [what, saying] of [
    ['another acknowledgment', { acknowledgment: 8 }],
    ['another MSS', { acknowledgment: 1 }],
    ['another sequence number', { sequence: 1 }],
  ] as const) {
    it(`is not taken with ${what}`, ({ bench }) => {
      const { machine } = full(bench);
      const peer = new Peer(machine, { ours: 80 });
      open(peer);
      const numbers = 'sequence' in saying
        ? { sequence: peer.next + saying.sequence }
        : { acknowledgment: (peer.ack ^ saying.acknowledgment) >>> 0 };
      peer.say(ACK, numbers);
      expect(stateOf(machine, peer)).toBe('CLOSED');
      expect(peer.heard().map(({ flags }) => flags)).toEqual([4]);
      expect(machine.drops()['TCP_COOKIE']).toBe(1);
    });
  }

  it('is not taken from another port', ({ bench }) => {
    const { machine } = full(bench);
    const peer = new Peer(machine, { ours: 80 });
    open(peer);
    const thief = new Peer(machine, { ours: 80, port: 4001, sequence: peer.own });
    thief.next = peer.next;
    thief.ack = peer.ack;
    thief.say(ACK);
    expect(stateOf(machine, thief)).toBe('CLOSED');
  });

  it('is not looked for while none is out', ({ bench }) => {
    const one = bench({ release: 'modern' });
    one.machine.meet();
    one.user.listen(80, 5);
    const peer = new Peer(one.machine, { ours: 80 });
    peer.ack = 12_345;
    peer.say(ACK);
    expect(one.machine.dropped()).toEqual({ TCP_NO_CONNECTION: 1 });
  });

  it('is what the peer may have heard before its SYN was remembered', ({ bench }) => {
    const { machine } = full(bench, { TcpMaxConnectResponseRetransmissions: 0 });
    const peer = new Peer(machine, { ours: 80 });
    open(peer);
    const cookie = peer.ack;
    machine.advance(1500);
    peer.say(SYN, { sequence: peer.own });
    peer.heard();
    expect(machine.count('TCP_SYNS_CACHED')).toBe(2);
    peer.say(ACK, { acknowledgment: cookie });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });

  it('takes over a SYN for which there is no memory', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { machine } = one;
    machine.meet();
    one.user.listen(80, 5);
    // Control blocks and extensions come from what the first connection gave back.
    const first = new Peer(machine, { ours: 80, agrees: stamps(1) });
    open(first);
    machine.raw.failAllocation(1, 1);
    const peer = new Peer(machine, { ours: 80, port: 4001 });
    open(peer);
    machine.raw.failAllocation(0, 0);
    expect(machine.count('TCP_COOKIES_SENT')).toBe(1);
    peer.say(ACK);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });

  for (const room of [true, false]) {
    it(`is remembered where there is no memory when it comes back, ${
      room ? 'in the room there is' : 'in the place of who never came'}`, ({ bench }) => {
      const { machine, user, listener, other } = full(bench);
      const peers = [4000, 4001].map((port) => new Peer(machine, { port, ours: 80 }));
      for (const peer of peers) open(peer);
      const [first, second] = peers as [Peer, Peer];
      // Takes the control block that the SYNs gave back.
      first.say(ACK);
      if (room) other.say(RST);
      machine.raw.failAllocation(1, 0);
      second.say(ACK);
      machine.raw.failAllocation(0, 0);
      expect([second.lines(), stateOf(machine, second)]).toEqual([[], 'CLOSED']);
      expect(machine.raw.cachedHalves()).toBe(1);
      expect(machine.count('TCP_COOKIES_TAKEN')).toBe(1);
      expect(machine.count('TCP_ATTEMPT_FAILS')).toBe(1);
      machine.advance(1000);
      expect([second.lines(), other.lines()]).toEqual([['S. 0(0) ack 1'], []]);
      second.say(ACK);
      expect(stateOf(machine, second)).toBe('ESTABLISHED');
      expect([user.accept(listener), user.accept(listener)]).not.toContain(0);
    });
  }

  it('is taken with the text behind it where there was no memory for it at first', ({ bench }) => {
    const { machine, user, listener } = full(bench);
    const peers = [4000, 4001].map((port) => new Peer(machine, { port, ours: 80 }));
    for (const peer of peers) open(peer);
    const [first, second] = peers as [Peer, Peer];
    first.say(ACK);
    machine.raw.failAllocation(1, 1);
    second.say(ACK);
    machine.raw.failAllocation(0, 0);
    expect(machine.raw.cachedHalves()).toBe(0);
    second.say(ACK | PSH, { data: pattern(30) });
    expect(stateOf(machine, second)).toBe('ESTABLISHED');
    user.accept(listener);
    expect(difference(user.receive(user.accept(listener)), pattern(30))).toBe('same');
  });
});
