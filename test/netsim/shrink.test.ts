/** A receiver whose window moves back, behind a wire that loses: all arrives, nothing aborts. */

import { describe, expect } from 'vitest';
import { ACK } from '../wireside/build.js';
import { BOTH, it } from '../wireside/fixture.js';
import { chance, difference, pattern } from '../wireside/octets.js';
import { reach, stateOf } from '../wireside/peer.js';

const OCTETS = 60_000;
/** Per cent, each way. */
const LOSSES = [0, 10, 30];
/** A round trip; while nothing comes, as when a time-out is waited for, the peer speaks less. */
const STEP_MS = 50;
const SILENT_STEP_MS = 500;
const MOST_STEPS = 40_000;

describe('netsim/shrink', () => {
  for (const release of BOTH) {
    for (const loss of LOSSES) {
      it(`${release}: all arrives through a window that shrinks, ${loss} % lost`, ({ bench }) => {
        const one = bench({ release, parameters: { TcpMaxDataRetransmissions: 40 } });
        const below = chance(loss + 1);
        const isLost = (): boolean => below(100) < loss;
        const { peer, handle } = reach(one, { window: 20_000 });
        let edge = peer.ack + peer.window;
        let sent = 0;
        const seen = { back: 0, closed: 0, beyond: 0 };
        for (let step = 0; step < MOST_STEPS && peer.text.length < OCTETS; step++) {
          const taken = one.user.send(handle, pattern(Math.min(20_000, OCTETS - sent), sent));
          if (typeof taken === 'number') sent += taken;
          const heard = peer.heard();
          for (const { sequence, data } of heard) {
            if (isLost()) continue;
            // In order, and what was sent before the edge moved back: nobody has to take that.
            const old = (peer.ack - sequence) | 0;
            if (sequence + data.length > edge) seen.beyond++;
            const room = Math.min(data.length, edge - sequence);
            if (old < 0 || old >= room) continue;
            for (const octet of data.subarray(old, room)) peer.text.push(octet);
            peer.ack = sequence + room;
          }
          // What is sent into the first window meets the second one.
          for (const windows of [[20_000, 5000], [0, 700, 1460, 4000]]) {
            peer.window = windows[below(windows.length)] ?? 0;
            if (peer.ack + peer.window < edge) seen.back++;
            if (peer.window === 0) seen.closed++;
            edge = peer.ack + peer.window;
            if (!isLost()) peer.say(ACK);
          }
          one.machine.advance(heard.length > 0 ? STEP_MS : SILENT_STEP_MS);
        }
        expect(difference(Uint8Array.from(peer.text), pattern(OCTETS))).toBe('same');
        expect(stateOf(one.machine, peer)).toBe('ESTABLISHED');
        expect(seen.back).toBeGreaterThan(5);
        expect(seen.closed).toBeGreaterThan(1);
        expect(seen.beyond).toBeGreaterThan(5);
        expect(one.user.events(handle).events).not.toContain('ABORTED');
      });
    }
  }
});
