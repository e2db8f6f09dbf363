/** What an ACK lets go, and which windows are believed (RFC 9293, 3.10.7.4, fifth). */

import { describe, expect } from 'vitest';
import { ACK, PSH } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { fieldOf, reach } from '../../wireside/peer.js';

describe('tcpip/tcp/acknowledge', () => {
  it('answers an ACK of what was not sent with an ACK, and drops it', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    peer.say(ACK | PSH, { acknowledgment: peer.ack + 1, data: pattern(10), sequence: peer.next });
    expect(machine.dropped()).toEqual({ TCP_UNSENT_ACKNOWLEDGED: 1 });
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    expect(difference(user.receive(handle), new Uint8Array(0))).toBe('same');
  });

  it('ignores an ACK that is old, and takes the text with it', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(1000));
    peer.listen('ack');
    peer.say(ACK | PSH, { acknowledgment: peer.ack - 1000, data: pattern(10) });
    expect(fieldOf(machine, peer, 'sndUna')).toBe(peer.ack);
    expect(difference(user.receive(handle), pattern(10))).toBe('same');
    expect(machine.dropped()).toEqual({});
  });

  it('gives room back when the octets are acknowledged, and not before', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.option(handle, 'SEND_BUFFER', 2000);
    user.option(handle, 'NO_DELAY', 1);
    expect(user.send(handle, pattern(3000))).toBe(2000);
    expect(user.send(handle, pattern(1))).toBe(0);
    expect(user.query(handle, 'SEND_ROOM')).toBe(0);
    peer.heard();
    peer.ack += 1999;
    peer.say(ACK);
    expect(user.events(handle).events).toEqual([]);
    peer.ack += 1;
    peer.say(ACK);
    expect(user.events(handle).events).toEqual(['WRITABLE']);
    expect(user.query(handle, 'SEND_ROOM')).toBe(2000);
    expect(machine.raw.irpsInUse()).toBe(0);
  });

  it('acknowledges part of a segment, and sends the rest again', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(1460));
    peer.heard();
    peer.ack += 460;
    peer.say(ACK);
    machine.advance(300);
    expect(peer.lines()).toEqual(['P. 461(1000) ack 1']);
  });

  it('takes no window from an older segment (SND.WL1, SND.WL2)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer } = reach({ machine, user });
    peer.say(ACK | PSH, { data: pattern(10), window: 5000 });
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(5000);
    // A segment from before that one, with text that is new: it was late.
    peer.say(ACK, { sequence: peer.next - 1, data: pattern(11), window: 100 });
    peer.next += 10;
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(100);
    peer.say(ACK, { sequence: peer.next - 5, data: pattern(5), window: 7777 });
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(100);
    peer.say(ACK, { window: 6000 });
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(6000);
  });

  it('takes no window with an older acknowledgment of the same number (SND.WL2)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(2920));
    peer.listen();
    peer.say(ACK, { acknowledgment: peer.ack, window: 5000 });
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(5000);
    peer.say(ACK, { acknowledgment: peer.ack - 1460, window: 100 });
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(5000);
    // The same acknowledgment again is no older.
    peer.say(ACK, { acknowledgment: peer.ack, window: 6000 });
    expect(fieldOf(machine, peer, 'sndWnd')).toBe(6000);
  });

  it('takes a smaller window from the newest segment, and sends no more than it', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.send(handle, pattern(2920));
    peer.listen();
    peer.say(ACK, { window: 1000 });
    user.send(handle, pattern(5000, 2920));
    machine.advance(3100);
    // SWS: 1000 is less than half of the largest window, so it waits for the persist timer.
    expect(peer.heard().every(({ data }) => data.length <= 1000)).toBe(true);
    peer.say(ACK, { window: 8760 });
    machine.advance(100);
    expect(peer.heard()[0]?.data.length).toBe(1460);
  });
});
