/** poll(2) of a script, by a select of the machine's. */

import type { SelectEntry } from '../machine/usermode.js';
import type { Attempt, Outcome } from './calls.js';
import type { Descriptor, Sockets } from './sockets.js';
import type { Expression } from './syntax.js';
import { isAny, numberOf, wordsOfValue } from './values.js';

const POLLIN = 1;
const POLLPRI = 2;
const POLLOUT = 4;
const POLLERR = 8;
const POLLHUP = 16;
/** Told whether it was asked for or not. */
const ALWAYS = POLLERR | POLLHUP;

/** Of what a socket is ready for, by its name in the kernel, what poll says. */
const MEANING = {
  RECEIVE: POLLIN, ACCEPT: POLLIN, DISCONNECT: POLLIN, RECEIVE_EXPEDITED: POLLPRI, SEND: POLLOUT,
  ABORT: POLLIN | POLLOUT | ALWAYS, CONNECT_FAIL: POLLIN | POLLOUT | ALWAYS,
} as const;
const EVENTS = Object.entries(MEANING) as [keyof typeof MEANING, number][];

/** What waits without an end. */
const INFINITE = 0xffff_ffff;

/** One descriptor of a poll: what it asks of it, and what it is to find. */
export interface Polled {
  readonly descriptor: Descriptor;
  readonly asked: number;
  readonly wanted: Expression | undefined;
}

/** Waits until one of them is ready, or the time is up; below 0 it has no end. */
export function pollAll(
  sockets: Sockets, polled: readonly Polled[], timeoutMs: number,
): Attempt {
  const { raw } = sockets;
  const entries = polled.map(({ descriptor, asked }): SelectEntry => {
    const wanted = EVENTS.filter(([, meaning]) => ((asked | ALWAYS) & meaning) !== 0)
      .reduce((bits, [name]) => bits | raw.pollEvents[name], 0);
    return { handle: descriptor.handle, wanted, found: 0 };
  });
  let isBegun = false;
  let isOver = false;
  const end = (): void => {
    isOver = true;
    sockets.noteNews();
  };
  return () => {
    if (!isBegun) {
      isBegun = true;
      const ready = raw.select(entries, timeoutMs < 0 ? INFINITE : timeoutMs, { onEvent: end });
      if (sockets.isPending(ready)) return undefined;
      isOver = true;
      if (ready < 0) return { value: -1, error: sockets.errnoOf(ready) };
    }
    return isOver ? resultOf(sockets, polled, entries) : undefined;
  };
}

function resultOf(
  { raw }: Sockets, polled: readonly Polled[], entries: readonly SelectEntry[],
): Outcome {
  let ready = 0;
  const wrong: string[] = [];
  polled.forEach(({ descriptor, asked, wanted }, i) => {
    const events = entries[i]?.found ?? 0;
    const found = EVENTS.filter(([name]) => (events & raw.pollEvents[name]) !== 0)
      .reduce((bits, [, meaning]) => bits | meaning, 0) & (asked | ALWAYS);
    if (found !== 0) ready++;
    if (wanted === undefined || isAny(wanted) || numberOf(wanted) === found) return;
    wrong.push(`revents of ${descriptor.number} are ${found}, and not ${wordsOfValue(wanted)}`);
  });
  return { value: ready, ...(wrong.length === 0 ? {} : { wrong: wrong.join('; ') }) };
}
