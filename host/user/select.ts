/** select (Winsock 1.1, 4.1.15) of sockets of promises: which are ready, or come to be. */

import { mustBeWithin, mustKnow } from '../machine/options.js';
import type {
  PollEventName, RawSockets, SelectEntry, Selectable, Selected, SelectSets,
} from '../machine/usermode.js';
import type { Desk } from './desk.js';

/** What waits without an end. */
const INFINITE = 0xffff_ffff;

/** What each of the sets waits for. */
const WANTED: Readonly<Record<keyof SelectSets, readonly PollEventName[]>> = {
  read: ['RECEIVE', 'DISCONNECT', 'ABORT', 'ACCEPT', 'LOCAL_CLOSE'],
  write: ['SEND'],
  except: ['CONNECT_FAIL', 'RECEIVE_EXPEDITED'],
};
const NAMES = Object.keys(WANTED) as (keyof SelectSets)[];

/** A socket of promises, as a select sees it. */
export interface WithHandle {
  /** The kernel's; 0 once it is closed. */
  readonly handle: number;
}

/**
 * Waits until one of the sockets is ready, or `timeoutMs` have passed: then no set has any.
 * @throws TypeError for sets with no socket, an option or a time that is none.
 */
export async function select(
  desk: Desk, sets: SelectSets, timeoutMs: number = INFINITE,
): Promise<Selected> {
  mustKnow(sets, NAMES, 'a select');
  mustBeWithin('timeoutMs', timeoutMs, 0, INFINITE);
  const entries = new Map<Selectable, SelectEntry>();
  for (const name of NAMES) {
    const bits = bitsOf(desk.raw, name);
    for (const socket of sets[name] ?? []) {
      const { handle } = socket as unknown as WithHandle;
      if (handle === 0) throw desk.error('select', 'INVALID_HANDLE');
      const wanted = (entries.get(socket)?.wanted ?? 0) | bits;
      entries.set(socket, { handle, wanted, found: 0 });
    }
  }
  if (entries.size === 0) throw new TypeError('select: there is no socket in its sets');
  return desk.request((waiter) => {
    const list = [...entries.values()];
    const give = (): void => waiter.resolve(resultOf(desk.raw, sets, entries));
    const ready = desk.raw.select(list, timeoutMs, { onEvent: give });
    desk.mustSucceed('select', ready);
    if (ready !== desk.pendingStatus) give();
  });
}

function bitsOf({ pollEvents }: RawSockets, name: keyof SelectSets): number {
  return WANTED[name].reduce((bits, event) => bits | pollEvents[event], 0);
}

function resultOf(
  raw: RawSockets, sets: SelectSets, entries: ReadonlyMap<Selectable, SelectEntry>,
): Selected {
  const ready = (name: keyof SelectSets): Selectable[] => (sets[name] ?? []).filter((socket) =>
    ((entries.get(socket)?.found ?? 0) & bitsOf(raw, name)) !== 0);
  return { read: ready('read'), write: ready('write'), except: ready('except') };
}
