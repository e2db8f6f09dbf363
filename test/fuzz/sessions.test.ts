/**
 * Garbage to the session service: nothing stops, each packet is used, or counted and its session
 * ended; sessions of others go on, and nobody is sent more than came. NTSTACK_FUZZ_FRAMES says how
 * many packets; where it is given, every truncation of every recorded packet is tried, else some.
 */

import { describe, expect } from 'vitest';
import { Random } from '../../host/machine/random.js';
import type { Stream } from '../../host/machine/random.js';
import { RECORDED, readSession } from '../netbt/recorded.js';
import { Caller, SESSION, listenOn, openSession, packet, request } from '../netbt/station.js';
import { it } from '../wireside/fixture.js';
import type { Bench } from '../wireside/fixture.js';
import { pattern } from '../wireside/octets.js';

const GIVEN = process.env['NTSTACK_FUZZ_FRAMES'];
const PACKETS = Number(GIVEN ?? 3000);
/** Ports of those who mean no good, in turn. */
const FIRST_PORT = 10_000;
const PORTS = 40_000;
/** What a packet of chance is cut to: above a segment, so that some come in several. */
const MOST_OCTETS = 3000;
/** Where packets are cut, unless each truncation is tried: in the header, behind it, at the end. */
const SOME_CUTS = [1, 2, 3, 4, 5, 38];
const TYPES = Object.values(SESSION);

/** A good session beside all that, both ways. */
class Bystander {
  private readonly session: ReturnType<typeof openSession>;

  constructor(private readonly bench: Bench, listener: number) {
    this.session = openSession(bench, listener, 5000);
  }

  /** Messages go both ways as if nobody else were there. */
  mustGoOn(seed: number): void {
    const { bench: { user }, session: { caller, handle } } = this;
    const asked = pattern(300, seed);
    caller.say(packet(SESSION.MESSAGE, asked), 2, 150);
    expect(user.receiveMessage(handle)).toEqual(asked);
    const answer = pattern(200, seed + 1);
    expect(user.send(handle, answer)).toBe(answer.length);
    expect(caller.listen()).toEqual(packet(SESSION.MESSAGE, answer));
  }
}

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

  it('gives nobody a packet that is not whole, and ends with its connection', ({ bench }) => {
    const made = bench({ netbios: true });
    const listener = listenOn(made);
    const bystander = new Bystander(made, listener);
    let tried = 0;
    for (const whole of recorded) {
      const all = Array.from({ length: whole.length }, (_, i) => i);
      const cuts = GIVEN === undefined ? SOME_CUTS.filter((cut) => cut < whole.length) : all;
      for (const cut of cuts) truncate(made, listener, whole, cut, tried++);
    }
    expect(tried).toBeGreaterThan(1000);
    bystander.mustGoOn(3);
  });
});

/** A packet of which `cut` octets come, in a session, or first of all where it is a request. */
function truncate(
  made: Bench, listener: number, whole: Uint8Array, cut: number, turn: number,
): void {
  const { user, machine } = made;
  const port = FIRST_PORT + turn % PORTS;
  const isFirst = whole[0] !== SESSION.MESSAGE;
  const session = isFirst ? undefined : openSession(made, listener, port);
  const caller = session?.caller ?? new Caller(made, port);
  if (session === undefined) expect(caller.connect()).toBe(true);
  caller.say(whole.subarray(0, cut));
  if (session !== undefined) expect(user.receiveMessage(session.handle)).toBeUndefined();
  else expect(user.accept(listener)).toBe(0);
  if (!caller.gone) caller.end(turn % 2 === 0 ? 'close' : 'reset');
  if (session !== undefined) {
    expect(user.receiveMessage(session.handle)).toBeTypeOf('string');
    user.close(session.handle, 'abort');
  }
  caller.listen();
  if (turn % 100 !== 0) return;
  machine.advance(1000);
  user.everything();
  machine.take();
}
