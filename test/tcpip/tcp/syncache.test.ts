/** The SYN cache: what is half open has no control block, and behaves as if it had. */

import { describe, expect } from 'vitest';
import { readHalfOpen } from '../../../host/kernel/inspect.js';
import { join } from '../../../host/wire/octets.js';
import { ACK, ICMP, PSH, RST, SYN, THEM, US } from '../../wireside/build.js';
import { ethernet, icmp, ipv4 } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { SACK_PERMITTED, optionWords, scale, stamps } from '../../wireside/option.js';
import { Peer, connections, fieldOf, stateOf } from '../../wireside/peer.js';
import { halfOpen, listening } from './halfopen.js';

/** The bucket of a peer's port with the key of the tests' machines: hash.ts, then syncache.ts. */
function bucketOf(port: number): number {
  const word = (i: number): bigint => BigInt(Math.imul(i + 1, 0x9e3779b1) >>> 0);
  const key = (i: number): bigint => (word(2 * i + 1) << 32n) | word(2 * i);
  const [a, b, c, d] = [key(0), key(1), key(2), key(3)] as const;
  const first = (a + BigInt(THEM)) * (b + BigInt(US));
  const second = (c + BigInt(port * 0x1_0000 + 80)) * d;
  const sum = first + second + a * 0x9e37_79b9_7f4a_7c15n + d;
  const hash = Number((sum >> 32n) & 0xffff_ffffn);
  return Math.imul(hash, 0x9e3779b1) >>> 23;
}

