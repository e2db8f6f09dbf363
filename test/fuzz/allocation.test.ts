/**
 * The n-th allocation fails, for every n of what a machine does: never a leak, a hang or a finding,
 * and always a status (the anomaly sweep of SQLite's tests).
 */

import { describe, expect } from 'vitest';
import { join } from '../../host/wire/octets.js';
import {
  ACK, FIN, PSH, RST, SYN, THEM, UDP, echoRequest, ethernet, ipv4, pieces, udp,
} from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import type { Bench } from '../wireside/fixture.js';
import type { MachineOptions } from '../wireside/machine.js';
import { pattern } from '../wireside/octets.js';
import { SACK_PERMITTED, sack, stamps } from '../wireside/option.js';
import { Peer, stateOf } from '../wireside/peer.js';

/** What user mode may be told of a call that could not have memory. */
const STATUSES = new Set([
  'SUCCESS', 'PENDING', 'INSUFFICIENT_RESOURCES', 'ADDRESS_ALREADY_EXISTS', 'CONNECTION_INVALID',
  'NETWORK_UNREACHABLE', 'INVALID_PARAMETER', 'INVALID_HANDLE', 'CONNECTION_ABORTED',
  'CONNECTION_RESET', 'GRACEFUL_DISCONNECT', 'IO_TIMEOUT', 'NOTHING',
]);

/** A struct linger: on, for a second. */
const LINGER_1_S = 0x1_0001;

function mustBeStatus(result: number | string | Uint8Array): void {
  if (typeof result === 'string') expect(STATUSES).toContain(result);
}

/** `socket` listens, and a peer has called; `handle` is 0 where nothing came of it. */
function acceptOne(
  { machine, user }: Bench, socket: number, backlog: number,
): { peer: Peer; handle: number } {
  mustBeStatus(user.bind(socket, 80));
  mustBeStatus(user.listenOn(socket, backlog));
  const peer = new Peer(machine, { ours: 80 });
  peer.say(SYN);
  peer.listen();
  peer.say(ACK);
  return { peer, handle: user.accept(socket) };
}

/** What a machine does, with a peer that answers what it hears; it may fail at any allocation. */
interface Scene {
  name: string;
  /** Where not given, `OPTIONS`. */
  options?: MachineOptions;
  play(bench: Bench): void;
}

/** The peer answers until nothing more comes: SYN-ACK, acknowledgments, FIN for FIN. */
function converse({ machine }: Bench, peer: Peer, rounds: number): void {
  for (let round = 0; round < rounds; round++) {
    const heard = peer.listen('ack');
    for (const { flags } of heard) {
      if (flags === SYN) {
        peer.next = peer.own;
        peer.say(SYN | ACK);
      } else if (flags & FIN) peer.say(FIN | ACK, { sequence: peer.next });
    }
    if (heard.length === 0) machine.advance(1000);
  }
}

const SCENES: readonly Scene[] = [
  {
    name: 'connect, transfer and close',
    play: (bench) => {
      const { machine, user } = bench;
      const peer = new Peer(machine, { port: 139 });
      const socket = user.socket();
      if (socket === 0) return;
      mustBeStatus(user.connect(socket, 139));
      converse(bench, peer, 5);
      mustBeStatus(user.events(socket).status);
      mustBeStatus(user.send(socket, pattern(3000)));
      converse(bench, peer, 5);
      if (peer.ours !== 0) {
        // Out of order, so that a segment is kept; then in order.
        peer.say(ACK | PSH, { sequence: (peer.next + 100) >>> 0, data: pattern(50, 100) });
        peer.say(ACK | PSH, { data: pattern(100) });
        peer.next += 50;
      }
      mustBeStatus(user.receive(socket));
      mustBeStatus(user.shutdown(socket));
      converse(bench, peer, 8);
      user.close(socket);
      converse(bench, peer, 3);
    },
  },
  {
    name: 'listen, accept, fill and drain',
    play: (bench) => {
      const { user } = bench;
      const socket = user.socket();
      if (socket === 0) return;
      const { peer, handle } = acceptOne(bench, socket, 2);
      if (handle !== 0) {
        user.option(handle, 'RECEIVE_BUFFER', 500);
        for (let i = 0; i < 3; i++) peer.say(ACK | PSH, { data: pattern(1000, i * 1000) });
        for (let i = 0; i < 5; i++) mustBeStatus(user.receive(handle));
        mustBeStatus(user.send(handle, pattern(500)));
        converse(bench, peer, 3);
        user.close(handle);
      }
      user.close(socket);
    },
  },
  {
    name: 'a flood under SynAttackProtect 2',
    play: (bench) => {
      const { machine, user } = bench;
      const socket = user.socket();
      if (socket === 0) return;
      mustBeStatus(user.bind(socket, 80));
      mustBeStatus(user.listenOn(socket, 1));
      for (let i = 0; i < 6; i++) {
        const peer = new Peer(machine, { ours: 80, port: 5000 + i });
        peer.say(SYN);
        peer.listen();
        peer.say(ACK);
        peer.say(ACK | PSH, { data: pattern(10) });
      }
      const handle = user.accept(socket);
      if (handle !== 0) user.close(handle);
    },
  },
  {
    name: 'datagrams, pieces and echoes',
    play: ({ machine, user }) => {
      const socket = user.socket('DATAGRAM');
      if (socket === 0) return;
      mustBeStatus(user.bind(socket, 7));
      machine.receive(...pieces(udp(pattern(2000), { source: 9, destination: 7 }), 1000, {
        protocol: UDP,
      }));
      mustBeStatus(user.receive(socket));
      mustBeStatus(user.sendTo(socket, pattern(3000), 9));
      machine.receive(...pieces(echoRequest(pattern(2000)), 1000, { protocol: 1 }));
      machine.receive(ethernet(ipv4(pattern(9), { protocol: 99 })));
      mustBeStatus(user.ping(THEM, 2000, 500));
      machine.advance(1000);
      user.everything();
    },
  },
  {
    name: 'listen, accept and close with SO_LINGER',
    play: (bench) => {
      const { machine, user } = bench;
      const socket = user.socket();
      if (socket === 0) return;
      mustBeStatus(user.option(socket, 'LINGER', LINGER_1_S));
      const { handle } = acceptOne(bench, socket, 1);
      if (handle !== 0) {
        mustBeStatus(user.send(handle, pattern(500)));
        mustBeStatus(user.linger(handle));
        machine.advance(2000);
        user.close(handle);
      }
      user.close(socket);
    },
  },
];

