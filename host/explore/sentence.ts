/** What happened, in one sentence, for whoever wrote the driver; and what to do about it. */

import type { Site } from '../watch/sourcemap.js';
import type { Party, ScheduleStep, Subject } from './finding.js';

/** What a sentence is made of. */
export interface Circumstance {
  readonly rule: string;
  readonly words: readonly number[];
  readonly parties: readonly Party[];
  readonly subjects: readonly Subject[];
  readonly steps: readonly ScheduleStep[];
}

/** A lock that somebody has at the end of a schedule, and the step that took it. */
export interface Holding {
  readonly actor: string;
  readonly step: ScheduleStep;
}

const TAKES = new Set(['ACQUIRE', 'ENTER', 'TRY']);
const GIVES = new Set(['RELEASE', 'LEAVE']);

/** Who has what at the end of a schedule, by object; of those who came for it, the first. */
export function holdingsOf(steps: readonly ScheduleStep[]): Map<number, Holding> {
  const came = new Map<number, Holding[]>();
  for (const step of steps) {
    const { actor, object, point } = step;
    let all = came.get(object);
    if (all === undefined) came.set(object, all = []);
    // What is tried is taken where nobody has it.
    if (TAKES.has(point) && (point !== 'TRY' || all.length === 0)) all.push({ actor, step });
    if (!GIVES.has(point)) continue;
    const at = all.findIndex((each) => each.actor === actor);
    if (at >= 0) all.splice(at, 1);
  }
  const held = new Map<number, Holding>();
  for (const [object, [first]] of came) if (first !== undefined) held.set(object, first);
  return held;
}

/** Those of a deadlock, and who has what they wait for, as far as the schedule tells it. */
function ownersOf(parties: readonly Party[], holdings: ReadonlyMap<number, Holding>): Party[] {
  return parties.map((party) => {
    const waits = party.point === 'WAIT' || party.point === 'ACQUIRE';
    const owner = party.owner ?? (waits ? holdings.get(party.object)?.actor : undefined);
    return owner === undefined ? party : { ...party, owner };
  });
}

/** What an object is called. */
export function nameOfObject(subjects: readonly Subject[], address: number): string {
  const subject = subjects.find((each) => each.address === address);
  return subject?.name ?? `0x${(address >>> 0).toString(16)}`;
}

/** `driver.ts:39`. */
export function placeOf(site: Site | undefined): string {
  return site === undefined ? '' : `${site.file}:${site.line}`;
}

/** A deadlock in a sentence. */
export function deadlockSentence({ parties: all, subjects, steps }: Circumstance): string {
  const name = (address: number): string => nameOfObject(subjects, address);
  const parties = ownersOf(all, holdingsOf(steps));
  const circle = circleOf(parties);
  const [first, second] = circle;
  if (first !== undefined && second === undefined) {
    return `${first.actor} waits for ${name(first.object)}, which it has itself`;
  }
  if (first !== undefined && second !== undefined) {
    const who = listOf(circle.map(({ actor }) => actor));
    const what = listOf(circle.map(({ object }) => name(object)).sort());
    const processors = new Set(circle.map(({ processor }) => processor)).size;
    const where = processors === 1 ? 'on one processor' : `with ${processors} processors`;
    return circle.length === 2
      ? `${who} take ${what} in opposite orders: ${where} both can wait for ever`
      : `${who} take ${what} in a circle: ${where} all can wait for ever`;
  }
  return parties.filter((party) => isWaiting(party, parties)).map((party) => {
    const { actor, object, point, owner } = party;
    const below = interruptedBy(party, parties);
    const who = below === undefined ? actor : `${actor} interrupts ${below.actor} and`;
    if (owner === actor) return `${who} waits for ${name(object)}, which it has itself`;
    if (owner !== undefined) {
      const left = parties.some(({ actor: each }) => each === owner) ? 'has' : 'never let go';
      return `${who} waits for ${name(object)}, which ${owner} ${left}`;
    }
    const nobody = point.startsWith('WAIT') ? 'nobody signals' : 'nobody lets go';
    return `${who} waits for ${name(object)}, which ${nobody}`;
  }).join('; ');
}

/** Whether a party of a deadlock waits itself, and is not kept from running by another. */
function isWaiting(party: Party, parties: readonly Party[]): boolean {
  if (party.point === 'WAIT') return true;
  if (party.point !== 'ACQUIRE') return false;
  // What nobody has can be taken by whoever is not interrupted just then.
  return party.owner !== undefined || !parties.some((each) => each !== party
    && each.processor === party.processor && (each.point === 'WAIT' || each.owner !== undefined));
}

/** Who was in the middle of something on the processor of one that waits. */
function interruptedBy(waiter: Party, parties: readonly Party[]): Party | undefined {
  return parties.find((each) => each.processor === waiter.processor && each.point !== 'START'
    && !isWaiting(each, parties));
}

