/** The end of a handshake for which there is no memory: nothing is lost, and nothing is kept. */

import { describe, expect } from 'vitest';
import { join } from '../../../host/wire/octets.js';
import { ACK } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { SACK_PERMITTED, scale } from '../../wireside/option.js';
import type { Peer } from '../../wireside/peer.js';
import { stateOf } from '../../wireside/peer.js';
import { halfOpen, listening } from './halfopen.js';

describe('tcpip/tcp/syncache without memory', () => {
  it('has the SYN-ACK and the ACK come again where the first ACK found no memory', ({ bench }) => {
    const one = listening(bench);
    const { machine, user, listener } = one;
    const [first, second] = [halfOpen(one, 4000), halfOpen(one, 4001)];
    // Takes the control block that the SYNs gave back.
    first.say(ACK);
    machine.raw.failAllocation(1, 1);
    second.say(ACK);
    machine.raw.failAllocation(0, 0);
    expect(machine.dropped()).toEqual({ NO_MEMORY: 1 });
    expect(second.lines()).toEqual([]);
    machine.advance(1000);
    expect(second.lines()).toEqual(['S. 0(0) ack 1']);
    second.say(ACK);
    expect(stateOf(machine, second)).toBe('ESTABLISHED');
    expect([user.accept(listener), user.accept(listener)]).not.toContain(0);
    expect(machine.raw.cachedHalves()).toBe(0);
  });

  it('gives the control block back for whose options there is no memory', ({ bench }) => {
    const one = listening(bench);
    const { machine } = one;
    const agrees = join(SACK_PERMITTED, scale(2));
    const [first, second] = [halfOpen(one, 4000, agrees), halfOpen(one, 4001, agrees)];
    first.say(ACK);
    // A control block there is: what was agreed on is asked for next.
    machine.raw.failAllocation(2, 0);
    second.say(ACK);
    expect(machine.raw.poolFailures()).toBe(1);
    machine.raw.failAllocation(0, 0);
    expect(machine.dropped()).toEqual({ NO_MEMORY: 1 });
    expect(stateOf(machine, second)).toBe('CLOSED');
    machine.advance(1000);
    second.say(ACK);
    expect(stateOf(machine, second)).toBe('ESTABLISHED');
  });

  it('gives the control block back for which the table has no room', ({ bench }) => {
    const slots = 64;
    const full = slots / 8 * 7;
    const parameters = { MaxHashTableSize: slots, NumTcbTablePartitions: 1 };
    const one = listening(bench, parameters, 100);
    const { machine } = one;
    let failures = 0;
    const meet = (i: number): Peer => {
      const peer = halfOpen(one, 4000 + i);
      // The next thing that is asked for is a larger table: the control block was kept.
      machine.raw.failAllocation(i < slots / 2 ? 0 : 1, 0);
      peer.say(ACK);
      failures += machine.raw.poolFailures();
      machine.raw.failAllocation(0, 0);
      return peer;
    };
    for (let i = 0; i < full; i++) expect(stateOf(machine, meet(i))).toBe('ESTABLISHED');
    const last = meet(full);
    expect(failures).toBe(full - slots / 2 + 1);
    expect(machine.dropped()).toEqual({ NO_MEMORY: 1 });
    expect(stateOf(machine, last)).toBe('CLOSED');
    machine.advance(1000);
    last.say(ACK);
    expect(stateOf(machine, last)).toBe('ESTABLISHED');
  });
});
