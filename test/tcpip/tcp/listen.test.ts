/** Passive open: what answers a SYN, how long a half-open connection is held, and who is told. */

import { describe, expect } from 'vitest';
import {
  ACK, FIN, PSH, RST, SYN, TCP, US, ethernet, ipv4, mssOption, tcp,
} from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { address, difference, pattern } from '../../wireside/octets.js';
import { Peer, arrive, stateOf } from '../../wireside/peer.js';

/** A SYN to port 80 whose SYN-ACK the peer has heard. */
function halfOpen(
  { machine }: Bench, port = 4000, sequence = 0x7000_0000,
): Peer {
  const peer = new Peer(machine, { port, ours: 80, sequence });
  peer.say(SYN);
  expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
  peer.ack = peer.kernels + 1;
  return peer;
}

describe('tcpip/tcp/listen', () => {
  it('has nothing to say to what has neither SYN nor ACK (RFC 9293, 3.10.7.2)', ({ bench }) => {
    const { machine, user } = bench({ parameters: { NtstackListenerResets: 0 } });
    user.listen(80);
    const peer = new Peer(machine, { ours: 80 });
    peer.say(FIN, { data: pattern(3) });
    peer.say(0, { data: pattern(3) });
    expect(peer.lines()).toEqual([]);
    expect(machine.dropped()).toEqual({ TCP_NO_CONNECTION: 2 });
    peer.say(ACK, { acknowledgment: 5 });
    expect(peer.heard()).toMatchObject([{ flags: RST, sequence: 5 }]);
  });

  it('NT denies it (nmap: T2)', ({ bench }) => {
    const { machine, user } = bench({ release: 'nt40' });
    user.listen(80);
    const peer = new Peer(machine, { ours: 80, sequence: 1000 });
    peer.say(0);
    peer.say(FIN | PSH);
    expect(peer.heard()).toMatchObject([
      { flags: RST | ACK, sequence: 0, acknowledgment: 1000, window: 0 },
      { flags: RST | ACK, sequence: 0, acknowledgment: 1001, window: 0 },
    ]);
    expect(machine.dropped()).toEqual({ TCP_NO_CONNECTION: 2 });
  });

  it('offers whole segments of the peer\'s size as its window (nmap: WIN)', ({ bench }) => {
    const windows = [[1460, 8760], [1400, 8400], [640, 8320], [536, 8576], [265, 8215], [0, 8576]];
    for (const [mss = 0, window] of windows) {
      const { machine, user } = bench({ release: 'nt40' });
      user.listen(80);
      const peer = new Peer(machine, { ours: 80, mss });
      peer.say(SYN);
      expect(peer.heard()).toMatchObject([{ flags: SYN | ACK, window }]);
    }
    // A window that is set stays as it is.
    const { machine, user } = bench({ release: 'nt40', parameters: { TcpWindowSize: 14_600 } });
    user.listen(80);
    const peer = new Peer(machine, { ours: 80, mss: 265 });
    peer.say(SYN);
    expect(peer.heard()).toMatchObject([{ window: 14_600 }]);
  });

  it('opens no connection for SYN with FIN where NtstackDropSynFin says so', ({ bench }) => {
    for (const drops of [0, 1]) {
      const { machine, user } = bench({ parameters: { NtstackDropSynFin: drops } });
      user.listen(80);
      const peer = new Peer(machine, { ours: 80 });
      peer.say(SYN | FIN);
      expect(peer.heard()).toHaveLength(1 - drops);
    }
  });

  it('answers SYN with SYN-ACK, and tells the client when the ACK comes', ({ bench }) => {
    const { machine, user } = bench();
    const listener = user.listen(80);
    const peer = new Peer(machine, { ours: 80 });
    peer.say(SYN);
    const [answer] = peer.heard();
    expect(answer).toMatchObject({ flags: SYN | ACK, acknowledgment: peer.own + 1, window: 8760 });
    expect(answer?.options).toEqual(mssOption(1460));
    expect(user.events(listener).events).toEqual([]);
    expect(stateOf(machine, peer)).toBe('SYN_RECEIVED');
    peer.ack = peer.kernels + 1;
    peer.say(ACK);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(user.events(listener)).toEqual({ events: ['ACCEPT'], status: 'SUCCESS' });
    const handle = user.accept(listener);
    expect(user.query(handle, 'REMOTE_ADDRESS')).toBe(peer.address);
    expect(user.query(handle, 'REMOTE_PORT')).toBe(peer.port);
    expect(user.query(handle, 'LOCAL_PORT')).toBe(80);
    expect(user.query(handle, 'LOCAL_ADDRESS')).toBe(US);
    expect(user.accept(listener)).toBe(0);
    expect(peer.lines()).toEqual([]);
  });

  for (const [retransmissions, times, heldMs] of [
    [5, [0, 3, 9, 21, 45, 93], 189_000], [3, [0, 3, 9, 21], 45_000], [2, [0, 3, 9], 21_000],
    [1, [0, 3], 9000], [0, [0], 3000],
  ] as const) {
    it(`holds ${heldMs} ms, ${times.length} SYN-ACKs, with ${retransmissions} (Q142641)`,
      ({ bench }) => {
        const { machine, user } = bench({
          parameters: { TcpMaxConnectResponseRetransmissions: retransmissions },
        });
        const listener = user.listen(80, 1);
        const peer = new Peer(machine, { ours: 80 });
        peer.say(SYN);
        machine.advance(heldMs - 10);
        const heard = peer.heard();
        expect(heard.map(({ atMs }) => atMs)).toEqual(times.map((seconds) => seconds * 1000));
        for (const segment of heard) expect(peer.line(segment)).toBe('S. 0(0) ack 1');
        expect(machine.raw.tableCount()).toBe(1);
        machine.advance(20);
        expect(machine.raw.tableCount()).toBe(0);
        machine.advance(600_000);
        expect(peer.lines()).toEqual([]);
        expect(user.events(listener).events).toEqual([]);
        // Its place in the backlog is free again.
        arrive({ machine, user }, listener, 80, { port: 4001 });
      });
  }

  it('refuses a SYN to a port on which nobody listens (RFC 9293, 3.5.2)', ({ bench }) => {
    const { machine } = bench();
    const peer = new Peer(machine, { ours: 81 });
    peer.say(SYN);
    const [answer] = peer.heard();
    expect(answer).toMatchObject({ flags: RST | ACK, sequence: 0, acknowledgment: peer.own + 1 });
    expect(machine.dropped()).toEqual({ TCP_NO_CONNECTION: 1 });
    expect(machine.count('TCP_REFUSED')).toBe(1);
  });

  it('refuses with RST when the backlog is full, and never drops silently (Q113576)', ({
    bench,
  }) => {
    const { machine, user } = bench();
    const listener = user.listen(80, 2);
    const first = halfOpen({ machine, user }, 4000);
    halfOpen({ machine, user }, 4001);
    const third = new Peer(machine, { port: 4002, ours: 80 });
    third.say(SYN);
    expect(third.lines()).toEqual(['R. 0(0) ack 1']);
    expect(machine.dropped()).toEqual({ TCP_NO_BACKLOG: 1 });
    // Open but not accepted holds its place too.
    first.say(ACK);
    third.say(SYN, { sequence: third.own });
    expect(third.lines()).toEqual(['R. 0(0) ack 1']);
    user.accept(listener);
    arrive({ machine, user }, listener, 80, { port: 4003 });
  });

  it('gives the place back when the peer resets (RFC 9293, 3.10.7.4)', ({ bench }) => {
    const { machine, user } = bench();
    const listener = user.listen(80, 1);
    const peer = halfOpen({ machine, user });
    peer.say(RST);
    expect(stateOf(machine, peer)).toBe('CLOSED');
    expect(peer.lines()).toEqual([]);
    arrive({ machine, user }, listener, 80, { port: 4001 });
  });

  it('answers a wrong ACK in SYN-RECEIVED with RST and goes on waiting', ({ bench }) => {
    const { machine, user } = bench();
    user.listen(80);
    const peer = halfOpen({ machine, user });
    peer.say(ACK, { acknowledgment: peer.kernels + 2 });
    expect(peer.lines()).toEqual(['R 2(0)']);
    peer.say(ACK, { acknowledgment: peer.kernels });
    expect(peer.lines()).toEqual(['R 0(0)']);
    expect(stateOf(machine, peer)).toBe('SYN_RECEIVED');
    peer.say(ACK);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });

  it('answers the same SYN again with an ACK: it is not acceptable (3.10.7.4)', ({ bench }) => {
    const { machine, user } = bench();
    user.listen(80);
    const peer = halfOpen({ machine, user });
    peer.say(SYN, { sequence: peer.own });
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    expect(machine.raw.tableCount()).toBe(1);
    peer.say(ACK);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
  });

  it('takes text and FIN that come with the ACK of the handshake', ({ bench }) => {
    const { machine, user } = bench();
    const listener = user.listen(80);
    const peer = halfOpen({ machine, user });
    peer.say(ACK | PSH | FIN, { data: pattern(100) });
    expect(stateOf(machine, peer)).toBe('CLOSE_WAIT');
    expect(peer.lines()).toEqual(['. 1(0) ack 102']);
    const handle = user.accept(listener);
    expect(user.events(handle).events).toEqual(['CLOSED', 'READABLE']);
    expect(difference(user.receive(handle), pattern(100))).toBe('same');
    expect(user.receive(handle)).toBe('GRACEFUL_DISCONNECT');
  });

  it('keeps text that comes before the connection is accepted', ({ bench }) => {
    const { machine, user } = bench();
    const listener = user.listen(80);
    const peer = halfOpen({ machine, user });
    peer.say(ACK);
    peer.say(ACK | PSH, { data: pattern(1000) });
    peer.say(ACK | PSH, { data: pattern(1000, 1000) });
    const handle = user.accept(listener);
    expect(user.events(handle).events).toEqual(['READABLE']);
    expect(difference(user.drain(handle), pattern(2000))).toBe('same');
  });

  it('tells of a connection that was reset before it was accepted', ({ bench }) => {
    const { machine, user } = bench();
    const listener = user.listen(80);
    const peer = halfOpen({ machine, user });
    peer.say(ACK);
    peer.say(RST);
    const handle = user.accept(listener);
    expect(user.events(handle)).toEqual({ events: ['ABORTED'], status: 'CONNECTION_RESET' });
    expect(user.receive(handle)).toBe('CONNECTION_RESET');
  });

  it('drops a SYN whose source is its destination: Land (Q165005)', ({ bench }) => {
    const { machine, user } = bench();
    user.listen(139);
    const between = { source: US, destination: US };
    const land = tcp({ sourcePort: 139, destinationPort: 139, sequence: 1, flags: SYN }, between);
    machine.receive(ethernet(ipv4(land, { ...between, protocol: TCP })));
    expect(machine.dropped()).toEqual({ TCP_LAND: 1 });
    expect(machine.take()).toEqual([]);
    expect(machine.raw.tableCount()).toBe(0);
  });

  for (const release of BOTH) {
    it(`${release}: drops a SYN that is for everybody, or from everybody (MUST-57, MUST-63)`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      user.listen(80);
      const syn = (source: string, destination: string): Uint8Array => {
        const between = { source: address(source), destination: address(destination) };
        const fields = { sourcePort: 9, destinationPort: 80, sequence: 1, flags: SYN };
        const segment = tcp(fields, between);
        return ethernet(ipv4(segment, { ...between, protocol: TCP }));
      };
      machine.receive(syn('10.0.0.2', '10.0.0.255'), syn('10.0.0.2', '255.255.255.255'));
      expect(machine.dropped()).toEqual({ TCP_BROADCAST: 2 });
      // Of a group nobody here is a member: IP has dropped it.
      machine.receive(syn('10.0.0.2', '224.0.0.1'), syn('10.0.0.2', '239.1.2.3'));
      expect(Object.values(machine.dropped())).toEqual([2]);
      machine.receive(syn('10.0.0.255', '10.0.0.1'), syn('224.0.0.1', '10.0.0.1'));
      machine.receive(syn('127.0.0.1', '10.0.0.1'), syn('0.0.0.0', '10.0.0.1'));
      expect(machine.dropped()).toEqual({ IP_SOURCE: 4 });
      expect(machine.take()).toEqual([]);
      expect(machine.raw.tableCount()).toBe(0);
    });
  }

  it('resets what is half open, and open and not accepted, when it is closed', ({ bench }) => {
    const { machine, user } = bench();
    const listener = user.listen(80);
    const half = halfOpen({ machine, user }, 4000);
    const open = halfOpen({ machine, user }, 4001);
    open.say(ACK);
    user.close(listener);
    expect(half.lines()).toEqual(['R. 1(0) ack 1']);
    expect(open.lines()).toEqual(['R. 1(0) ack 1']);
    const late = new Peer(machine, { port: 4002, ours: 80 });
    late.say(SYN);
    expect(late.lines()).toEqual(['R. 0(0) ack 1']);
    expect(machine.raw.tableCount()).toBe(0);
    // The port is free.
    user.listen(80);
  });

  it('lets one socket have a port', ({ bench }) => {
    const { user } = bench();
    user.listen(80);
    const second = user.socket();
    expect(user.bind(second, 80)).toBe('ADDRESS_ALREADY_EXISTS');
    expect(user.listenOn(second, 5)).toBe('INVALID_PARAMETER');
  });

  it('listens on the address that it is bound to, and no other', ({ bench }) => {
    const { machine, user } = bench();
    const socket = user.socket();
    expect(user.bind(socket, 80, address('127.0.0.1'))).toBe('SUCCESS');
    user.listenOn(socket, 5);
    const peer = new Peer(machine, { ours: 80 });
    peer.say(SYN);
    expect(peer.lines()).toEqual(['R. 0(0) ack 1']);
  });
});
