/**
 * Which two events of a schedule could have come the other way round: the heart of the exhaustive
 * search. Events are ordered by what they touch; two that meet with nothing ordered between them
 * race, and before the first of them somebody must be tried who begins the other order.
 */

import type { Kinds } from './kinds.js';

/** One object that an event touches, and how it does first. */
export interface Touch {
  readonly object: number;
  readonly point: number;
  readonly isRead: boolean;
}

/** What an event touches, from one decision to the next; what it began with comes first. */
export type Footprint = Touch[];

/** An event, and what is known of the state before it. */
export interface Event {
  readonly actor: number;
  /** Who could go on, who need not be tried, and who is to be: a bit for each actor. */
  readonly enabled: number;
  asleep: number;
  wanted: number;
  readonly touches: Footprint;
  /** For each actor how many events of the schedule come before, up to its last that must. */
  clock: number[];
}

/** Whether two may have come the other way round. */
type Reversal = 'sure' | 'maybe' | 'never';

interface Race {
  readonly first: number;
  readonly isSure: boolean;
}

/** The event that is set against those before it. */
interface Later {
  readonly actor: number;
  readonly touches: Footprint;
  /** Its actor's event before it; -1: none. */
  readonly own: number;
  /** How many events were before it. */
  readonly at: number;
}

/** Whether two footprints share an object that one of them does not only read. */
export function doMeet(one: Footprint, other: Footprint): boolean {
  for (const { object, isRead } of one) {
    for (const touch of other) {
      if (touch.object === object && !(isRead && touch.isRead)) return true;
    }
  }
  return false;
}

/** Finds the races of a schedule, and asks for the other orders. */
export class Races {
  private events: readonly Event[] = [];
  private actors = 0;
  private processors: ArrayLike<number> = [];
  /** Whether an actor has its processor for itself. */
  private readonly isAlone: boolean[] = [];

  constructor(private readonly kinds: Kinds) {}

  /** Another schedule. */
  begin(events: readonly Event[], actors: number, processors: ArrayLike<number>): void {
    this.events = events;
    this.actors = actors;
    this.processors = processors;
    for (let one = 0; one < actors; one++) {
      this.isAlone[one] = true;
      for (let other = 0; other < actors; other++) {
        if (other !== one && this.areNeighbours(one, other)) this.isAlone[one] = false;
      }
    }
  }

  /** Whether two actors share a processor. */
  areNeighbours(one: number, other: number): boolean {
    return this.processors[one] === this.processors[other];
  }

  /** Sets the event at `at` against those before it. */
  meet(at: number): void {
    const { actor, touches } = this.events[at] as Event;
    const clock = this.setAgainst({ actor, touches, own: this.before(actor, at), at });
    clock[actor] = at + 1;
    (this.events[at] as Event).clock = clock;
  }

  /** Sets what did not come to happen against all that did. */
  meetPending(actor: number, touches: Footprint): void {
    const at = this.events.length;
    this.setAgainst({ actor, touches, own: this.before(actor, at), at });
  }

  /** Finds the races of an event, and returns its clock. */
  private setAgainst(later: Later): number[] {
    const { actor, touches, own, at } = later;
    const { events } = this;
    const clock = own < 0 ? Array<number>(this.actors).fill(0)
      : [...(events[own] as Event).clock];
    // What is ordered before it by what it did; and by those that made it possible as well.
    const done = [...clock];
    const possible = [...clock];
    const races: Race[] = [];
    const object = this.waitsFor(touches);
    for (let i = at - 1; i >= 0; i--) {
      const event = events[i] as Event;
      if (event.actor === actor) continue;
      const neighbours = this.areNeighbours(event.actor, actor);
      if (!neighbours && !doMeet(event.touches, touches)) continue;
      const gate = neighbours || touchOf(event, object) !== undefined ? done : possible;
      if ((gate[event.actor] as number) <= i) {
        const reversal = this.reversalOf(event, i, later, object);
        if (reversal !== 'never') races.push({ first: i, isSure: reversal === 'sure' });
        if (reversal === 'sure') join(done, event.clock);
        if (reversal !== 'maybe') join(possible, event.clock);
      }
      if ((clock[event.actor] as number) <= i) join(clock, event.clock);
    }
    for (const race of races) this.ask(race, later, clock);
    return clock;
  }

