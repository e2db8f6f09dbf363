/**
 * Garbage to the session service: nothing stops, each packet is used, or counted and its session
 * ended; sessions of others go on, and nobody is sent more than came. NTSTACK_FUZZ_FRAMES says how
 * many packets.
 */

import { describe, expect } from 'vitest';
import { Random } from '../../host/machine/random.js';
import type { Stream } from '../../host/machine/random.js';
import { RECORDED, readSession } from '../netbt/recorded.js';
import { Caller, SESSION, listenOn, packet, request } from '../netbt/station.js';
import { it } from '../wireside/fixture.js';
import type { Bench } from '../wireside/fixture.js';
import { pattern } from '../wireside/octets.js';
import { Bystander } from './bystander.js';

const PACKETS = Number(process.env['NTSTACK_FUZZ_FRAMES'] ?? 3000);
/** Ports of those who mean no good, in turn. */
const FIRST_PORT = 10_000;
const PORTS = 40_000;
/** What a packet of chance is cut to: above a segment, so that some come in several. */
const MOST_OCTETS = 3000;
const TYPES = Object.values(SESSION);

/** What was recorded, or is made of chance, with some octets changed, cut, or with more. */
function garbage(chance: Stream, recorded: readonly Uint8Array[]): Uint8Array {
  const octet = (): number => chance.below(256);
  const make = [
    () => Uint8Array.from({ length: chance.below(90) }, octet),
    () => request(),
    () => packet(TYPES[chance.below(TYPES.length)] ?? 0, pattern(chance.below(200))),
    () => packet(octet(), pattern(chance.below(80))),
    () => recorded[chance.below(recorded.length)] ?? request(),
  ][chance.below(5)];
  const octets = Uint8Array.from((make ?? request)().subarray(0, MOST_OCTETS));
  for (let left = chance.below(4); left > 0 && octets.length > 0; left--) {
    octets[chance.below(Math.min(octets.length, 80))] = octet();
  }
  return chance.below(4) === 0 ? octets.subarray(0, chance.below(octets.length + 1)) : octets;
}

/** Takes what was accepted and what it brought, and closes it, one way or the other. */
function serve({ user }: Bench, listener: number, open: number[], chance: Stream): void {
  for (let next = user.accept(listener); next !== 0; next = user.accept(listener)) open.push(next);
  for (const handle of open.splice(0)) {
    let heard = user.receiveMessage(handle);
    while (heard instanceof Uint8Array) heard = user.receiveMessage(handle);
    if (heard === undefined && chance.below(3) > 0) open.push(handle);
    else user.close(handle, chance.below(2) === 0 ? 'abort' : 'graceful');
  }
}

const recordings = RECORDED.map(readSession);
const recorded = recordings.flatMap(({ packets }) =>
  packets.map(({ type, payload }) => packet(type, payload)));

describe('fuzz/sessions', () => {
  it(`lives through ${PACKETS} packets of chance and of recordings`, ({ bench }) => {
    const made = bench({ netbios: true });
    const listener = listenOn(made);
    const bystander = new Bystander(made, listener);
    const chance = new Random(1002).stream('sessions');
    const open: number[] = [];
    const sum = { said: 0, heard: 0 };
    const drops = (): number => ['SESSION_PACKET', 'SESSION_REFUSED']
      .reduce((all, each) => all + (made.machine.nbt()[each] ?? 0), 0);
    let caller: Caller | undefined;
    for (let turn = 0, port = 0; turn < PACKETS; turn++) {
      if (caller === undefined || caller.gone) {
        caller = new Caller(made, FIRST_PORT + port++ % PORTS);
        if (!caller.connect()) throw new Error(`turn ${turn}: no SYN-ACK`);
        if (chance.below(2) === 0) caller.say(request());
      }
      const octets = garbage(chance, recorded);
      caller.say(octets, chance.below(octets.length + 1));
      if (chance.below(6) === 0) caller.end(chance.below(2) === 0 ? 'close' : 'reset');
      serve(made, listener, open, chance);
      caller.listen();
      if (caller.gone) {
        sum.said += caller.said;
        sum.heard += caller.heard;
      }
      if (turn % 50 === 0) {
        bystander.mustGoOn(turn);
        made.machine.advance(1000);
        made.user.everything();
        made.machine.take();
      }
    }
    expect(drops()).toBeGreaterThan(PACKETS / 20);
    expect(sum.heard).toBeLessThan(sum.said);
    bystander.mustGoOn(1);
  });
});
