/** What may be sent now: segments, Nagle, silly windows, and how much of both windows. */

import { describe, expect } from 'vitest';
import { ACK, PSH } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { Peer, fieldOf, reach, welcome } from '../../wireside/peer.js';

/** Many segments at once, so that only the peer's window holds the sender back. */
const WIDE = { parameters: { NtstackInitialWindowSegments: 64 } };

describe('tcpip/tcp/output', () => {
  for (const release of BOTH) {
    it(`${release}: cuts into segments of the MSS, and pushes the last (MUST-60 and on)`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release, ...WIDE });
      const { peer, handle } = reach({ machine, user });
      user.option(handle, 'NO_DELAY', 1);
      user.send(handle, pattern(4000));
      expect(peer.lines()).toEqual([
        '. 1(1460) ack 1', '. 1461(1460) ack 1', 'P. 2921(1080) ack 1',
      ]);
    });
  }

  for (const release of BOTH) {
    it(`${release}: sends what lies in several sends as one segment`, ({ bench }) => {
      const { machine, user } = bench({ release, ...WIDE });
      const { peer, handle } = reach({ machine, user });
      user.send(handle, pattern(1));
      peer.heard();
      // Nagle keeps these together; odd lengths, so that the sum of each begins at an odd place.
      for (let at = 1; at < 1461; at += 73) user.send(handle, pattern(73, at));
      const [whole] = peer.heard();
      expect(difference(whole?.data ?? '', pattern(1460, 1))).toBe('same');
    });
  }

  it('delivers the octets of all sends, whatever their lengths', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.option(handle, 'NO_DELAY', 1);
    let sent = 0;
    for (let i = 0; i < 300; i++) {
      const taken = user.send(handle, pattern(1 + (i * 37) % 611, sent));
      if (typeof taken === 'number') sent += taken;
      if (i % 3 === 0) peer.listen('ack');
    }
    for (let i = 0; i < 60; i++) peer.listen('ack');
    expect(difference(Uint8Array.from(peer.text), pattern(sent))).toBe('same');
  });

  it('keeps one small segment on the way: Nagle (SHLD-7; RFC 896)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    for (let i = 0; i < 5; i++) user.send(handle, pattern(10, i * 10));
    expect(peer.lines()).toEqual(['P. 1(10) ack 1']);
    machine.advance(100);
    expect(peer.lines()).toEqual([]);
    peer.ack += 10;
    peer.say(ACK);
    expect(peer.lines()).toEqual(['P. 11(40) ack 1']);
  });

  it('sends every small segment at once with NO_DELAY (SHLD-7, MUST-17)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    expect(user.option(handle, 'NO_DELAY', 1)).toBe('SUCCESS');
    for (let i = 0; i < 3; i++) user.send(handle, pattern(10, i * 10));
    expect(peer.lines()).toEqual(['P. 1(10) ack 1', 'P. 11(10) ack 1', 'P. 21(10) ack 1']);
  });

  it('heeds NO_DELAY that was set before the connect', ({ bench }) => {
    const { machine, user } = bench();
    const handle = user.socket();
    expect(user.option(handle, 'NO_DELAY', 1)).toBe('SUCCESS');
    const peer = welcome({ machine, user }, new Peer(machine, { port: 139 }), handle);
    for (let i = 0; i < 3; i++) user.send(handle, pattern(10, i * 10));
    expect(peer.lines()).toHaveLength(3);
  });

  it('sends no more than the peer\'s window', ({ bench }) => {
    const { machine, user } = bench(WIDE);
    const { peer, handle } = reach({ machine, user }, { window: 4000 });
    user.send(handle, pattern(20_000));
    expect(peer.lines()).toEqual([
      '. 1(1460) ack 1', '. 1461(1460) ack 1',
      // 1080 are left of the window: less than a segment, less than half of the largest window.
    ]);
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(4000);
    peer.ack += 2920;
    peer.say(ACK);
    expect(peer.lines()).toEqual(['. 2921(1460) ack 1', '. 4381(1460) ack 1']);
  });

  it('sends half of the largest window where a whole segment never fits (SHLD-38)', ({ bench }) => {
    const { machine, user } = bench(WIDE);
    const { peer, handle } = reach({ machine, user }, { window: 1000 });
    user.send(handle, pattern(5000));
    expect(peer.lines()).toEqual(['. 1(1000) ack 1']);
    peer.ack += 1000;
    peer.say(ACK, { window: 499 });
    expect(peer.lines()).toEqual([]);
    peer.say(ACK, { window: 500 });
    expect(peer.lines()).toEqual(['. 1001(500) ack 1']);
  });

  for (const release of BOTH) {
    it(`${release}: waits out a silly window, then sends what fits (MUST-38)`, ({ bench }) => {
      const { machine, user } = bench({ release, ...WIDE });
      const { peer, handle } = reach({ machine, user });
      user.send(handle, pattern(8760));
      for (let i = 0; i < 4; i++) peer.listen();
      peer.say(ACK, { window: 100 });
      user.send(handle, pattern(5000));
      expect(peer.lines()).toEqual([]);
      machine.advance(3000);
      const [first] = peer.heard();
      expect(first?.data.length).toBe(100);
    });
  }

  it('begins with as many segments as NtstackInitialWindowSegments says', ({ bench }) => {
    for (const segments of [1, 2, 4]) {
      const one = bench({ parameters: { NtstackInitialWindowSegments: segments } });
      const { peer, handle } = reach(one);
      one.user.send(handle, pattern(20_000));
      expect(peer.heard()).toHaveLength(segments);
    }
  });

  it('fills the window of a peer with more than the transmit ring holds', ({ bench }) => {
    const { machine, user } = bench({ parameters: { NtstackInitialWindowSegments: 1000 } });
    const { peer, handle } = reach({ machine, user }, { window: 65_535, mss: 100 });
    user.option(handle, 'SEND_BUFFER', 1 << 20);
    expect(user.send(handle, pattern(65_500))).toBe(65_500);
    expect(peer.heard()).toHaveLength(655);
    expect(machine.dropped()).toEqual({});
  });

  it('says where its acknowledgment is with all that it sends (MUST-45)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    peer.say(ACK | PSH, { data: pattern(100) });
    expect(peer.lines()).toEqual([]);
    user.send(handle, pattern(10));
    expect(peer.lines()).toEqual(['P. 1(10) ack 101']);
    machine.advance(250);
    expect(peer.lines()).toEqual([]);
  });

  for (const release of BOTH) {
    it(`${release}: has the time to live that DefaultTTL says (MUST-49)`, ({ bench }) => {
      for (const [release, parameters, ttl] of [
        ['nt35', {}, 32], ['nt40', {}, 128], ['nt40', { DefaultTTL: 7 }, 7],
      ] as const) {
        const { machine, user } = bench({ release, parameters });
        const { handle } = reach({ machine, user });
        user.send(handle, pattern(10));
        const [sent] = machine.take();
        expect(sent?.ip?.ttl).toBe(ttl);
      }
    });
  }

  it('says "do not fragment", and counts its datagrams', ({ bench }) => {
    const { machine, user } = bench({ parameters: { NtstackIdLowFirst: 0 } });
    const { handle } = reach({ machine, user });
    machine.take();
    user.send(handle, pattern(2920));
    const [first, second] = machine.take().map(({ ip }) => ip);
    expect(first).toMatchObject({ dontFragment: true, ttl: 128, more: false, offset: 0 });
    expect((second?.identification ?? 0) - (first?.identification ?? 0)).toBe(1);
    const off = bench({ parameters: { EnablePMTUDiscovery: 0, DefaultTTL: 32 } });
    const other = reach(off);
    off.user.send(other.handle, pattern(10));
    expect(off.machine.take()[0]?.ip).toMatchObject({ dontFragment: false, ttl: 32 });
  });
});
