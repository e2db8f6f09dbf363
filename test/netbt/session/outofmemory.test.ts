/** The n-th allocation fails, for every n of a session that is called or answered: no leak. */

import { describe, expect } from 'vitest';
import { ACK, SYN } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { Caller, NAME, SESSION, packet, request } from '../station.js';

const STATUSES = new Set([
  'SUCCESS', 'PENDING', 'INSUFFICIENT_RESOURCES', 'CONNECTION_INVALID', 'CONNECTION_ABORTED',
  'CONNECTION_RESET', 'CONNECTION_REFUSED', 'GRACEFUL_DISCONNECT', 'IO_TIMEOUT', 'INVALID_HANDLE',
  'BAD_NETWORK_PATH', 'NO_MORE_ENTRIES', 'NOTHING', 'ADDRESS_NOT_ASSOCIATED', 'INVALID_PARAMETER',
  'LOCAL_DISCONNECT',
]);
/** Above what a segment holds: such a message comes in pieces. */
const LONG = 2500;

function mustBeStatus(result: number | string | Uint8Array | undefined): void {
  if (typeof result === 'string') expect(STATUSES).toContain(result);
}

/** Messages both ways; how many octets of messages came, and of packets went. */
function talk({ user }: Bench, caller: Caller, handle: number): number[] {
  caller.say(packet(SESSION.MESSAGE, pattern(LONG)), 2, 700, 2000);
  caller.say(packet(SESSION.MESSAGE));
  caller.say(packet(SESSION.KEEP_ALIVE));
  if (handle === 0) return [];
  const messages = [1, 2, 3].map(() => user.receiveMessage(handle));
  messages.forEach(mustBeStatus);
  mustBeStatus(user.send(handle, pattern(LONG)));
  const long = caller.listen().length;
  mustBeStatus(user.send(handle, pattern(0)));
  return [...messages.map((each) => each?.length ?? -1), long, caller.listen().length];
}

/** Somebody calls us. */
function answer(bench: Bench): number[] {
  const { user } = bench;
  const listener = user.socket('NETBIOS');
  if (listener === 0) return [];
  let talked: number[] = [];
  mustBeStatus(user.bindName(listener, NAME));
  mustBeStatus(user.listenOn(listener, 2));
  const caller = new Caller(bench, 5000);
  if (caller.connect()) {
    caller.say(request(), 40);
    const handle = user.accept(listener);
    talked = talk(bench, caller, handle);
    if (!caller.gone) caller.end('close');
    if (handle !== 0) user.close(handle);
    caller.listen();
  }
  user.close(listener);
  return talked;
}

/** We call somebody. */
function call(bench: Bench): number[] {
  const { user, machine } = bench;
  const handle = user.socket('NETBIOS');
  if (handle === 0) return [];
  let talked: number[] = [];
  mustBeStatus(user.bindName(handle, 'CLIENT<00>'));
  mustBeStatus(user.callName(handle, NAME));
  const caller = new Caller(bench, 139, 0);
  const [first] = caller.peer.heard();
  if (first?.flags === SYN) {
    caller.peer.ack = (first.sequence + 1) >>> 0;
    caller.peer.say(SYN | ACK);
    caller.listen();
    caller.say(packet(SESSION.POSITIVE));
    mustBeStatus(user.events(handle).status);
    talked = talk(bench, caller, handle);
  }
  user.close(handle);
  caller.listen();
  if (first?.flags === SYN && !caller.gone) caller.end('close');
  machine.advance(1000);
  return talked;
}

for (const [what, play] of [['is called', answer], ['calls', call]] as const) {
  describe(`netbt/session without memory: a machine ${what}`, () => {
    for (const on of [0, 1] as const) {
      it(`the n-th allocation fails${on ? ', and all after' : ''}`, async ({ bench, finish }) => {
        let n = 0;
        for (let failures = 1; failures !== 0;) {
          n++;
          const made = bench({ netbios: true });
          const { raw } = made.machine;
          made.machine.meet();
          raw.failAllocation(n, on);
          const talked = play(made);
          failures = raw.poolFailures();
          raw.failAllocation(0, 0);
          if (failures === 0) expect(talked).toEqual([LONG, 0, -1, LONG + 4, 4]);
          await finish();
          if (n > 500) throw new Error('it never runs out of allocations');
        }
        expect(n).toBeGreaterThan(8);
      });
    }
  });
}
