/** The timers of connections: each to its tick, as many as there are, and none left behind. */

import { describe, expect } from 'vitest';
import { ACK, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { Peer, reach } from '../../wireside/peer.js';

describe('tcpip/tcp/timer', () => {
  it('plays 200 connects, each begun at its own time, to the tick', ({ bench }) => {
    const { machine, user } = bench();
    const begun = new Map<number, number>();
    const heard = new Map<number, number[]>();
    for (let i = 0; i < 200; i++) {
      begun.set(20_000 + i, machine.nowMs);
      user.connect(user.socket(), 20_000 + i);
      machine.advance((i * 37) % 300);
    }
    machine.advance(60_000);
    for (const { atMs, tcp } of machine.take()) {
      if (tcp === undefined) continue;
      const times = heard.get(tcp.destinationPort) ?? [];
      heard.set(tcp.destinationPort, [...times, atMs]);
    }
    for (const [port, startMs] of begun) {
      const late = (heard.get(port) ?? []).map((atMs, i) =>
        atMs - startMs - ([0, 3000, 9000, 21_000][i] ?? -1));
      expect(late).toHaveLength(4);
      // A connect begins between two ticks: its timer counts from the tick before.
      for (const ms of late) expect(Math.abs(ms)).toBeLessThan(10);
    }
    expect(machine.raw.tableCount()).toBe(0);
    expect(machine.raw.runningTimers()).toBe(1);
  });

  it('runs across the turns of its wheel, and far beyond', ({ bench }) => {
    // 256 ticks are 2.56 s, 65,536 are 655.36 s: each is crossed on the way.
    for (const startMs of [0, 2550, 655_350, 655_360, 167_772_150]) {
      const { machine, user } = bench({ timeUs: startMs * 1000 });
      const peer = new Peer(machine, { port: 139 });
      user.connect(user.socket(), 139);
      machine.advance(60_000);
      expect(peer.heard().map(({ atMs }) => atMs - startMs)).toEqual([0, 3000, 9000, 21_000]);
    }
  });

  it('runs while the low word of the clock goes round, and the sign of the ticks', ({ bench }) => {
    // 2^32 us are 71.6 minutes; 2^31 ticks are 248 days.
    for (const startMs of [2 ** 32 / 1000 - 5000, 2 ** 31 * 10 - 5000]) {
      const { machine, user } = bench({ timeUs: Math.floor(startMs) * 1000 });
      const { peer, handle } = reach({ machine, user });
      user.send(handle, pattern(10));
      machine.advance(4000);
      const [, second] = peer.heard();
      expect(Math.abs((second?.atMs ?? 0) - Math.floor(startMs) - 3000)).toBeLessThan(10);
      peer.ack += 10;
      peer.say(ACK);
      expect(machine.raw.irpsInUse()).toBe(0);
    }
  });

  it('asks for no tick where nothing waits', ({ bench }) => {
    const { machine, user } = bench();
    expect(machine.raw.nextTick() >>> 0).toBe(0xffff_ffff);
    user.listen(80);
    expect(machine.raw.nextTick() >>> 0).toBe(0xffff_ffff);
    const peer = new Peer(machine, { ours: 80 });
    peer.say(SYN);
    expect(machine.raw.nextTick() >>> 0).toBeLessThan(1000);
  });

  it('has nothing to do for an idle connection once its neighbour is forgotten', ({ bench }) => {
    const { machine, user } = bench();
    reach({ machine, user });
    machine.advance(700_000);
    expect(machine.raw.runningTimers()).toBe(0);
    expect(machine.raw.nextTick() >>> 0).toBe(0xffff_ffff);
  });
});