describe('tcpip/tcp/syncache', () => {
  it('is what the debugger sees of it', ({ bench }) => {
    const one = listening(bench);
    const { machine } = one;
    const ports = Array.from({ length: 40 }, (_, i) => 4000 + i);
    for (const port of ports) halfOpen(one, port);
    const seen = readHalfOpen(machine.kernel);
    expect(seen.map(({ remotePort }) => remotePort).toSorted((a, b) => a - b)).toEqual(ports);
    expect(seen[0]).toMatchObject({ localAddress: US, localPort: 80, remoteAddress: THEM });
    expect(machine.raw.cachedHalves()).toBe(40);
    machine.advance(120_000);
    expect(readHalfOpen(machine.kernel)).toEqual([]);
  });

  it('makes a control block when the handshake is over, and asks the client then', ({ bench }) => {
    const one = listening(bench);
    const { machine, user, listener } = one;
    const peer = halfOpen(one);
    expect(connections(machine)).toEqual([]);
    expect(user.events(listener).events).toEqual([]);
    peer.say(ACK | PSH, { data: pattern(50) });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    const handle = user.accept(listener);
    expect(difference(user.receive(handle), pattern(50))).toBe('same');
    user.send(handle, pattern(10));
    expect(peer.lines().at(-1)).toBe('P. 1(10) ack 51');
    expect(machine.count('TCP_SYNS_CACHED')).toBe(1);
    expect(machine.count('TCP_PASSIVE_OPENS')).toBe(1);
    expect(machine.count('TCP_COOKIES_SENT')).toBe(0);
  });

  it('keeps what was agreed', ({ bench }) => {
    const one = listening(bench);
    const { machine } = one;
    const agrees = join(SACK_PERMITTED, scale(7), stamps(500));
    const peer = new Peer(machine, { ours: 80, agrees, mss: 900 });
    peer.say(SYN);
    const [answer] = peer.heard();
    const words = optionWords(answer?.options ?? new Uint8Array(0));
    expect(words.slice(0, 3)).toEqual(['mss 1460', 'wscale 6', 'sackOK']);
    expect(words[3]).toMatch(/^TS val \d+ ecr 500$/);
    peer.ack = ((answer?.sequence ?? 0) + 1) >>> 0;
    peer.say(ACK, { options: stamps(501, 1), window: 100 });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(fieldOf(machine, peer, 'mss')).toBe(888);
    peer.say(ACK | PSH, {
      sequence: peer.next + 100, options: stamps(502, 1), window: 100, data: pattern(9),
    });
    const [gap] = peer.heard();
    expect(optionWords(gap?.options ?? new Uint8Array(0), peer.own)[1]).toBe('sack 101:110');
    expect(gap?.window).toBeLessThan(2000);
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(100);
  });

  it('sends the SYN-ACK again as often as it may, at doubled times, then forgets', ({ bench }) => {
    const one = listening(bench, { TcpMaxConnectResponseRetransmissions: 3 });
    const { machine } = one;
    const peer = new Peer(machine, { ours: 80 });
    const startMs = machine.nowMs;
    peer.say(SYN);
    machine.advance(60_000);
    expect(peer.heard().map(({ atMs }) => atMs - startMs)).toEqual([0, 1000, 3000, 7000]);
    expect(machine.count('TCP_RETRANS_SEGS')).toBe(3);
    expect(machine.count('TCP_ATTEMPT_FAILS')).toBe(1);
    peer.ack = (peer.kernels + 1) >>> 0;
    peer.say(ACK);
    expect(peer.lines()).toEqual(['R 1(0)']);
  });

  it('goes on with the time-out it has come to when its ACK is out of the window', ({ bench }) => {
    const one = listening(bench);
    const { machine } = one;
    const peer = new Peer(machine, { ours: 80 });
    const startMs = machine.nowMs;
    peer.say(SYN);
    machine.advance(4000);
    expect(peer.heard().map(({ atMs }) => atMs - startMs)).toEqual([0, 1000, 3000]);
    peer.ack = (peer.kernels + 1) >>> 0;
    // The handshake is known to have arrived, and the segment is not acceptable.
    peer.say(ACK, { sequence: (peer.next + 0x0100_0000) >>> 0 });
    expect(stateOf(machine, peer)).toBe('SYN_RECEIVED');
    peer.heard();
    machine.advance(3990);
    expect(peer.lines()).toEqual([]);
    machine.advance(20);
    expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
  });

  it('keeps 32 in a bucket, finds each of them, and has cookies for the others', ({ bench }) => {
    const one = listening(bench, { TcpMaxConnectResponseRetransmissions: 1 });
    const { machine } = one;
    const ports: number[] = [];
    for (let port = 1; ports.length < 34; port++) if (bucketOf(port) === 7) ports.push(port);
    const peers = ports.map((port) => halfOpen(one, port));
    expect(machine.raw.cachedHalves()).toBe(32);
    expect(machine.count('TCP_COOKIES_SENT')).toBe(2);
    expect(readHalfOpen(machine.kernel)).toHaveLength(32);
    // The first lies at the bucket's end, the last is a cookie: each is open when its ACK comes.
    const ends = [peers[0], peers[31], peers[33]].filter((each) => each !== undefined);
    for (const peer of ends) {
      peer.say(ACK);
      expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    }
    expect(machine.raw.cachedHalves()).toBe(30);
    expect(machine.count('TCP_COOKIES_TAKEN')).toBe(1);
    machine.advance(10_000);
    expect(machine.raw.cachedHalves()).toBe(0);
  });

  it('answers the same SYN again, and begins its time-out anew', ({ bench }) => {
    const one = listening(bench);
    const { machine } = one;
    const peer = halfOpen(one);
    machine.advance(600);
    peer.say(SYN, { sequence: peer.own });
    machine.advance(999);
    expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
    machine.advance(1);
    expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
    peer.say(ACK);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(machine.count('TCP_SYNS_CACHED')).toBe(1);
  });

  it('asks the peer of another SYN what it means (RFC 5961, 4)', ({ bench }) => {
    const one = listening(bench);
    const { machine } = one;
    const peer = halfOpen(one);
    peer.say(SYN, { sequence: peer.own + 100_000 });
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    expect(machine.count('TCP_CHALLENGES')).toBe(1);
    peer.say(ACK);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });

  for (const [where, offset, heard, open] of [
    ['at the number that is next', 0, [], false],
    ['inside the window', 1, ['. 1(0) ack 1'], true],
    ['at its last octet', 65_534, ['. 1(0) ack 1'], true],
    ['behind it', 65_535, [], true],
    ['before it', -1, [], true],
  ] as const) {
    it(`ends for a RST only where it is exact: ${where}`, ({ bench }) => {
      const one = listening(bench);
      const { machine } = one;
      const peer = halfOpen(one);
      peer.say(RST, { sequence: (peer.own + 1 + offset) >>> 0 });
      expect(peer.lines()).toEqual(heard);
      peer.say(ACK);
      expect(stateOf(machine, peer)).toBe(open ? 'ESTABLISHED' : 'CLOSED');
      expect(machine.traced('TCP_HALF_OPEN_ENDED')).toBe(open ? 0 : 1);
    });
  }

  it('Protect5961 0: ends for a RST in the window', ({ bench }) => {
    const one = listening(bench, { Protect5961: 0 });
    const peer = halfOpen(one);
    peer.say(RST, { sequence: peer.own + 1000 });
    expect(peer.lines()).toEqual([]);
    peer.say(ACK);
    expect(peer.lines()).toEqual(['R 1(0)']);
  });

  for (const [what, off, ends] of [['its number', 0, true], ['another', 1, false]] as const) {
    it(`${ends ? 'ends' : 'does not end'} for a hard error that quotes ${what}`, ({ bench }) => {
      const one = listening(bench);
      const { machine } = one;
      const peer = halfOpen(one);
      const quoted = new Uint8Array(8);
      const view = new DataView(quoted.buffer);
      view.setUint16(0, 80);
      view.setUint16(2, peer.port);
      view.setUint32(4, (peer.kernels + off) >>> 0);
      const quote = ipv4(quoted, { source: US, destination: peer.address, protocol: 6 });
      machine.receive(ethernet(ipv4(icmp(3, 3, 0, quote), { protocol: ICMP })));
      expect(machine.traced('TCP_HALF_OPEN_ENDED')).toBe(ends ? 1 : 0);
      peer.say(ACK);
      expect(stateOf(machine, peer)).toBe(ends ? 'CLOSED' : 'ESTABLISHED');
    });
  }

  it('outlives errors that may pass, whatever their code', ({ bench }) => {
    const one = listening(bench);
    const { machine } = one;
    const peer = halfOpen(one);
    const quoted = new Uint8Array(8);
    const view = new DataView(quoted.buffer);
    view.setUint16(0, 80);
    view.setUint16(2, peer.port);
    view.setUint32(4, peer.kernels);
    const quote = ipv4(quoted, { source: US, destination: peer.address, protocol: 6 });
    for (const [type, code] of [[3, 1], [11, 0], [12, 2]] as const) {
      machine.receive(ethernet(ipv4(icmp(type, code, 0, quote), { protocol: ICMP })));
    }
    peer.say(ACK);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });

  it('resets a handshake that is over when the backlog has no place', ({ bench }) => {
    const one = listening(bench, {}, 1);
    const [first, second] = [halfOpen(one, 4000), halfOpen(one, 4001)];
    first.say(ACK);
    second.say(ACK);
    expect(second.lines()).toEqual(['R 1(0)']);
    expect(stateOf(one.machine, first)).toBe('ESTABLISHED');
    expect(one.machine.dropped()).toEqual({ TCP_NO_BACKLOG: 1 });
  });

  it('resets the peer of a listener that is gone', ({ bench }) => {
    const one = listening(bench);
    const peer = halfOpen(one);
    one.user.close(one.listener);
    peer.say(ACK);
    expect(peer.lines()).toEqual(['R 1(0)']);
    expect(one.machine.raw.tableCount()).toBe(0);
  });

  it('asks no peer again for a listener that is gone, and forgets it then', ({ bench }) => {
    const one = listening(bench);
    const { machine, user } = one;
    const others = user.listen(81);
    const gone = halfOpen(one);
    const other = new Peer(machine, { ours: 81 });
    other.say(SYN);
    other.heard();
    user.close(one.listener);
    machine.advance(1000);
    expect(gone.lines()).toEqual([]);
    expect(other.lines()).toEqual(['S. 0(0) ack 1']);
    expect(readHalfOpen(machine.kernel)).toMatchObject([{ localPort: 81 }]);
    expect(machine.count('TCP_ATTEMPT_FAILS')).toBe(1);
    expect(machine.traced('TCP_HALF_OPEN_ENDED')).toBe(1);
    user.close(others);
    machine.advance(120_000);
    expect(other.lines()).toEqual([]);
    expect(machine.count('TCP_ATTEMPT_FAILS')).toBe(2);
  });

  it('asks on for a listener that was opened again meanwhile', ({ bench }) => {
    const one = listening(bench);
    const peer = halfOpen(one);
    one.user.close(one.listener);
    one.user.listen(80);
    one.machine.advance(1000);
    expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
    peer.say(ACK);
    expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
  });

  it('loses an entry to SetTcpEntry, with a RST to its peer', ({ bench }) => {
    const one = listening(bench);
    const { machine } = one;
    const [peer, other] = [halfOpen(one, 4000), halfOpen(one, 4001)];
    const drop = (port: number): string => machine.word('Status',
      machine.call((raw) => raw.connectionDelete(US, THEM, port * 0x1_0000 + 80)));
    expect(drop(4002)).toBe('INVALID_PARAMETER');
    expect(drop(4000)).toBe('SUCCESS');
    expect(peer.lines()).toEqual(['R. 1(0) ack 1']);
    expect(drop(4000)).toBe('INVALID_PARAMETER');
    expect(readHalfOpen(machine.kernel)).toMatchObject([{ remotePort: 4001 }]);
    expect([machine.count('TCP_OUT_RSTS'), machine.count('TCP_ATTEMPT_FAILS')]).toEqual([1, 1]);
    machine.advance(120_000);
    expect(peer.lines()).toEqual([]);
    expect(other.lines()).toHaveLength(5);
  });

  it('resets who acknowledges what was not said, and goes on waiting', ({ bench }) => {
    const one = listening(bench);
    const peer = halfOpen(one);
    peer.say(ACK, { acknowledgment: (peer.kernels + 2) >>> 0 });
    expect(peer.lines()).toEqual(['R 2(0)']);
    peer.say(ACK);
    expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
  });

  it('refuses a SYN where it is full and cookies are off', ({ bench }) => {
    const one = listening(bench, { NtstackSynCache: 3, NtstackSynCookies: 0 });
    const { machine } = one;
    const peers = [0, 1, 2].map((i) => halfOpen(one, 4000 + i));
    const late = new Peer(machine, { port: 4100, ours: 80 });
    late.say(SYN);
    expect(late.lines()).toEqual([]);
    expect(machine.dropped()).toEqual({ TCP_SYN_CACHE_FULL: 1 });
    peers[0]?.say(ACK);
    late.say(SYN, { sequence: late.own });
    expect(late.lines()).toEqual(['S. 0(0) ack 1']);
  });

  it('is off in NT releases, which keep control blocks', ({ bench }) => {
    const one = bench();
    one.machine.meet();
    one.user.listen(80, 5);
    halfOpen(one);
    expect(connections(one.machine)).toHaveLength(1);
    expect(one.machine.count('TCP_SYNS_CACHED')).toBe(0);
  });
});
