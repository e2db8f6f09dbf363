/** A good session beside all that is bad. */

import { expect } from 'vitest';
import { SESSION, openSession, packet } from '../netbt/station.js';
import type { Bench } from '../wireside/fixture.js';
import { pattern } from '../wireside/octets.js';

/** One session, both ways. */
export class Bystander {
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
