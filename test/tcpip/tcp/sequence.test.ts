/** Sequence numbers go round: everything that holds elsewhere holds across 2^32 (RFC 9293, 3.4). */

import { describe, expect } from 'vitest';
import { ACK, FIN, PSH, RST } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { reach, stateOf } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';
import type { MachineOptions } from '../../wireside/machine.js';

const TOP = 2 ** 32;

/** A machine whose next connection begins `before` octets before its numbers go round. */
function nearTop(before: number): MachineOptions {
  return { parameters: { NtstackIsnMode: 0 }, timeUs: (TOP - before) * 4 };
}

function wrapping(bench: Bench, before: number): Connected {
  const one = reach(bench, { sequence: TOP - before });
  expect(one.peer.kernels).toBe(TOP - before);
  return one;
}

describe('tcpip/tcp/sequence', () => {
  for (const before of [1, 2, 3, 1460, 5000, 20_000]) {
    it(`sends and receives 40,000 octets that go round after ${before}`, ({ bench }) => {
      const one = bench(nearTop(before));
      const { peer, handle } = wrapping(one, before);
      one.user.send(handle, pattern(40_000));
      for (let i = 0; i < 40; i++) peer.listen('ack');
      expect(difference(Uint8Array.from(peer.text), pattern(40_000))).toBe('same');
      expect(peer.ack).toBe((40_001 - before + TOP) % TOP);
      for (let at = 0; at < 40_000; at += 1000) {
        peer.say(ACK | PSH, { data: pattern(1000, at) });
      }
      expect(difference(one.user.drain(handle), pattern(40_000))).toBe('same');
      one.user.shutdown(handle);
      peer.listen('ack');
      peer.say(FIN | ACK);
      expect(stateOf(one.machine, peer)).toBe('TIME_WAIT');
    });
  }

  it('sends again across the turn', ({ bench }) => {
    const one = bench(nearTop(1000));
    const { peer, handle } = wrapping(one, 1000);
    one.user.send(handle, pattern(2920));
    expect(peer.heard()).toHaveLength(2);
    one.machine.advance(3000);
    const [again] = peer.heard();
    expect(again).toMatchObject({ sequence: TOP - 999 });
    expect(difference(again?.data ?? '', pattern(1460))).toBe('same');
    peer.ack = 461;
    peer.say(ACK);
    const [rest] = peer.heard();
    expect(rest).toMatchObject({ sequence: 461 });
    expect(difference(rest?.data ?? '', pattern(1460, 1460))).toBe('same');
  });

  it('assembles what is out of order across the turn', ({ bench }) => {
    const one = bench();
    const { peer, handle } = reach(one, { sequence: TOP - 301 });
    const base = peer.next;
    for (const at of [500, 200, 400, 100, 300, 0]) {
      peer.say(ACK, { sequence: (base + at) % TOP, data: pattern(150, at) });
    }
    expect(difference(one.user.drain(handle), pattern(650))).toBe('same');
    expect(peer.heard().at(-1)?.acknowledgment).toBe((base + 650) % TOP);
  });

  it('keeps its window across the turn', ({ bench }) => {
    const one = bench();
    const { peer } = reach(one, { sequence: TOP - 101 });
    // The window is [-100, 8660): these lie outside it.
    peer.say(RST, { sequence: TOP - 101 });
    peer.say(RST, { sequence: 8660 });
    expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
    expect(one.machine.dropped()).toEqual({ TCP_NOT_ACCEPTABLE: 2 });
    peer.say(RST, { sequence: 8659 });
    expect(stateOf(one.machine, peer)).toBe('CLOSED');
  });

  it('knows an ACK of what was not sent across the turn', ({ bench }) => {
    const one = bench(nearTop(10));
    const { peer, handle } = wrapping(one, 10);
    one.user.send(handle, pattern(20));
    peer.heard();
    peer.say(ACK, { acknowledgment: 12 });
    expect(one.machine.dropped()).toEqual({ TCP_UNSENT_ACKNOWLEDGED: 1 });
    peer.say(ACK, { acknowledgment: 11 });
    expect(one.machine.raw.irpsInUse()).toBe(0);
  });
});
