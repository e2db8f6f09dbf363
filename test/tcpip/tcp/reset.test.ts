/** RST: what is sent to whom, and when one is believed (RFC 9293, 3.5.2, 3.5.3 and 3.10.7). */

import { describe, expect } from 'vitest';
import {
  ACK, FIN, PSH, RST, SYN, TCP, THEM, ethernet, ipv4, tcp,
} from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { address, difference, pattern } from '../../wireside/octets.js';
import { Peer, arrive, reach, stateOf } from '../../wireside/peer.js';
import type { Connected } from '../../wireside/peer.js';

/** How a connection comes to each synchronized state; what was heard on the way is thrown away. */
const WAYS: Record<string, (bench: Bench) => Connected> = {
  ESTABLISHED: (bench) => reach(bench),
  FIN_WAIT_1: (bench) => {
    const one = reach(bench);
    bench.user.shutdown(one.handle);
    return one;
  },
  FIN_WAIT_2: (bench) => {
    const one = reach(bench);
    bench.user.shutdown(one.handle);
    one.peer.ack++;
    one.peer.say(ACK);
    return one;
  },
  CLOSE_WAIT: (bench) => {
    const one = arrive(bench, bench.user.listen(80), 80);
    one.peer.say(FIN | ACK);
    return one;
  },
  CLOSING: (bench) => {
    const one = reach(bench);
    bench.user.shutdown(one.handle);
    one.peer.say(FIN | ACK);
    return one;
  },
  LAST_ACK: (bench) => {
    const one = arrive(bench, bench.user.listen(80), 80);
    one.peer.say(FIN | ACK);
    bench.user.shutdown(one.handle);
    return one;
  },
  TIME_WAIT: (bench) => {
    const one = reach(bench);
    bench.user.shutdown(one.handle);
    one.peer.ack++;
    one.peer.say(FIN | ACK);
    return one;
  },
};