  /** Whether `event`, at `i`, and the later one may change places, as far as the state tells. */
  private reversalOf(event: Event, i: number, later: Later, object: number): Reversal {
    const { actor, own } = later;
    const isAlone = this.isAlone[actor] as boolean;
    const touch = touchOf(event, object);
    if (own < i) {
      if ((event.enabled >>> actor & 1) === 1) return 'sure';
      if (isAlone) return touch === undefined ? 'sure' : 'never';
      if (object < 0) return this.areNeighbours(event.actor, actor) ? 'never' : 'sure';
      return this.byKind(touch, later) === 'never' ? 'never' : 'maybe';
    }
    const kind = touch === undefined ? 'sure' : this.byKind(touch, later);
    if (kind !== 'sure' || isAlone) return kind;
    for (let k = own + 1; k < later.at; k++) {
      const other = (this.events[k] as Event).actor;
      if (other !== actor && this.areNeighbours(other, actor)) return 'maybe';
    }
    return 'sure';
  }

  /** A lock was free before it was acquired, and not before it was released. */
  private byKind(touch: Touch | undefined, { touches }: Later): Reversal {
    if (touch === undefined) return 'maybe';
    const { point } = touches[0] as Touch;
    if (touch.point === point) return 'sure';
    const { acquire, release } = this.kinds;
    return point === acquire && touch.point === release ? 'never' : 'maybe';
  }

  /**
   * Wants somebody to be tried before the first event of a race: one who can begin the other
   * order. Where that order may not be possible as it is, also one who leads to the later event.
   */
  private ask({ first, isSure }: Race, later: Later, clock: readonly number[]): void {
    const event = this.events[first] as Event;
    this.want(event, this.beginners(first, later, clock), event.asleep, later.actor);
    if (!isSure) this.want(event, this.leaders(first, later), 0, later.actor);
  }

  /** Wants one of `some` before `event`, unless one is wanted or in `covered`; all if none can. */
  private want(event: Event, some: number, covered: number, actor: number): void {
    const able = event.enabled & some;
    if ((able & (event.wanted | covered)) !== 0) return;
    if (able === 0) event.wanted |= event.enabled;
    else if ((able >>> actor & 1) === 1) event.wanted |= 1 << actor;
    else event.wanted |= able & -able;
  }

  /** Those that can begin what follows `first` without it, and ends with the later event. */
  private beginners(first: number, { actor, at }: Later, clock: readonly number[]): number {
    const { events } = this;
    const without = (events[first] as Event).actor;
    const between: number[] = [];
    let seen = 0;
    let begin = 0;
    const isLed = (by: readonly number[]): boolean =>
      between.some((k) => (by[(events[k] as Event).actor] as number) > k);
    for (let k = first + 1; k < at; k++) {
      const event = events[k] as Event;
      if ((event.clock[without] as number) > first) continue;
      const bit = 1 << event.actor;
      if ((seen & bit) === 0 && !isLed(event.clock)) begin |= bit;
      seen |= bit;
      between.push(k);
    }
    if ((seen >>> actor & 1) === 0 && !isLed(clock)) begin |= 1 << actor;
    return begin;
  }

  /** The actor of the later event, and those of the events that lead to its last. */
  private leaders(first: number, { actor, own, at }: Later): number {
    let lead = 1 << actor;
    if (own < 0) return lead;
    const { clock } = this.events[own] as Event;
    for (let k = first + 1; k < at; k++) {
      const by = (this.events[k] as Event).actor;
      if ((clock[by] as number) > k) lead |= 1 << by;
    }
    return lead;
  }

  /** The object that must be free, or signalled, for an event to begin; -1: none. */
  private waitsFor(touches: Footprint): number {
    const begin = touches[0];
    if (begin === undefined) return -1;
    return begin.point === this.kinds.acquire || begin.point === this.kinds.wait
      ? begin.object : -1;
  }

  /** The last event of `actor` before `at`; -1: none. */
  private before(actor: number, at: number): number {
    for (let i = at - 1; i >= 0; i--) if ((this.events[i] as Event).actor === actor) return i;
    return -1;
  }
}

/** How an event touches `object` first, unless it only reads it. */
function touchOf({ touches }: Event, object: number): Touch | undefined {
  return object < 0 ? undefined
    : touches.find((touch) => touch.object === object && !touch.isRead);
}

function join(clock: number[], other: readonly number[]): void {
  for (let i = 0; i < clock.length; i++) {
    if ((other[i] as number) > (clock[i] as number)) clock[i] = other[i] as number;
  }
}
