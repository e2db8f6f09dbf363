/**
 * Garbage into a machine with listeners and live connections: no trap, no hang, no leak, and every
 * frame is delivered or counted with a reason. NTSTACK_FUZZ_FRAMES says how many frames.
 */

import { describe, expect } from 'vitest';
import { ACK, FIN, PSH, RST, THEM } from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import type { Bench } from '../wireside/fixture.js';
import type { Machine } from '../wireside/machine.js';
import { address, chance, difference, pattern } from '../wireside/octets.js';
import { Peer, arrive, fieldOf, reach, stateOf } from '../wireside/peer.js';
import type { Connected } from '../wireside/peer.js';
import { Garbage, recordedFrames } from './garbage.js';
import type { Target } from './garbage.js';

const FRAMES = Number(process.env['NTSTACK_FUZZ_FRAMES'] ?? 100_000);
const SEEDS = [1, 2, 3, 4];
const RECORDED = await recordedFrames(new URL('../fixtures/curl-smb.pcapng', import.meta.url));

/** Frames on their way in, by what the link layer makes of them. */
interface Arrivals {
  short: number;
  other: number;
  type: number;
  arp: number;
  ip: number;
  /** Of `ip`, those that say they are from the machine itself: its answers come in again. */
  looped: number;
}

/** What the link layer must make of a frame (RFC 894, RFC 1042). */
function sort(frame: Uint8Array, arrivals: Arrivals): void {
  const type = ((frame[12] ?? 0) << 8) | (frame[13] ?? 0);
  const ours = [2, 0, 0, 0, 0, 1].every((octet, i) => frame[i] === octet);
  const snap = frame.length >= 22 && type < 0x0600
    && [0xaa, 0xaa, 3, 0, 0, 0].every((octet, i) => frame[14 + i] === octet);
  const inner = snap ? ((frame[20] ?? 0) << 8) | (frame[21] ?? 0) : type;
  if (frame.length < 14) arrivals.short++;
  else if (((frame[0] ?? 0) & 1) === 0 && !ours) arrivals.other++;
  else if (inner === 0x0806) arrivals.arp++;
  else if (inner === 0x0800) arrivals.ip++;
  else arrivals.type++;
  const at = snap ? 34 : 26;
  if (inner === 0x0800 && [10, 0, 0, 1].every((octet, i) => frame[at + i] === octet)) {
    arrivals.looped++;
  }
}

/** Sums of counters and drops, by their names. */
function sum(from: Record<string, number>, ...names: string[]): number {
  return names.reduce((total, name) => {
    const value = from[name];
    if (value === undefined) throw new Error(`nothing is counted as ${name}`);
    return total + value;
  }, 0);
}

/** Every frame was delivered, or dropped with a reason, at each layer. */
function mustAddUp(machine: Machine, arrivals: Arrivals): void {
  const drops = machine.drops();
  const counters = machine.counters();
  expect(drops).toMatchObject({
    ETHERNET_SHORT: arrivals.short, ETHERNET_OTHER_STATION: arrivals.other,
    ETHERNET_TYPE: arrivals.type,
  });
  const received = sum(counters, 'IP_IN_RECEIVES');
  if (arrivals.looped === 0) expect(received).toBe(arrivals.ip);
  else expect(received).toBeGreaterThanOrEqual(arrivals.ip);
  const delivered = sum(counters, 'IP_IN_DELIVERS', 'IP_REASM_REQDS')
    - sum(counters, 'IP_REASM_OKS');
  const refused = sum(
    drops, 'IP_SHORT', 'IP_VERSION', 'IP_HEADER_LENGTH', 'IP_TOTAL_LENGTH', 'IP_CHECKSUM',
    'IP_NOT_OURS',
  );
  // IP_SOURCE is counted by IP, and by TCP of a SYN that was delivered.
  const rest = received - delivered - refused;
  expect(rest).toBeGreaterThanOrEqual(0);
  expect(rest).toBeLessThanOrEqual(sum(drops, 'IP_SOURCE'));
  const transports = sum(
    drops, 'ICMP_SHORT', 'ICMP_CHECKSUM', 'ICMP_BROADCAST', 'ICMP_TYPE', 'UDP_SHORT', 'UDP_LENGTH',
    'UDP_CHECKSUM', 'UDP_NO_PORT', 'UDP_NOT_TAKEN', 'TCP_SHORT', 'TCP_OFFSET', 'TCP_CHECKSUM',
    'TCP_BROADCAST', 'IP_PROTOCOL',
  ) + sum(
    counters, 'ICMP_IN_ECHOS', 'ICMP_IN_ECHO_REPS', 'ICMP_IN_DEST_UNREACHS', 'ICMP_IN_TIME_EXCDS',
    'ICMP_IN_PARM_PROBS', 'UDP_IN_DATAGRAMS', 'TCP_IN_SEGS',
  );
  expect(transports).toBe(sum(counters, 'IP_IN_DELIVERS'));
}

/** Listeners, a datagram socket, and connections of which garbage knows the numbers. */
class Life {
  readonly targets: Target[] = [];
  private readonly listeners: number[];
  private readonly datagrams: number;
  private ends: Connected[] = [];
  private nextPort = 20_000;
  private readonly accepted: number[] = [];