describe('tcpip/tcp/reset', () => {
  it('has in the field that it does not use what NtstackResetAck says (nmap: T4, T6)', ({
    bench,
  }) => {
    const fieldsOf = (release: string): readonly (number | undefined)[] => {
      const { machine, user } = bench({ release });
      user.listen(80);
      const probe = (ours: number, port: number): Peer =>
        new Peer(machine, { ours, port, sequence: 1000 });
      const ack = { acknowledgment: 77 };
      probe(80, 4000).say(SYN);
      const open = probe(80, 4001);
      open.say(ACK, ack);
      const refused = probe(81, 4002);
      refused.say(SYN | PSH, { sequence: 2000 });
      const closed = probe(81, 4003);
      closed.say(ACK, ack);
      const [one, other] = [open.heard()[0], closed.heard()[0]];
      expect([one, other]).toMatchObject([{ flags: RST, sequence: 77 }, { flags: RST }]);
      return [one?.acknowledgment, other?.acknowledgment];
    };
    expect(fieldsOf('nt40')).toEqual([1001, 2001]);
    expect(fieldsOf('nt40sp6a')).toEqual([77, 77]);
    expect(fieldsOf('modern')).toEqual([0, 0]);
  });

  for (const [state, way] of Object.entries(WAYS)) {
    it(`${state}: ignores a RST out of the window, without an answer`, ({ bench }) => {
      const one = bench();
      const { peer, handle } = way(one);
      expect(stateOf(one.machine, peer)).toBe(state);
      peer.heard();
      one.user.events(handle);
      one.machine.dropped();
      peer.say(RST, { sequence: peer.next - 1 });
      peer.say(RST | ACK, { sequence: peer.next + 9000 });
      peer.say(RST, { sequence: peer.next + 0x8000_0000 });
      expect(stateOf(one.machine, peer)).toBe(state);
      expect(peer.lines()).toEqual([]);
      expect(one.machine.dropped()).toEqual({ TCP_NOT_ACCEPTABLE: 3 });
      expect(one.user.events(handle).events).toEqual([]);
    });

    if (state === 'TIME_WAIT') continue;
    for (const release of BOTH) {
      it(`${release}: ${state}: ends at a RST in the window, and says so`, ({ bench }) => {
        const one = bench({ release });
        const { peer, handle } = way(one);
        peer.heard();
        one.user.events(handle);
        peer.say(RST);
        expect(stateOf(one.machine, peer)).toBe('CLOSED');
        expect(one.user.events(handle))
          .toEqual({ events: ['ABORTED'], status: 'CONNECTION_RESET' });
        expect(one.user.receive(handle)).toBe(
          ['CLOSE_WAIT', 'CLOSING', 'LAST_ACK'].includes(state)
            ? 'GRACEFUL_DISCONNECT' : 'CONNECTION_RESET',
        );
        expect(one.user.send(handle, pattern(1))).toBe('CONNECTION_RESET');
        expect(peer.lines()).toEqual([]);
        expect(one.machine.traced('TCP_RESET_BELIEVED')).toBe(1);
      });
    }
  }

  it('TIME_WAIT: is not assassinated (RFC 1337)', ({ bench }) => {
    const one = bench();
    const { peer } = (WAYS['TIME_WAIT'] ?? reach)(one);
    peer.heard();
    peer.say(RST);
    peer.say(RST | ACK);
    expect(stateOf(one.machine, peer)).toBe('TIME_WAIT');
    expect(peer.lines()).toEqual([]);
  });

  it('NtstackTimeWaitResets 1: TIME_WAIT ends by a RST (RFC 793, 3.4)', ({ bench }) => {
    const one = bench({ parameters: { NtstackTimeWaitResets: 1 } });
    const { peer } = (WAYS['TIME_WAIT'] ?? reach)(one);
    peer.heard();
    peer.say(RST);
    expect(stateOf(one.machine, peer)).toBe('CLOSED');
    expect(peer.lines()).toEqual([]);
  });

  it('ends what waits to be sent with the connection', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    expect(user.send(handle, pattern(60_000))).toBe(60_000);
    expect(machine.raw.irpsInUse()).toBeGreaterThan(0);
    peer.say(RST);
    expect(machine.raw.irpsInUse()).toBe(0);
    expect(user.query(handle, 'SEND_ROOM')).toBe(65_536);
  });

  it('lets octets that came before a RST be read', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    peer.say(ACK | PSH, { data: pattern(500) });
    peer.say(RST);
    expect(difference(user.receive(handle), pattern(500))).toBe('same');
    expect(user.receive(handle)).toBe('CONNECTION_RESET');
  });

  it('answers what has an ACK with its number, and what has none with an ACK', ({ bench }) => {
    const { machine } = bench({ parameters: { NtstackResetAck: 0 } });
    const peer = new Peer(machine, { ours: 80 });
    peer.say(ACK, { acknowledgment: 12_345 });
    peer.say(FIN | ACK, { acknowledgment: 54_321 });
    expect(peer.heard()).toMatchObject([
      { flags: RST, sequence: 12_345, acknowledgment: 0, window: 0 },
      { flags: RST, sequence: 54_321, acknowledgment: 0, window: 0 },
    ]);
    peer.say(SYN, { sequence: 1000, data: pattern(10) });
    peer.say(FIN, { sequence: 2000, data: pattern(10) });
    peer.say(0, { sequence: 0xffff_ffff });
    expect(peer.heard()).toMatchObject([
      { flags: RST | ACK, sequence: 0, acknowledgment: 1011 },
      { flags: RST | ACK, sequence: 0, acknowledgment: 2011 },
      { flags: RST | ACK, sequence: 0, acknowledgment: 0xffff_ffff },
    ]);
  });

  it('never answers a RST, a group, or a source that no host has', ({ bench }) => {
    const { machine } = bench();
    const peer = new Peer(machine, { ours: 80 });
    peer.say(RST);
    peer.say(RST | ACK);
    for (const source of ['10.0.0.255', '255.255.255.255', '0.0.0.0', '127.0.0.1', '224.0.0.9']) {
      const between = { source: address(source), destination: address('10.0.0.1') };
      const segment = tcp({ sourcePort: 1, destinationPort: 2, sequence: 3, flags: ACK }, between);
      machine.receive(ethernet(ipv4(segment, { ...between, protocol: TCP })));
    }
    const all = { source: THEM, destination: address('10.0.0.255') };
    const segment = tcp({ sourcePort: 1, destinationPort: 2, sequence: 3, flags: ACK }, all);
    machine.receive(ethernet(ipv4(segment, { ...all, protocol: TCP })));
    expect(machine.take()).toEqual([]);
  });

  it('answers a SYN in the window with an ACK, and stays open (RFC 5961, 4)', ({ bench }) => {
    const { machine, user } = bench({ parameters: { Protect5961: 1 } });
    const { peer, handle } = reach({ machine, user });
    peer.say(SYN, { sequence: peer.next + 10 });
    expect(peer.lines()).toEqual(['. 1(0) ack 1']);
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    peer.say(ACK | PSH, { data: pattern(10) });
    expect(difference(user.receive(handle), pattern(10))).toBe('same');
  });
});