/** Parties each of whom waits for the next one; none where there is no such circle. */
function circleOf(parties: readonly Party[]): Party[] {
  for (const first of parties) {
    const path: Party[] = [];
    let next: Party | undefined = first;
    while (next !== undefined && !path.includes(next)) {
      path.push(next);
      const { owner }: Party = next;
      next = parties.find(({ actor }) => actor === owner);
    }
    if (next !== undefined) return path.slice(path.indexOf(next));
  }
  return [];
}

function listOf(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

type Words = (actor: string, name: (word: number) => string, words: readonly number[]) => string;

const RULES: Readonly<Record<string, Words>> = {
  LOCK_RECURSIVE: (who, name, [lock = 0]) => `${who} takes ${name(lock)}, which it has already`,
  LOCK_ORDER: (who, name, [lock = 0, held = 0]) =>
    `${who} takes ${name(lock)} while it holds ${name(held)}: the order of locks has it first`,
  LOCK_NOT_INITIALIZED: (who, name, [lock = 0]) =>
    `${who} takes ${name(lock)}, which was never initialized`,
  LOCK_RELEASE_ORDER: (who, name, [lock = 0, later = 0]) =>
    `${who} releases ${name(lock)} while it holds ${name(later)}, which it took after it`,
  LOCK_RELEASED_BY_OTHER: (who, name, [lock = 0]) =>
    `${who} releases ${name(lock)}, which another has`,
  LOCK_INITIALIZED_TWICE: (who, name, [lock = 0]) =>
    `${who} initializes ${name(lock)} while somebody has it`,
  LOCK_NOT_OWNED: (who, name, [lock = 0]) => `${who} releases ${name(lock)}, which nobody has`,
  LOCK_NOT_HELD: (who, name, [lock = 0]) => `${who} comes without ${name(lock)}, which it needs`,
  LOCK_HELD_AT_BOUNDARY: (who, name, [lock = 0]) =>
    `${who} holds ${name(lock)} where no lock may be held`,
  LOCK_LEAKED: (who, name, [lock = 0]) =>
    `${who} comes back with ${name(lock)}: a release is missing`,
  LOCK_THREAD_ENDED: (who, name, [lock = 0]) =>
    `${who} ends with ${name(lock)}: a release is missing`,
  LOCK_FREED: (who, name, [lock = 0]) => `${who} frees ${name(lock)} while somebody has it`,
  WAIT_TIMEOUT: (who, name, [irql = 0, object = 0]) =>
    `${who} waits for ${name(object)} with a timeout at IRQL ${irql}, where nobody may wait`,
  LOCK_HELD_LONG: (who, name, [lock = 0, stalled = 0]) =>
    `${who} stalls for ${stalled} microseconds while it holds ${name(lock)}`,
  LOCK_HELD_AT_END: (who, name, [lock = 0]) =>
    `${who} took ${name(lock)} and never released it`,
  DPC_RELEASE_BELOW_DISPATCH: (who, name, [lock = 0, irql = 0]) =>
    `${who} releases ${name(lock)} at IRQL ${irql}, as only DISPATCH_LEVEL may`,
  WAIT_AT_DISPATCH: (who, name, [object = 0, irql = 0]) =>
    `${who} waits for ${name(object)} at IRQL ${irql}, where nobody may wait`,
  RELEASE_BELOW_DISPATCH: (who, name, [lock = 0, irql = 0]) =>
    `${who} releases ${name(lock)} at IRQL ${irql}, below DISPATCH_LEVEL`,
  ACQUIRE_BELOW_DISPATCH: (who, name, [lock = 0, irql = 0]) =>
    `${who} takes ${name(lock)} at IRQL ${irql}, as only DISPATCH_LEVEL may`,
  ACQUIRE_ABOVE_DISPATCH: (who, name, [lock = 0, irql = 0]) =>
    `${who} takes ${name(lock)} at IRQL ${irql}, above DISPATCH_LEVEL`,
  IRQL_RAISE: (who, _, [now = 0, asked = 0]) => `${who} raises IRQL from ${now} down to ${asked}`,
  IRQL_LOWER: (who, _, [now = 0, asked = 0]) => `${who} lowers IRQL from ${now} up to ${asked}`,
  // By its address: in what is freed no lock's name can be read.
  REFERENCE_COUNT: (who, _, [object = 0, count = 0]) => count === 0
    ? `${who} takes hold of ${nameOfObject([], object)}, which nobody holds any more: it is freed`
    : `${who} lets go of ${nameOfObject([], object)}, which nobody holds any more: it is freed`,
  RELEASE_IRQL: (who, name, [lock = 0, saved = 0, restored = 0]) =>
    `${who} releases ${name(lock)} to IRQL ${restored}, and took it at IRQL ${saved}`,
  TRAP: (who) => `${who} traps`,
  LIVELOCK: (who) => `${who} goes on without an end`,
  SPIN: (who, name, [lock = 0]) => `${who} spins for ${name(lock)}, which nobody can let go`,
};

/** A rule that was broken, in a sentence. */
export function ruleSentence(circumstance: Circumstance, site: Site | undefined): string {
  const { rule, words, parties, subjects, steps } = circumstance;
  const holder = holdingsOf(steps).get(words[0] ?? 0)?.actor;
  const actor = rule === 'LOCK_HELD_AT_END' ? holder : parties[0]?.actor;
  const tell = RULES[rule];
  const what = tell === undefined
    ? `${actor}: ${rule.toLowerCase().replaceAll('_', ' ')} (${words.map(hex).join(' ')})`
    : tell(actor ?? 'somebody', (word) => nameOfObject(subjects, word), words);
  return site === undefined || rule === 'LOCK_HELD_AT_END' ? what : `${what} (${placeOf(site)})`;
}

/** What to do about it; undefined where that is not known. */
export function hintOf(circumstance: Circumstance): string | undefined {
  const { rule, words, parties, subjects, steps } = circumstance;
  const lock = nameOfObject(subjects, words[0] ?? 0);
  const holding = holdingsOf(steps).get(words[0] ?? 0);
  const taken = placeOf(holding?.step.site);
  switch (rule) {
    case 'DEADLOCK': return orderHint(parties, subjects, steps);
    case 'LOCK_ORDER':
      return `take ${lock} first, or not while ${nameOfObject(subjects, words[1] ?? 0)} is held`;
    case 'LOCK_HELD_AT_END':
    case 'LOCK_THREAD_ENDED':
    case 'LOCK_LEAKED':
    case 'LOCK_HELD_AT_BOUNDARY':
      return taken === '' ? undefined
        : `the release of what ${taken} takes is missing on the path that ran: see its returns`;
    case 'LOCK_RECURSIVE':
      return taken === '' ? undefined
        : `${taken} has it already: call what expects the lock to be held, or release it before`;
    case 'ACQUIRE_BELOW_DISPATCH':
    case 'DPC_RELEASE_BELOW_DISPATCH':
      return 'use KeAcquireSpinLock and KeReleaseSpinLock here: they raise IRQL and lower it again';
    case 'RELEASE_BELOW_DISPATCH':
      return 'stay at DISPATCH_LEVEL until the release: IRQL was lowered too early';
    case 'WAIT_AT_DISPATCH':
      return 'wait with a timeout of 0 here, or queue a work item and wait in it';
    case 'ACQUIRE_ABOVE_DISPATCH':
      return 'queue a DPC, and take the lock there';
    case 'IRQL_LOWER': case 'IRQL_RAISE':
      return 'pair KeAcquireSpinLock with KeReleaseSpinLock, and KeAcquireSpinLockAtDpcLevel with'
        + ' KeReleaseSpinLockFromDpcLevel';
    case 'LOCK_NOT_INITIALIZED': return `call KeInitializeSpinLock on ${lock} before anybody runs`;
    default: return undefined;
  }
}

/** The order to adopt is the one of whoever comes first; of more than two, that of addresses. */
function orderHint(
  all: readonly Party[], subjects: readonly Subject[], steps: readonly ScheduleStep[],
): string | undefined {
  const parties = ownersOf(all, holdingsOf(steps));
  const [first, second] = circleOf(parties);
  const name = (address: number): string => nameOfObject(subjects, address);
  if (first === undefined) return interruptHint(parties, name);
  if (second === undefined) return `release ${name(first.object)} before it is taken again`;
  const circle = circleOf(parties);
  const other = circle.at(-1) ?? second;
  const holdings = holdingsOf(steps);
  const atOf = (object: number): string => {
    const site = placeOf(holdings.get(object)?.step.site);
    return site === '' ? '' : `, at ${site}`;
  };
  if (circle.length > 2) {
    const lowest = circle.reduce((one, each) => each.object < one.object ? each : one);
    const has = circle[(circle.indexOf(lowest) + circle.length - 1) % circle.length] ?? other;
    return `take them in one order everywhere: ${lowest.actor} takes ${name(has.object)}`
      + ` before ${name(lowest.object)}, the other way round than the others${atOf(has.object)}`;
  }
  const at = atOf(first.object);
  return `take ${name(other.object)} before ${name(first.object)} everywhere, as ${first.actor}`
    + ` does: ${second.actor} takes them the other way round${at}`;
}

/** What is held where an interrupt comes that waits for it, or for who waits for it. */
function interruptHint(
  parties: readonly Party[], name: (address: number) => string,
): string | undefined {
  for (const party of parties) {
    const below = isWaiting(party, parties) ? interruptedBy(party, parties) : undefined;
    if (below === undefined) continue;
    return `${below.actor} can be interrupted by ${party.actor}, which takes ${name(party.object)}:`
      + ' raise IRQL to the level of the interrupt first, or leave its work to a DPC';
  }
  return undefined;
}

function hex(word: number): string {
  return `0x${(word >>> 0).toString(16)}`;
}
