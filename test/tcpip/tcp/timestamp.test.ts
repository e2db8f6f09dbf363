/** Timestamps (RFC 7323): when they are carried, what is echoed, and what is too old (PAWS). */

import { describe, expect } from 'vitest';
import { join } from '../../../host/wire/octets.js';
import { ACK, FIN, PSH, RST, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { SACK_PERMITTED, optionWords, scale, stampOf, stamps } from '../../wireside/option.js';
import { Peer, arrive, fieldOf, reach, stateOf } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';

/** A connection of `modern` whose peer has said `value` in each segment so far. */
function stamped(bench: Bench, value = 1000): Connected {
  const carries = stamps(value);
  return arrive(bench, bench.user.listen(80), 80, { agrees: carries, carries });
}

describe('tcpip/tcp/timestamp', () => {
  it('are on every segment but RST once both SYNs had them (RFC 7323, 3.2)', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer, handle } = stamped(one);
    one.user.send(handle, pattern(10));
    peer.say(ACK | PSH, { data: pattern(10) });
    one.machine.advance(1000);
    const heard = peer.heard();
    expect(heard.length).toBeGreaterThan(1);
    for (const { options } of heard) {
      expect(optionWords(options)[0]).toMatch(/^TS val \d+ ecr 1000/);
    }
    one.user.close(handle, 'abort');
    const [reset] = peer.heard();
    expect(reset?.flags).toBe(RST | ACK);
    expect(optionWords(reset?.options ?? new Uint8Array(0))).toEqual([]);
  });

  it('count milliseconds, and begin with a number that tells nothing', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const values = [4000, 4001].map((port) => {
      const peer = new Peer(one.machine, { port: 139, ours: port });
      one.user.connect(one.user.socket(), 139);
      const [syn] = new Peer(one.machine, { port: 139 }).heard();
      expect(peer.port).toBe(139);
      return stampOf(syn?.options ?? new Uint8Array(0));
    });
    expect(values[0]).not.toBe(values[1]);
    const { peer, handle } = stamped(one);
    one.user.send(handle, pattern(1));
    const first = stampOf(peer.heard()[0]?.options ?? new Uint8Array(0));
    peer.ack++;
    peer.say(ACK);
    one.machine.advance(250);
    one.user.send(handle, pattern(1));
    const second = stampOf(peer.heard()[0]?.options ?? new Uint8Array(0));
    expect((second - first) >>> 0).toBe(250);
  });

  it('are not there for a peer that has none, or where Tcp1323Opts says so', ({ bench }) => {
    const plain = bench({ release: 'modern' });
    const { peer, handle } = arrive(plain, plain.user.listen(80), 80);
    plain.user.send(handle, pattern(10));
    expect(peer.heard().map(({ options }) => optionWords(options))).toEqual([[]]);
    const off = bench({ release: 'modern', parameters: { Tcp1323Opts: 1 } });
    off.user.listen(80);
    const other = new Peer(off.machine, { ours: 80, agrees: join(stamps(1), scale(2)) });
    other.say(SYN);
    expect(other.heard().map(({ options }) => optionWords(options)))
      .toEqual([['mss 1460', 'wscale 6']]);
  });

  it('take their octets from the text of each segment (MUST-16)', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer, handle } = stamped(one);
    one.user.send(handle, pattern(3000));
    expect(peer.heard().map(({ data }) => data.length)).toEqual([1448, 1448]);
    expect(fieldOf(one.machine, peer, 'mss')).toBe(1448);
  });

  it('echo the earliest that is not acknowledged (RFC 7323, 4.3, (A))', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer } = stamped(one);
    peer.say(ACK, { data: pattern(100), options: stamps(2000) });
    peer.say(ACK, { data: pattern(100), options: stamps(2001) });
    expect(peer.heard().map(({ options }) => optionWords(options)[0]?.split(' ecr ')[1]))
      .toEqual(['2000']);
  });

  it('echo that of the segment that filled the hole (RFC 7323, 4.3, (C))', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer } = stamped(one);
    peer.say(ACK, { data: pattern(100), sequence: peer.next + 100, options: stamps(2001) });
    peer.say(ACK, { data: pattern(100), options: stamps(2002) });
    expect(peer.heard().map(({ options }) => optionWords(options)[0]?.split(' ecr ')[1]))
      .toEqual(['1000', '2002']);
  });

  it('make a segment that is older than what came an old duplicate (PAWS, 5.3)', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer, handle } = stamped(one);
    one.machine.dropped();
    peer.say(ACK | PSH, { data: pattern(10), sequence: peer.next, options: stamps(999) });
    expect(one.machine.dropped()).toEqual({ TCP_PAWS: 1 });
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    peer.say(ACK | FIN, { sequence: peer.next, options: stamps(0x8000_0500) });
    expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
    expect(one.user.drain(handle).length).toBe(0);
    // A RST is not older than anything (5.3, R1).
    peer.say(RST, { options: stamps(1) });
    expect(stateOf(one.machine, peer)).toBe('CLOSED');
  });

  it('are believed again after 24 days of silence (5.5)', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer, handle } = stamped(one);
    one.machine.advance(25 * 24 * 3600 * 1000);
    peer.say(ACK | PSH, { data: pattern(10), options: stamps(999) });
    expect(one.user.drain(handle).length).toBe(10);
  });

  it('must be there once they were agreed on (3.2)', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer, handle } = stamped(one);
    one.machine.dropped();
    peer.say(ACK | PSH, {
      data: pattern(10), sequence: peer.next, options: new Uint8Array(0),
    });
    expect(one.machine.dropped()).toEqual({ TCP_NO_TIMESTAMP: 1 });
    expect(peer.lines()).toEqual([]);
    expect(one.user.drain(handle).length).toBe(0);
  });

  it('leave text in order predicted, and no other layout is (appendix A)', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer, handle } = stamped(one);
    const before = one.machine.count('TCP_PREDICTED');
    for (let i = 0; i < 10; i++) {
      peer.say(ACK | PSH, { data: pattern(100), options: stamps(1001 + i) });
    }
    expect(one.machine.count('TCP_PREDICTED') - before).toBe(10);
    const odd = join(stamps(2000).subarray(2), Uint8Array.of(1, 1));
    peer.say(ACK | PSH, { data: pattern(100), options: odd });
    expect(one.machine.count('TCP_PREDICTED') - before).toBe(10);
    expect(one.user.drain(handle).length).toBe(1100);
  });

  it('measure the round trip of what was sent again (4.1)', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer, handle } = stamped(one);
    one.user.send(handle, pattern(10));
    peer.heard();
    one.machine.advance(1000);
    const [again] = peer.heard();
    one.machine.advance(500);
    peer.ack += 10;
    peer.say(ACK, { options: stamps(1000, stampOf(again?.options ?? new Uint8Array(0))) });
    // 500 ms, and four times half of it (RFC 6298, 2.2).
    expect(fieldOf(one.machine, peer, 'rto')).toBe(1501);
  });

  it('measure nothing by an acknowledgment that was lost before the timeout', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer, handle } = stamped(one);
    one.user.send(handle, pattern(10));
    const [first] = peer.heard();
    one.machine.advance(1020);
    expect(peer.heard()).toHaveLength(1);
    peer.ack += 10;
    peer.say(ACK, { options: stamps(1000, stampOf(first?.options ?? new Uint8Array(0))) });
    // Karn's: the timeout stays as far backed off as it is, and learns nothing of 1020 ms.
    expect(fieldOf(one.machine, peer, 'rto')).toBe(2000);
  });

  it('echo the second copy of the last segment, whose acknowledgment was lost', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const { peer } = stamped(one);
    const sequence = peer.next;
    peer.say(ACK, { data: pattern(100), options: stamps(2000) });
    one.machine.advance(100);
    peer.heard();
    peer.say(ACK, { data: pattern(100), sequence, options: stamps(3000) });
    expect(peer.heard().map(({ options }) => optionWords(options)[0]?.split(' ecr ')[1]))
      .toEqual(['3000']);
  });

  it('are offered by a connect, and kept where the SYN-ACK has them', ({ bench }) => {
    const one = bench({ release: 'modern' });
    const carries = stamps(77);
    const agrees = join(carries, SACK_PERMITTED, scale(3));
    const { peer, handle } = reach(one, { agrees, carries, window: 1000 });
    expect(fieldOf(one.machine, peer, 'mss')).toBe(1448);
    one.user.send(handle, pattern(10));
    expect(optionWords(peer.heard()[0]?.options ?? new Uint8Array(0))[0]).toMatch(/ecr 77$/);
  });
});
