/** Active open, as NT did it: when SYNs go out, and how a connect ends. */

import { describe, expect } from 'vitest';
import {
  ACK, PSH, RST, SYN, US, ethernet, icmp, ipv4,
} from '../../wireside/build.js';
import type { Bench } from '../../wireside/fixture.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { address, difference, pattern } from '../../wireside/octets.js';
import { Peer, fieldOf, stateOf } from '../../wireside/peer.js';

/** A connect under way, whose first SYN the peer has heard. */
function begun({ machine, user }: Bench): { peer: Peer; socket: number } {
  const peer = new Peer(machine, { port: 139 });
  const socket = user.socket();
  expect(user.connect(socket, 139)).toBe('PENDING');
  expect(peer.lines()).toEqual(['S 0(0)']);
  return { peer, socket };
}

describe('tcpip/tcp/connect', () => {
  it('sends its last SYNs without options where NtstackSynDropOptions says so', ({ bench }) => {
    for (const drops of [0, 1]) {
      const one = bench({ release: 'modern', parameters: { NtstackSynDropOptions: drops } });
      one.user.connect(one.user.socket(), 139);
      one.machine.advance(8000);
      const syns = new Peer(one.machine, { port: 139 }).heard();
      expect(syns.map(({ options }) => options.length)).toEqual([20, 20, 20, drops ? 4 : 20]);
    }
  });

  it('sends SYN at 0, 3, 9 and 21 s and fails at 45 s (nt-facts 3.3)', ({ bench }) => {
    const { machine, user } = bench();
    const peer = new Peer(machine, { port: 139 });
    const socket = user.socket();
    expect(user.connect(socket, 139)).toBe('PENDING');
    machine.advance(44_990);
    expect(user.events(socket)).toEqual({ events: [], status: 'NOTHING' });
    machine.advance(20);
    expect(user.events(socket)).toEqual({ events: ['FAILED'], status: 'IO_TIMEOUT' });
    expect(peer.fullLines()).toEqual(
      [0, 3000, 9000, 21_000].map((ms) => `${ms} S 0(0) win 8760`),
    );
    machine.advance(600_000);
    expect(peer.lines()).toEqual([]);
    expect(machine.count('TCP_ATTEMPT_FAILS')).toBe(1);
  });

  for (const [retransmissions, times, failsAt] of [
    [2, [0, 3000, 9000], 21_000], [1, [0, 3000], 9000], [0, [0], 3000],
  ] as const) {
    it(`with TcpMaxConnectRetransmissions ${retransmissions} fails at ${failsAt} ms (Q142641)`, ({
      bench,
    }) => {
      const { machine, user } = bench({
        parameters: { TcpMaxConnectRetransmissions: retransmissions },
      });
      const peer = new Peer(machine, { port: 139 });
      const socket = user.socket();
      user.connect(socket, 139);
      machine.advance(failsAt - 10);
      expect(user.events(socket).events).toEqual([]);
      machine.advance(20);
      expect(user.events(socket)).toEqual({ events: ['FAILED'], status: 'IO_TIMEOUT' });
      expect(peer.heard().map(({ atMs }) => atMs)).toEqual(times);
    });
  }

  it('asks for three minutes and more in modern (MUST-23)', ({ bench }) => {
    const { machine, user } = bench({ release: 'modern' });
    const { peer, socket } = begun({ machine, user });
    machine.advance(180_000);
    expect(stateOf(machine, peer)).toBe('SYN_SENT');
    machine.advance(10_000);
    expect(user.events(socket)).toEqual({ events: ['FAILED'], status: 'IO_TIMEOUT' });
  });

  it('answers SYN-ACK with ACK, and is open (RFC 9293, 3.5)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, socket } = begun({ machine, user });
    peer.ack = peer.kernels + 1;
    peer.say(SYN | ACK);
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(user.events(socket)).toEqual({ events: ['CONNECTED'], status: 'SUCCESS' });
    expect(user.query(socket, 'REMOTE_PORT')).toBe(139);
    expect(user.query(socket, 'LOCAL_PORT')).toBe(peer.ours);
    expect(user.query(socket, 'LOCAL_ADDRESS')).toBe(US);
    machine.advance(100_000);
    expect(peer.lines()).toEqual([]);
  });

  it('acknowledges a SYN-ACK that comes again: its ACK was lost', ({ bench }) => {
    const { machine, user } = bench();
    const { peer } = begun({ machine, user });
    peer.ack = peer.kernels + 1;
    peer.say(SYN | ACK);
    peer.heard();
    peer.say(SYN | ACK, { sequence: peer.own });
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });

  it('opens on the third SYN as on the first', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, socket } = begun({ machine, user });
    machine.advance(9000);
    expect(peer.lines()).toEqual(['S 0(0)', 'S 0(0)']);
    peer.ack = peer.kernels + 1;
    peer.say(SYN | ACK);
    expect(user.events(socket).events).toEqual(['CONNECTED']);
    expect(fieldOf(machine, peer, 'rto')).toBe(3000);
  });

  it('sends a refused SYN three more times, undoubled, and fails (Q175523)', ({ bench }) => {
    const { machine, user } = bench();
    const peer = new Peer(machine, { port: 139 });
    const socket = user.socket();
    user.connect(socket, 139);
    for (const atMs of [0, 500, 1000, 1500]) {
      const heard = peer.heard();
      expect(heard.map((segment) => [segment.atMs, segment.flags])).toEqual([[atMs, SYN]]);
      expect(user.events(socket).events).toEqual([]);
      peer.say(RST | ACK, { sequence: 0, acknowledgment: peer.kernels + 1 });
      machine.advance(500);
    }
    expect(user.events(socket)).toEqual({ events: ['FAILED'], status: 'CONNECTION_REFUSED' });
    machine.advance(60_000);
    expect(peer.lines()).toEqual([]);
    expect(machine.count('TCP_REFUSED')).toBe(4);
  });

  it('goes back to the timeout of the first SYN after a refusal', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, socket } = begun({ machine, user });
    machine.advance(3000);
    expect(peer.lines()).toEqual(['S 0(0)']);
    peer.say(RST | ACK, { sequence: 0, acknowledgment: peer.kernels + 1 });
    machine.advance(45_000);
    // Two are left of three: one 500 ms after the refusal, one 3 s later, as if it were the first.
    expect(peer.heard().map(({ atMs }) => atMs)).toEqual([3500, 6500]);
    expect(user.events(socket)).toEqual({ events: ['FAILED'], status: 'IO_TIMEOUT' });
  });

  it('fails at the first refusal where NtstackRefusedRetryDelay is 0', ({ bench }) => {
    const { machine, user } = bench({ parameters: { NtstackRefusedRetryDelay: 0 } });
    const { peer, socket } = begun({ machine, user });
    peer.say(RST | ACK, { sequence: 0, acknowledgment: peer.kernels + 1 });
    expect(user.events(socket)).toEqual({ events: ['FAILED'], status: 'CONNECTION_REFUSED' });
  });

  it('believes no RST that does not acknowledge its SYN (RFC 9293, 3.10.7.3)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, socket } = begun({ machine, user });
    peer.say(RST, { sequence: 0 });
    peer.say(RST | ACK, { sequence: 0, acknowledgment: peer.kernels + 2 });
    peer.say(RST | ACK, { sequence: 0, acknowledgment: peer.kernels });
    expect(user.events(socket).events).toEqual([]);
    expect(peer.lines()).toEqual([]);
    expect(stateOf(machine, peer)).toBe('SYN_SENT');
    expect(machine.dropped()).toEqual({ TCP_NO_ACK: 1, TCP_UNSENT_ACKNOWLEDGED: 2 });
  });

  it('drops a late RST of an earlier connection of the same ports, and opens', ({ bench }) => {
    const { machine, user } = bench();
    const first = user.socket();
    user.bind(first, 1500);
    user.connect(first, 139);
    const peer = new Peer(machine, { port: 139 });
    peer.lines();
    peer.ack = peer.kernels + 1;
    peer.say(SYN | ACK);
    // Both abort at one time: the RSTs cross.
    const late = peer.frame(RST | ACK);
    user.close(first, 'abort');
    expect(peer.lines()).toEqual(['. 1(0) ack 1', 'R. 1(0) ack 1']);
    machine.advance(1);
    const second = user.socket();
    expect([user.bind(second, 1500), user.connect(second, 139)]).toEqual(['SUCCESS', 'PENDING']);
    const other = new Peer(machine, { port: 139, sequence: 0x7100_0000 });
    expect(other.lines()).toEqual(['S 0(0)']);
    machine.receive(late);
    expect(other.lines()).toEqual([]);
    expect(user.events(second).events).toEqual([]);
    other.ack = other.kernels + 1;
    other.say(SYN | ACK);
    expect(user.events(second)).toEqual({ events: ['CONNECTED'], status: 'SUCCESS' });
    expect(machine.dropped()).toEqual({ TCP_UNSENT_ACKNOWLEDGED: 1 });
  });

  it('answers an ACK of what it never sent with RST, and goes on (RFC 9293, 3.5)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer } = begun({ machine, user });
    peer.say(ACK, { sequence: 77, acknowledgment: peer.kernels + 500 });
    expect(peer.lines()).toEqual(['R 500(0)']);
    peer.say(SYN | ACK, { sequence: 77, acknowledgment: peer.kernels });
    expect(peer.lines()).toEqual(['R 0(0)']);
    expect(stateOf(machine, peer)).toBe('SYN_SENT');
    machine.advance(3000);
    expect(peer.lines()).toEqual(['S 0(0)']);
  });

  it('takes no text without SYN', ({ bench }) => {
    const { machine, user } = bench();
    const { peer } = begun({ machine, user });
    peer.say(ACK | PSH, { acknowledgment: peer.kernels + 1, data: pattern(10) });
    expect(machine.dropped()).toEqual({ TCP_UNEXPECTED: 1 });
    expect(stateOf(machine, peer)).toBe('SYN_SENT');
  });

  it('opens when both sides have sent SYN (MUST-10; RFC 9293, figure 8)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, socket } = begun({ machine, user });
    peer.say(SYN);
    expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
    expect(stateOf(machine, peer)).toBe('SYN_RECEIVED');
    // The other end does the same: its answer is a SYN-ACK with the SYN's old number.
    peer.say(SYN | ACK, { sequence: peer.own, acknowledgment: peer.kernels + 1 });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(user.events(socket)).toEqual({ events: ['CONNECTED'], status: 'SUCCESS' });
    peer.ack = peer.kernels + 1;
    peer.heard();
    peer.say(ACK | PSH, { data: pattern(10) });
    expect(difference(user.receive(socket), pattern(10))).toBe('same');
  });

  it('opens from both sides at once with a plain ACK too', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, socket } = begun({ machine, user });
    peer.say(SYN);
    peer.say(ACK, { acknowledgment: peer.kernels + 1 });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(user.events(socket).events).toEqual(['CONNECTED']);
  });

  it('asks for no one on the wire that ARP does not find, and fails at 45 s', ({ bench }) => {
    const { machine, user } = bench();
    const absent = address('10.0.0.99');
    const socket = user.socket();
    expect(user.connect(socket, 23, absent)).toBe('PENDING');
    machine.advance(44_990);
    expect(user.events(socket).events).toEqual([]);
    machine.advance(20);
    expect(user.events(socket)).toEqual({ events: ['FAILED'], status: 'IO_TIMEOUT' });
    const frames = machine.take();
    expect(frames.every(({ arp }) => arp?.target === absent)).toBe(true);
    expect(machine.dropped()).toEqual({ ARP_UNRESOLVED: 4 });
  });

  for (const release of BOTH) {
    it(`${release}: says at once what no host can be reached at`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const status = (target: string, port: number): string => {
        const socket = user.socket();
        return user.connect(socket, port, address(target));
      };
      expect(status('0.0.0.0', 80)).toBe('INVALID_ADDRESS');
      expect(status('10.0.0.2', 0)).toBe('INVALID_ADDRESS');
      expect(status('224.0.0.1', 80)).toBe('INVALID_ADDRESS');
      expect(status('10.0.0.255', 80)).toBe('INVALID_ADDRESS');
      expect(status('255.255.255.255', 80)).toBe('INVALID_ADDRESS');
      expect(status('11.0.0.1', 80)).toBe('NETWORK_UNREACHABLE');
      expect(machine.take()).toEqual([]);
    });
  }

  it('forgets a connect whose socket is closed; a late SYN-ACK is answered with RST', ({
    bench,
  }) => {
    const { machine, user } = bench();
    const { peer, socket } = begun({ machine, user });
    user.close(socket);
    expect(stateOf(machine, peer)).toBe('CLOSED');
    peer.say(SYN | ACK, { acknowledgment: peer.kernels + 1 });
    expect(peer.lines()).toEqual(['R 1(0)']);
    machine.advance(60_000);
    expect(peer.lines()).toEqual([]);
  });

  it('ends on "port unreachable", not on "host unreachable" (RFC 1122, 4.2.3.9)', ({ bench }) => {
    const { machine, user } = bench();
    const peer = new Peer(machine, { port: 139 });
    const socket = user.socket();
    user.connect(socket, 139);
    const [sent] = machine.take();
    const quote = sent?.octets.subarray(14, 14 + 28) ?? new Uint8Array(0);
    machine.receive(ethernet(ipv4(icmp(3, 1, 0, quote), { protocol: 1 })));
    expect(user.events(socket).events).toEqual([]);
    machine.receive(ethernet(ipv4(icmp(3, 3, 0, quote), { protocol: 1 })));
    expect(user.events(socket)).toEqual({ events: ['FAILED'], status: 'CONNECTION_REFUSED' });
    expect(stateOf(machine, peer)).toBe('CLOSED');
  });

  it('can be asked again on the same socket only after it has ended', ({ bench }) => {
    const { machine, user } = bench();
    const { socket } = begun({ machine, user });
    expect(user.connect(socket, 140)).toBe('INVALID_PARAMETER');
    expect(machine.take()).toEqual([]);
  });
});
