/** Octets to the client: what it does not take is kept, and the window tells the peer. */

import { describe, expect } from 'vitest';
import { ACK, FIN, PSH } from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { chance, difference, pattern } from '../../wireside/octets.js';
import { arrive, reach, stateOf } from '../../wireside/peer.js';
import type { Connected, Peer } from '../../wireside/peer.js';

/** A sender that minds the window: says the next octets that fit, and hears what comes back. */
class Sender {
  sent = 0;
  edge: number;
  readonly windows: number[] = [];

  constructor(readonly peer: Peer) {
    this.edge = peer.next + 8760;
  }

  hear(): void {
    for (const { acknowledgment, window } of this.peer.heard()) {
      const edge = acknowledgment + window;
      expect(edge, 'the right edge never moves back (SHLD-14)').toBeGreaterThanOrEqual(this.edge);
      this.edge = edge;
      this.windows.push(window);
    }
  }

  /** One segment of at most `length` octets; how many fitted. */
  say(length: number): number {
    this.hear();
    const fits = Math.min(length, this.edge - this.peer.next);
    if (fits > 0) this.peer.say(ACK | PSH, { data: pattern(fits, this.sent) });
    this.sent += Math.max(0, fits);
    this.hear();
    return fits;
  }
}

function small(bench: Bench, receiveBuffer: number): Connected & { sender: Sender } {
  const one = reach(bench, { sequence: 0x1000_0000 });
  bench.user.option(one.handle, 'RECEIVE_BUFFER', receiveBuffer);
  return { ...one, sender: new Sender(one.peer) };
}

describe('tcpip/tcp/deliver', () => {
  for (const release of BOTH) {
    it(`${release}: closes the window to 0 when nobody reads, and opens it when somebody does`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      const { handle, sender } = small({ machine, user }, 4096);
      while (sender.say(1460) > 0);
      expect(sender.windows.at(-1)).toBe(0);
      // NT's window moves by whole segments (nt-facts 3.5): two fit into the socket's buffer.
      expect(sender.sent).toBe(release === 'modern' ? 4096 + 65_700 : 2 * 1460 + 8760);
      expect(user.query(handle, 'READABLE')).toBe(4096);
      const got: number[] = [];
      for (let i = 0; i < 1000 && got.length < 60_000; i++) {
        const run = user.receive(handle, 700);
        if (typeof run !== 'string') got.push(...run);
        if (sender.sent < 60_000) sender.say(Math.min(1460, 60_000 - sender.sent));
        machine.advance(10);
      }
      expect(got.length).toBeGreaterThanOrEqual(60_000);
      expect(difference(Uint8Array.from(got), pattern(got.length))).toBe('same');
    });
  }

  it('tells of an open window without being asked (MUST-39)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle, sender } = small({ machine, user }, 1000);
    while (sender.say(1460) > 0);
    expect(user.drain(handle).length).toBeGreaterThan(1000);
    const [update] = peer.heard();
    expect(update?.flags).toBe(ACK);
    expect(update?.window).toBeGreaterThanOrEqual(1460);
  });

  for (const release of BOTH) {
    it(`${release}: tells of no window smaller than a segment (SWS; MUST-39)`, ({ bench }) => {
      const { machine, user } = bench({ release });
      const { peer, handle, sender } = small({ machine, user }, 1000);
      while (sender.say(1460) > 0);
      // The socket's own 1000, then what the transport keeps, 100 at a time.
      const windows: number[] = [];
      for (let i = 0; i < 98; i++) {
        user.receive(handle, 100);
        windows.push(...peer.heard().map(({ window }) => window));
      }
      expect(windows.length).toBeGreaterThan(0);
      for (const window of windows) expect(window).toBeGreaterThanOrEqual(1460);
    });
  }

  it('drains what it kept after the peer has closed, in order, and then tells', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle, sender } = small({ machine, user }, 2000);
    while (sender.sent < 8000) sender.say(1000);
    peer.say(ACK | FIN);
    expect(stateOf(machine, peer)).toBe('CLOSE_WAIT');
    expect(user.events(handle).events).toEqual(['READABLE']);
    expect(difference(user.drain(handle, 300), pattern(8000))).toBe('same');
    expect(user.events(handle).events).toContain('CLOSED');
    expect(user.receive(handle)).toBe('GRACEFUL_DISCONNECT');
  });

  it('counts and forgets what a sink receives', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    user.option(handle, 'SINK', 1);
    for (let i = 0; i < 100; i++) peer.say(ACK | PSH, { data: pattern(1460) });
    expect(user.query(handle, 'RECEIVED')).toBe(146_000);
    expect(user.query(handle, 'READABLE')).toBe(0);
    expect(peer.heard().at(-1)?.window).toBe(8760);
  });

  it('says how much can be read, and has been received', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = arrive({ machine, user }, user.listen(80), 80);
    peer.say(ACK | PSH, { data: pattern(1000) });
    expect(user.events(handle).events).toEqual(['READABLE']);
    expect(user.query(handle, 'READABLE')).toBe(1000);
    expect(difference(user.receive(handle, 400), pattern(400))).toBe('same');
    expect(user.query(handle, 'READABLE')).toBe(600);
    expect(difference(user.receive(handle, 0), new Uint8Array(0))).toBe('same');
    expect(difference(user.receive(handle), pattern(600, 400))).toBe('same');
    expect(difference(user.receive(handle), new Uint8Array(0))).toBe('same');
    expect(user.query(handle, 'RECEIVED')).toBe(1000);
  });

  for (const release of BOTH) {
    it(`${release}: never takes back a window that it gave, whatever is read (SHLD-14)`, ({
      bench,
    }) => {
      for (let seed = 1; seed <= 10; seed++) {
        const below = chance(seed);
        const { machine, user } = bench({ release });
        const { handle, sender } = small({ machine, user }, 500 + below(6000));
        const got: number[] = [];
        while (got.length < 40_000) {
          for (let i = below(6); i > 0; i--) sender.say(1 + below(1460));
          for (let i = below(6); i > 0; i--) {
            const run = user.receive(handle, 1 + below(3000));
            if (typeof run !== 'string') got.push(...run);
            sender.hear();
          }
          machine.advance(below(300));
          sender.hear();
        }
        expect(difference(Uint8Array.from(got), pattern(got.length)), `seed ${seed}`).toBe('same');
      }
    });
  }

  it('leaves nothing behind when what it kept was read and nothing came since', ({ bench }) => {
    const { machine, user } = bench();
    const { handle, sender } = small({ machine, user }, 1000);
    while (sender.say(1460) > 0);
    user.drain(handle);
    user.close(handle, 'abort');
    // No frame comes any more: what the read left to be done at the next batch must not be owed.
    expect(machine.raw.tableCount()).toBe(0);
  });
});
