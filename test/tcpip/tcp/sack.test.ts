/** Selective acknowledgements of what comes out of order (RFC 2018) or twice (RFC 2883). */

import { describe, expect } from 'vitest';
import { join } from '../../../host/wire/octets.js';
import { ACK, FIN, PSH, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { SACK_PERMITTED, optionWords, stamps } from '../../wireside/option.js';
import { Peer, arrive } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';

/** A connection that reports blocks. */
function selective(bench: Bench, carries: Uint8Array = new Uint8Array(0)): Connected {
  const agrees = join(SACK_PERMITTED, carries);
  return arrive(bench, bench.user.listen(80), 80, { agrees, carries });
}

/** The peer says octets `from` to before `to`, counted from its first; what is reported then. */
function say({ peer }: Connected, from: number, to: number): string[] {
  const data = pattern(to - from, from);
  peer.say(ACK, { sequence: (peer.own + 1 + from) >>> 0, data });
  return reports(peer);
}

function reports(peer: Peer): string[] {
  return peer.heard().map(({ acknowledgment, options }) => {
    const blocks = optionWords(options, peer.own + 1).filter((word) => !word.startsWith('TS'));
    return [`ack ${(acknowledgment - peer.own - 1) >>> 0}`, ...blocks].join(' ');
  });
}

describe('tcpip/tcp/sack', () => {
  it('is permitted only in SYNs, and only where both have it (RFC 2018, 2)', ({ bench }) => {
    const one = bench({ release: 'modern', parameters: { Tcp1323Opts: 0 } });
    one.user.listen(80);
    const with_ = new Peer(one.machine, { ours: 80, agrees: SACK_PERMITTED });
    with_.say(SYN);
    expect(optionWords(with_.heard()[0]?.options ?? new Uint8Array(0)))
      .toEqual(['mss 1460', 'sackOK']);
    const without = new Peer(one.machine, { ours: 80, port: 4001 });
    without.say(SYN);
    expect(optionWords(without.heard()[0]?.options ?? new Uint8Array(0))).toEqual(['mss 1460']);
    const nt = bench();
    nt.user.listen(80);
    const old = new Peer(nt.machine, { ours: 80, agrees: SACK_PERMITTED });
    old.say(SYN);
    expect(optionWords(old.heard()[0]?.options ?? new Uint8Array(0))).toEqual(['mss 1460']);
  });

  it('has the block of the segment that came first, then the latest others (4)', ({ bench }) => {
    const one = selective(bench({ release: 'modern' }));
    expect(say(one, 200, 300)).toEqual(['ack 0 sack 200:300']);
    expect(say(one, 400, 500)).toEqual(['ack 0 sack 400:500 200:300']);
    expect(say(one, 600, 700)).toEqual(['ack 0 sack 600:700 400:500 200:300']);
    expect(say(one, 300, 350)).toEqual(['ack 0 sack 200:350 600:700 400:500']);
    expect(say(one, 800, 900)).toEqual(['ack 0 sack 800:900 200:350 600:700 400:500']);
    // Four are all that a header has room for.
    expect(say(one, 1000, 1100)).toEqual(['ack 0 sack 1000:1100 800:900 200:350 600:700']);
    expect(say(one, 700, 800)).toEqual(['ack 0 sack 600:900 1000:1100 200:350']);
    expect(say(one, 0, 200)).toEqual(['ack 350 sack 600:900 1000:1100']);
    // 400:500, which was reported long ago, comes again in order.
    expect(say(one, 350, 600)).toEqual(['ack 900 sack 400:500 1000:1100']);
    expect(say(one, 900, 1000)).toEqual(['ack 1100']);
  });

  it('has three blocks beside timestamps (RFC 2018, 3)', ({ bench }) => {
    const one = selective(bench({ release: 'modern' }), stamps(5));
    for (const from of [200, 400, 600]) say(one, from, from + 100);
    expect(say(one, 800, 900)).toEqual(['ack 0 sack 800:900 600:700 400:500']);
  });

  it('tells of what came twice, once (RFC 2883, 4)', ({ bench }) => {
    const one = selective(bench({ release: 'modern' }));
    one.peer.say(ACK | PSH, { data: pattern(100) });
    one.peer.heard();
    // All of it, below what is acknowledged.
    expect(say(one, 0, 100)).toEqual(['ack 100 sack 0:100']);
    expect(say(one, 300, 400)).toEqual(['ack 100 sack 300:400']);
    // All of it, above: the second block is the one that it lies in.
    expect(say(one, 300, 400)).toEqual(['ack 100 sack 300:400 300:400']);
    expect(say(one, 320, 360)).toEqual(['ack 100 sack 320:360 300:400']);
    // A part.
    expect(say(one, 350, 500)).toEqual(['ack 100 sack 350:400 300:500']);
    expect(say(one, 250, 320)).toEqual(['ack 100 sack 300:320 250:500']);
    expect(say(one, 50, 150)).toEqual(['ack 150 sack 50:100 250:500']);
    expect(say(one, 150, 300)).toEqual(['ack 500 sack 250:300']);
  });

  it('NtstackDsack 0: tells nothing of it (RFC 2018)', ({ bench }) => {
    const one = selective(bench({ release: 'modern', parameters: { NtstackDsack: 0 } }));
    one.peer.say(ACK | PSH, { data: pattern(100) });
    one.peer.heard();
    expect(say(one, 0, 100)).toEqual(['ack 100']);
    expect(say(one, 300, 400)).toEqual(['ack 100 sack 300:400']);
    expect(say(one, 350, 500)).toEqual(['ack 100 sack 300:500']);
  });

  it('tells of the first of what came twice in one segment (RFC 2883, 4)', ({ bench }) => {
    const one = selective(bench({ release: 'modern' }));
    one.peer.say(ACK | PSH, { data: pattern(100) });
    one.peer.heard();
    expect(say(one, 200, 300)).toEqual(['ack 100 sack 200:300']);
    // 50:100 was acknowledged, and 200:250 waits.
    expect(say(one, 50, 250)).toEqual(['ack 300 sack 50:100']);
  });

  it('keeps its text where it is when blocks do not fit beside it', ({ bench }) => {
    const box = bench({ release: 'modern' });
    const one = selective(box);
    say(one, 200, 300);
    box.user.send(one.handle, pattern(1460));
    box.user.send(one.handle, pattern(100));
    expect(one.peer.heard().map(({ data, options }) =>
      [data.length, ...optionWords(options, one.peer.own + 1)]))
      .toEqual([[1460]]);
    one.peer.ack += 1460;
    one.peer.say(ACK, { sequence: one.peer.own + 1 });
    expect(one.peer.heard().map(({ data, options }) =>
      [data.length, ...optionWords(options, one.peer.own + 1)]))
      .toEqual([[100, 'sack 200:300']]);
  });

  it('loses no octet in any order of five segments', ({ bench }) => {
    const box = bench({ release: 'modern' });
    const listener = box.user.listen(80);
    const agrees = SACK_PERMITTED;
    let port = 4000;
    for (const order of orders([0, 1, 2, 3, 4])) {
      const one = arrive(box, listener, 80, { agrees, port: port++ });
      for (const i of order) say(one, i * 100, i * 100 + 100);
      one.peer.next = (one.peer.own + 501) >>> 0;
      expect(difference(box.user.drain(one.handle), pattern(500)), order.join()).toBe('same');
      one.peer.say(ACK | FIN);
      box.user.close(one.handle, 'abort');
    }
  });
});

function orders(items: number[]): number[][] {
  if (items.length < 2) return [items];
  return items.flatMap((first) =>
    orders(items.filter((each) => each !== first)).map((rest) => [first, ...rest]));
}