/** A transfer both ways with all options, where what is sent first is lost. */
const SELECTIVE: Scene = {
  name: 'loss, blocks and recovery, in modern',
  options: { release: 'modern' },
  play: (bench) => {
    const { machine, user } = bench;
    const socket = user.socket();
    if (socket === 0) return;
    mustBeStatus(user.bind(socket, 80));
    mustBeStatus(user.listenOn(socket, 2));
    const carries = stamps(1000);
    const peer = new Peer(machine, {
      ours: 80, window: 60_000, agrees: join(SACK_PERMITTED, carries), carries,
    });
    peer.say(SYN);
    peer.listen();
    peer.say(ACK);
    const handle = user.accept(socket);
    if (handle !== 0) {
      mustBeStatus(user.send(handle, pattern(40_000)));
      const [first] = peer.heard();
      if (first !== undefined) {
        const from = first.sequence + first.data.length;
        machine.advance(20);
        for (let to = 2; to < 8; to++) {
          const block = sack([from, from + to * first.data.length]);
          peer.say(ACK, { options: join(carries, block) });
        }
      }
      peer.say(ACK, { sequence: (peer.next + 100) >>> 0, data: pattern(50, 100) });
      peer.say(RST, { sequence: (peer.next + 1) >>> 0 });
      machine.advance(3000);
      converse(bench, peer, 20);
      user.close(handle);
    }
    user.close(socket);
  },
};

/** Plays a scene whose `n`-th allocation fails, and with `on` all after; how many failed. */
function play(scene: Scene, bench: Bench, n: number, on: 0 | 1): number {
  const { raw } = bench.machine;
  raw.failAllocation(n, on);
  scene.play(bench);
  const failures = raw.poolFailures();
  raw.failAllocation(0, 0);
  return failures;
}

const OPTIONS = { parameters: { SynAttackProtect: 2, TcpMaxPortsExhausted: 1 } };

describe('fuzz/allocation', () => {
  for (const scene of [...SCENES, SELECTIVE]) {
    for (const on of [0, 1] as const) {
      const title = `${scene.name}: the n-th allocation fails${on ? ', and all after it' : ''}`;
      it(title, async ({ bench, finish }) => {
        let n = 0;
        for (let failures = 1; failures !== 0;) {
          n++;
          const one = bench(scene.options ?? OPTIONS);
          failures = play(scene, one, n, on);
          await finish();
          if (n > 2000) throw new Error('it never runs out of allocations');
        }
        // It allocates: the sweep has had something to fail.
        expect(n).toBeGreaterThan(5);
      });
    }
  }

  it('plays its scenes to the end where nothing fails', ({ bench }) => {
    const one = bench();
    SCENES[0]?.play(one);
    expect(one.machine.counters()).toMatchObject({ TCP_OPENED: 1, TCP_OCTETS_IN: 150 });
    const peer = new Peer(one.machine, { port: 139 });
    expect(stateOf(one.machine, peer)).toBe('CLOSED');
    const other = bench();
    SCENES[1]?.play(other);
    expect(other.machine.counters()).toMatchObject({ TCP_OPENED: 1, TCP_OCTETS_IN: 3000 });
    const modern = bench(SELECTIVE.options);
    SELECTIVE.play(modern);
    expect(modern.machine.counters()).toMatchObject({
      TCP_OPENED: 1, TCP_FAST_RETRANSMITS: 1, TCP_CHALLENGES: 1,
    });
    const third = bench();
    SCENES[3]?.play(third);
    expect(third.machine.counters()).toMatchObject({ UDP_IN_DATAGRAMS: 1, ICMP_OUT_ECHO_REPS: 1 });
  });

  it('notices what is left behind', ({ bench, expectFindings }) => {
    expectFindings('pool leaked');
    const { machine } = bench();
    machine.call((raw) => raw.userAllocate(100));
  });
});
