/** Connections are bounded by TcpNumConnections (nt-facts 2.1), and their segments by the path. */

import { describe, expect } from 'vitest';
import { SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { address } from '../../wireside/octets.js';
import { Peer, fieldOf } from '../../wireside/peer.js';

describe('tcpip/tcp/tcb', () => {
  it('makes no more connections than TcpNumConnections', ({ bench }) => {
    const { machine, user } = bench({ parameters: { TcpNumConnections: 2 } });
    user.listen(80);
    const answers = [4000, 4001, 4002].map((port) => {
      const peer = new Peer(machine, { ours: 80, port });
      peer.say(SYN);
      return peer.lines().length;
    });
    expect(answers).toEqual([1, 1, 0]);
    expect(machine.dropped()).toMatchObject({ NO_MEMORY: 1 });
    const socket = user.socket('STREAM');
    expect(user.connect(socket, 9)).toBe('INSUFFICIENT_RESOURCES');
  });

  for (const [discovery, far, mss] of [
    [1, true, 1460], [0, true, 536], [0, false, 1460],
  ] as const) {
    const where = far ? 'off our net' : 'on our net';
    it(`agrees on ${mss} ${where} with EnablePMTUDiscovery ${discovery}`, ({ bench }) => {
      const one = bench({
        gateway: address('10.0.0.2'), parameters: { EnablePMTUDiscovery: discovery },
      });
      one.user.listen(80);
      const from = far ? address('172.16.0.1') : address('10.0.0.2');
      const peer = new Peer(one.machine, { ours: 80, address: from });
      peer.say(SYN);
      expect(peer.lines()).toHaveLength(1);
      expect(fieldOf(one.machine, peer, 'mss')).toBe(mss);
    });
  }

  it('binds to no address that is not its own', ({ bench }) => {
    const { user } = bench();
    expect(user.bind(user.socket('STREAM'), 80, address('10.9.9.9'))).toBe('INVALID_ADDRESS');
    expect(user.bind(user.socket('STREAM'), 81, address('127.0.0.1'))).toBe('SUCCESS');
  });
});