  constructor(private readonly bench: Bench) {
    const { user } = bench;
    this.listeners = [80, 139].map((port) => user.listen(port, 20));
    this.datagrams = user.socket('DATAGRAM');
    user.bind(this.datagrams, 7);
  }

  /** What the targets of this round are: new connections for those that have ended. */
  renew(): void {
    const { machine, user } = this.bench;
    const dead = this.ends.filter(({ peer }) => stateOf(machine, peer) === 'CLOSED');
    for (const { handle } of dead) user.close(handle, 'abort');
    this.ends = this.ends.filter((end) => !dead.includes(end));
    for (const handle of this.accepted.splice(0)) user.close(handle, 'abort');
    while (this.ends.length < 12) this.ends.push(this.open());
    this.aim();
  }

  /** The targets, where the kernel is now. */
  private aim(): void {
    const { machine } = this.bench;
    this.targets.length = 0;
    for (const { peer } of this.ends) {
      if (stateOf(machine, peer) === 'CLOSED') continue;
      this.targets.push({
        port: peer.port,
        ours: peer.ours,
        sequence: fieldOf(machine, peer, 'rcvNxt'),
        acknowledgment: fieldOf(machine, peer, 'sndNxt'),
      });
    }
  }

  /** User mode goes on: reads, sends, accepts, closes. */
  act(below: (limit: number) => number): void {
    const { user } = this.bench;
    const end = this.ends[below(this.ends.length)];
    if (end !== undefined) {
      const what = below(32);
      if (what < 16) user.drain(end.handle);
      else if (what < 24) user.send(end.handle, pattern(below(5000)));
      else if (what === 24) user.shutdown(end.handle);
    }
    if (below(2)) user.drain(this.datagrams);
    for (const listener of this.listeners) {
      const handle = user.accept(listener);
      if (handle !== 0) this.accepted.push(handle);
    }
    user.everything();
    this.aim();
  }

  private open(): Connected {
    const { machine, user } = this.bench;
    // Garbage may have made a connection of the same four-tuple.
    while (stateOf(machine, new Peer(machine, { port: this.nextPort, ours: 80 })) !== 'CLOSED') {
      this.nextPort++;
    }
    const port = this.nextPort++;
    machine.take();
    const way = port % 3;
    const end = way === 0
      ? reach(this.bench, { port })
      : { peer: new Peer(machine, { port, ours: 80 }), handle: 0 };
    if (way !== 0) Object.assign(end, this.arrived(port));
    if (port % 5 === 0) end.peer.say(FIN | ACK);
    if (port % 7 === 0) user.shutdown(end.handle);
    return end;
  }

  // Garbage may have filled the backlog: it is emptied first.
  private arrived(port: number): Connected {
    const { user } = this.bench;
    const listener = this.listeners[0] ?? 0;
    for (;;) {
      const handle = user.accept(listener);
      if (handle === 0) break;
      user.close(handle, 'abort');
    }
    return arrive(this.bench, listener, 80, { port, address: THEM });
  }
}

describe('fuzz/garbage', () => {
  it('has a recording to damage', () => {
    expect(RECORDED.length).toBeGreaterThan(50);
  });

  for (const seed of SEEDS) {
    it(`survives ${FRAMES / SEEDS.length} frames of seed ${seed}, and adds up`, ({ bench }) => {
      const one = bench({ parameters: { SynAttackProtect: seed % 3 } });
      const { machine, user } = one;
      const arrivals: Arrivals = { short: 0, other: 0, type: 0, arp: 0, ip: 0, looped: 0 };
      machine.onReceive = (frame) => sort(frame, arrivals);
      const below = chance(seed * 7919);
      const life = new Life(one);
      // A connection that garbage does not know: it must not notice.
      const bystander = address('10.0.0.3');
      machine.stations.set(bystander, Uint8Array.of(2, 0, 0, 0, 0, 3));
      const { peer, handle } = arrive(one, user.listen(2000), 2000, {
        address: bystander, port: 2000,
      });
      life.renew();
      const garbage = new Garbage(seed, RECORDED, life.targets);
      const wanted = FRAMES / SEEDS.length;
      for (let sent = 0; sent < wanted;) {
        const batch = Array.from(
          { length: Math.min(1 + below(64), wanted - sent) }, () => garbage.next(),
        );
        machine.receive(...batch);
        sent += batch.length;
        machine.take();
        if (below(4) === 0) machine.advance(below(2000));
        if (below(4) === 0) life.act(below);
        if (below(30) === 0) life.renew();
        if (machine.raw.poolBlocks() > 20_000) throw new Error('the pool only grows');
      }
      mustAddUp(machine, arrivals);
      machine.take();
      peer.say(ACK | PSH, { data: pattern(1000) });
      expect(difference(user.drain(handle), pattern(1000))).toBe('same');
      expect(user.send(handle, pattern(500))).toBe(500);
      peer.listen();
      expect(difference(Uint8Array.from(peer.text), pattern(500))).toBe('same');
      peer.say(RST);
    }, 600_000);
  }
});
