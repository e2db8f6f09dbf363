/** Connections of a machine with itself: every step of both ends on one processor, one by one. */

import { describe, expect } from 'vitest';
import { US } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { address, difference, pattern } from '../../wireside/octets.js';

const LOOPBACK = address('127.0.0.1');

/** Both sockets of a connection of the machine with itself. */
function connected({ user }: Bench, target: number): { client: number; server: number } {
  const listener = user.listen(80);
  const client = user.socket();
  expect(user.connect(client, 80, target)).toBe('PENDING');
  expect(user.events(client)).toEqual({ events: ['CONNECTED'], status: 'SUCCESS' });
  const server = user.accept(listener);
  expect(user.query(server, 'REMOTE_PORT')).toBe(user.query(client, 'LOCAL_PORT'));
  return { client, server };
}

describe('tcpip/tcp/loopback', () => {
  for (const [what, target] of [['127.0.0.1', LOOPBACK], ['its own address', US]] as const) {
    it(`connects to ${what}, carries 200,000 octets each way, and closes`, ({ bench }) => {
      const one = bench();
      const { machine, user } = one;
      const { client, server } = connected(one, target);
      for (const [from, to] of [[client, server], [server, client]] as const) {
        let sent = 0;
        const got: Uint8Array[] = [];
        for (let i = 0; i < 10_000 && sent < 200_000; i++) {
          const taken = user.send(from, pattern(Math.min(20_000, 200_000 - sent), sent));
          if (typeof taken === 'number') sent += taken;
          got.push(user.drain(to));
          machine.advance(10);
        }
        for (let i = 0; i < 100; i++) {
          got.push(user.drain(to));
          machine.advance(10);
        }
        expect(difference(Uint8Array.from(Buffer.concat(got)), pattern(200_000))).toBe('same');
      }
      user.close(client);
      expect(user.receive(server)).toBe('GRACEFUL_DISCONNECT');
      user.close(server);
      expect(machine.take()).toEqual([]);
      // One of the two ends waits for 240 s.
      expect(machine.raw.tableCount()).toBe(1);
      machine.advance(241_000);
      expect(machine.raw.tableCount()).toBe(0);
    });
  }

  it('is refused by itself where nobody listens', ({ bench }) => {
    const { machine, user } = bench();
    const client = user.socket();
    user.connect(client, 81, LOOPBACK);
    machine.advance(5000);
    expect(user.events(client)).toEqual({ events: ['FAILED'], status: 'CONNECTION_REFUSED' });
    expect(machine.count('TCP_OUT_RSTS')).toBe(4);
    expect(machine.take()).toEqual([]);
  });

  it('ends a connection of which the other socket is aborted', ({ bench }) => {
    const one = bench();
    const { client, server } = connected(one, LOOPBACK);
    one.user.close(client, 'abort');
    expect(one.user.events(server)).toEqual({ events: ['ABORTED'], status: 'CONNECTION_RESET' });
    expect(one.machine.raw.tableCount()).toBe(0);
  });

  it('lets a socket connect to itself, without a storm (RFC 9293, 3.5: both sides open)', ({
    bench,
  }) => {
    const { machine, user } = bench();
    const socket = user.socket();
    user.bind(socket, 5000);
    expect(user.connect(socket, 5000, LOOPBACK)).toBe('PENDING');
    machine.advance(1000);
    expect(user.events(socket)).toEqual({ events: ['CONNECTED'], status: 'SUCCESS' });
    user.send(socket, pattern(100));
    machine.advance(1000);
    expect(difference(user.receive(socket), pattern(100))).toBe('same');
    user.close(socket);
    machine.advance(1000);
    expect(machine.count('TCP_OUT_SEGS')).toBeLessThan(30);
  });
});
