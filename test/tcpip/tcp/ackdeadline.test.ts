/** Acknowledgments that wait, of many connections: each at its time, and none of the dead. */

import { describe, expect } from 'vitest';
import { readPoolTags } from '../../../host/kernel/inspect.js';
import { ACK, PSH, RST } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { reach } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';

/** More than one turn takes. */
const MANY = 150;
/** More than one chunk of places has. */
const CROWD = 4100;

function reachMany(bench: Bench, many: number): Connected[] {
  return Array.from({ length: many }, (_, i) => reach(bench, { port: 20_000 + i }));
}

/** Milliseconds from `startMs` to each answer, by the port that it was for. */
function answers({ machine }: Bench, startMs: number): Map<number, number> {
  const heard = new Map<number, number>();
  for (const { atMs, tcp } of machine.take()) {
    if (tcp !== undefined) heard.set(tcp.destinationPort, atMs - startMs);
  }
  return heard;
}

describe('tcpip/tcp/ackdeadline', () => {
  it('acknowledges for many, each 200 ms after its segment, in their order', ({ bench }) => {
    const both = bench();
    const { machine } = both;
    const all = reachMany(both, MANY);
    machine.advance(1000);
    machine.take();
    const startMs = machine.nowMs;
    for (const { peer } of all) {
      peer.say(ACK | PSH, { data: pattern(10) });
      machine.advance(1);
    }
    machine.advance(250);
    const heard = answers(both, startMs);
    expect([...heard.keys()]).toEqual(all.map(({ peer }) => peer.port));
    [...heard.values()].forEach((ms, i) => {
      expect(ms - i).toBeGreaterThan(189);
      expect(ms - i).toBeLessThan(211);
    });
    expect(machine.count('TCP_DELAYED_ACKS')).toBe(MANY);
  });

  it('comes back for the rest of a line of which one turn takes a part', ({ bench }) => {
    const both = bench();
    const { machine } = both;
    const all = reachMany(both, MANY);
    machine.advance(1000);
    // A place for each, in their order; lines of 64 of them.
    for (const { peer } of all) peer.say(ACK | PSH, { data: pattern(10) });
    machine.advance(1000);
    machine.take();
    const late = all.slice(59);
    for (const { peer } of late) peer.say(ACK | PSH, { data: pattern(10) });
    machine.advance(210);
    expect([...answers(both, 0).keys()]).toEqual(late.map(({ peer }) => peer.port));
  });

  it('counts each that waits among the timers that run', ({ bench }) => {
    const both = bench();
    const { machine } = both;
    const all = reachMany(both, MANY);
    machine.advance(1000);
    const before = machine.raw.runningTimers();
    for (const { peer } of all) peer.say(ACK | PSH, { data: pattern(10) });
    // Each acknowledgment that waits counts, and the timer for the first of them.
    expect(machine.raw.runningTimers()).toBe(before + MANY + 1);
    machine.advance(300);
    expect(machine.raw.runningTimers()).toBe(before);
  });

  it('counts none that has been acknowledged', ({ bench }) => {
    const both = bench();
    const { machine } = both;
    const all = reachMany(both, 3);
    machine.advance(1000);
    const before = machine.raw.runningTimers();
    for (const { peer } of all) {
      for (let i = 0; i < 2; i++) peer.say(ACK | PSH, { data: pattern(10) });
    }
    // The timer itself still runs, for nobody.
    expect(machine.raw.runningTimers()).toBe(before + 1);
  });

  it('forgets a connection that ends before its time', ({ bench }) => {
    const both = bench();
    const { machine } = both;
    const all = reachMany(both, 20);
    machine.advance(1000);
    machine.take();
    const before = machine.raw.runningTimers();
    for (const { peer } of all) peer.say(ACK | PSH, { data: pattern(10) });
    all.forEach(({ peer }, i) => {
      if (i % 3 === 1) peer.say(RST);
    });
    // Seven of twenty are gone, with whatever timer of theirs ran.
    expect(machine.raw.runningTimers()).toBe(before - 7 + 13 + 1);
    machine.advance(300);
    const alive = all.filter((_, i) => i % 3 !== 1).map(({ peer }) => peer.port);
    expect([...answers(both, 0).keys()]).toEqual(alive);
  });

  it('acknowledges at once where there is no memory to let it wait', ({ bench }) => {
    const both = bench();
    const { machine, user } = both;
    const [{ peer, handle }] = reachMany(both, 1) as [Connected];
    user.option(handle, 'SINK', 1);
    machine.advance(1000);
    machine.take();
    machine.raw.failAllocation(1, 1);
    peer.say(ACK | PSH, { data: pattern(10) });
    machine.raw.failAllocation(0, 0);
    expect(peer.lines()).toEqual(['. 1(0) ack 11']);
    peer.say(ACK | PSH, { data: pattern(10) });
    expect(peer.lines()).toEqual([]);
    machine.advance(300);
    expect(peer.lines()).toEqual(['. 1(0) ack 21']);
  });

  it('lets each wait from its own segment on, whatever was acknowledged before', ({ bench }) => {
    const both = bench();
    const { machine } = both;
    const [{ peer }] = reachMany(both, 1) as [Connected];
    machine.advance(1000);
    for (const pause of [0, 50]) {
      machine.advance(pause);
      peer.say(ACK | PSH, { data: pattern(10) });
    }
    peer.lines();
    machine.advance(100);
    peer.say(ACK | PSH, { data: pattern(10) });
    machine.advance(189);
    expect(peer.lines()).toEqual([]);
    machine.advance(21);
    expect(peer.lines()).toEqual(['. 1(0) ack 31']);
    expect(machine.count('TCP_DELAYED_ACKS')).toBe(1);
  });

  it('has places for thousands, and one chunk of them when all are gone', ({ bench }) => {
    const both = bench({ parameters: { MaxUserPort: 65_534 } });
    const { machine } = both;
    const all = reachMany(both, CROWD);
    machine.advance(1000);
    machine.take();
    for (const { peer } of all) peer.say(ACK | PSH, { data: pattern(10) });
    machine.advance(210);
    expect(machine.count('TCP_DELAYED_ACKS')).toBe(CROWD);
    const octets = () =>
      readPoolTags(machine.kernel).find(({ tag }) => tag === 'TCPk')?.octets ?? 0;
    const full = octets();
    for (const { peer } of all) peer.say(RST);
    expect(octets() * 2).toBe(full);
    const again = reach(both, { port: 30_000 });
    machine.advance(1000);
    machine.take();
    again.peer.say(ACK | PSH, { data: pattern(10) });
    machine.advance(210);
    expect(again.peer.lines()).toEqual(['. 1(0) ack 11']);
  });
});
