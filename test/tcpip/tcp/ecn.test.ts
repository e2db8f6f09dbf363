/** Explicit congestion notification (RFC 3168, 6.1): negotiation, marks, echoes, reactions. */

import { describe, expect } from 'vitest';
import { internetChecksum, viewOf } from '../../../host/wire/octets.js';
import { ACK, PSH, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { Peer, arrive, fieldOf, reach } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';

const ECE = 64;
const CWR = 128;
const MSS = 1460;
const OPTIONS = { release: 'modern', parameters: { Tcp1323Opts: 0, SackOpts: 0, NtstackEcn: 1 } };

/** A connection that both sides agree to have marked; the peer opens it. */
function markable(one: Bench): Connected {
  const listener = one.user.listen(80);
  const peer = new Peer(one.machine, { ours: 80, window: 60_000 });
  peer.say(SYN | ECE | CWR);
  const [answer] = peer.heard();
  expect(answer?.flags).toBe(SYN | ACK | ECE);
  peer.ack = peer.kernels + 1;
  peer.say(ACK);
  const handle = one.user.accept(listener);
  return { peer, handle };
}

/** The same frame as a congested router hands it on. */
function marked(frame: Uint8Array): Uint8Array {
  const copy = frame.slice();
  const ip = viewOf(copy.subarray(14));
  ip.setUint8(1, 3);
  ip.setUint16(10, 0);
  ip.setUint16(10, internetChecksum(copy.subarray(14, 34)));
  return copy;
}

/** The ECN field of each datagram with TCP, and the length of its text. */
function codepoints({ machine }: Bench): [field: number, length: number][] {
  return machine.take().filter(({ tcp }) => tcp !== undefined)
    .map(({ octets, tcp }) => [(octets[15] ?? 0) & 3, tcp?.data.length ?? 0]);
}

describe('tcpip/tcp/ecn', () => {
  it('is offered by NtstackEcn 1 alone, and withdrawn from the third SYN (6.1.1)', ({ bench }) => {
    for (const [enable, flags] of [
      [0, [SYN, SYN, SYN]],
      [1, [SYN | ECE | CWR, SYN | ECE | CWR, SYN]],
      [2, [SYN, SYN, SYN]],
    ] as const) {
      const one = bench({ release: 'modern', parameters: { NtstackEcn: enable } });
      one.user.connect(one.user.socket(), 139);
      one.machine.advance(3500);
      expect(new Peer(one.machine, { port: 139 }).heard().map((each) => each.flags))
        .toEqual(flags);
    }
  });

  it('is agreed to where the peer offers it (6.1.1)', ({ bench }) => {
    for (const [enable, offer, answer] of [
      [2, ECE | CWR, ECE], [1, ECE | CWR, ECE], [0, ECE | CWR, 0], [2, ECE, 0], [2, CWR, 0],
    ] as const) {
      const one = bench({ release: 'modern', parameters: { NtstackEcn: enable } });
      one.user.listen(80);
      const peer = new Peer(one.machine, { ours: 80 });
      peer.say(SYN | offer);
      expect(peer.heard()[0]?.flags).toBe(SYN | ACK | answer);
    }
  });

  it('makes new text markable, and nothing else (6.1.4 to 6.1.6)', ({ bench }) => {
    const one = bench(OPTIONS);
    const { peer, handle } = markable(one);
    peer.say(ACK | PSH, { data: pattern(10) });
    one.machine.advance(200);
    expect(codepoints(one)).toEqual([[0, 0]]);
    one.user.send(handle, pattern(100));
    expect(codepoints(one)).toEqual([[2, 100]]);
    one.machine.advance(1000);
    expect(codepoints(one)).toEqual([[0, 100]]);
  });

  it('is not there for a peer that did not offer it', ({ bench }) => {
    const one = bench(OPTIONS);
    const { peer, handle } = arrive(one, one.user.listen(80), 80);
    one.user.send(handle, pattern(100));
    expect(codepoints(one)).toEqual([[0, 100]]);
    const before = fieldOf(one.machine, peer, 'cwnd');
    peer.ack += 100;
    peer.say(ACK | ECE);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBeGreaterThanOrEqual(before);
  });

  it('tells of a mark in each ACK until the peer has reacted (6.1.3)', ({ bench }) => {
    const one = bench(OPTIONS);
    const { peer, handle } = markable(one);
    one.machine.receive(marked(peer.frame(ACK | PSH, { data: pattern(100) })));
    expect(peer.heard().map(({ flags }) => flags)).toEqual([ACK | ECE]);
    for (let i = 0; i < 2; i++) {
      peer.say(ACK | PSH, { data: pattern(100) });
      peer.say(ACK | PSH, { data: pattern(100) });
      expect(peer.heard().map(({ flags }) => flags)).toEqual([ACK | ECE]);
    }
    peer.say(ACK | PSH | CWR, { data: pattern(100) });
    peer.say(ACK | PSH, { data: pattern(100) });
    expect(peer.heard().map(({ flags }) => flags)).toEqual([ACK]);
    expect(one.machine.count('TCP_MARKS_IN')).toBe(1);
    expect(one.user.drain(handle).length).toBe(700);
  });

  it('sends less, once for each window, and says so with new text (6.1.2)', ({ bench }) => {
    const one = bench({
      ...OPTIONS, parameters: { ...OPTIONS.parameters, CongestionAlgorithm: 0 },
    });
    const { peer, handle } = markable(one);
    one.user.send(handle, pattern(60_000));
    expect(peer.heard()).toHaveLength(10);
    peer.ack += MSS;
    peer.say(ACK | ECE);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBe(Math.floor(9 * MSS / 2));
    for (let i = 0; i < 5; i++) {
      peer.ack += MSS;
      peer.say(ACK | ECE);
    }
    const said = peer.heard();
    expect(said.map(({ flags }) => flags & CWR)).toEqual([CWR]);
    expect(said[0]?.sequence).toBe(peer.kernels + 1 + 10 * MSS);
    expect(fieldOf(one.machine, peer, 'cwnd')).toBeLessThan(6 * MSS);
    expect(one.machine.count('TCP_RETRANS_SEGS')).toBe(0);
  });

  it('is agreed on by a connect whose SYN-ACK says ECE alone (6.1.1)', ({ bench }) => {
    for (const [said, field] of [[ECE, 2], [ECE | CWR, 0], [0, 0]] as const) {
      const one = bench(OPTIONS);
      const handle = one.user.socket();
      const peer = new Peer(one.machine, { port: 139 });
      one.user.connect(handle, 139);
      peer.heard();
      peer.ack = peer.kernels + 1;
      peer.say(SYN | ACK | said);
      one.machine.take();
      one.user.send(handle, pattern(10));
      expect(codepoints(one)).toEqual([[field, 10]]);
    }
  });

  it('changes nothing for who does not know of it', ({ bench }) => {
    const one = bench();
    const { peer, handle } = reach(one);
    one.machine.receive(marked(peer.frame(ACK | PSH, { data: pattern(10) })));
    peer.say(ACK | PSH | ECE | CWR, { data: pattern(10) });
    expect(peer.heard().every(({ flags }) => (flags & (ECE | CWR)) === 0)).toBe(true);
    expect(one.user.drain(handle).length).toBe(20);
  });
});
