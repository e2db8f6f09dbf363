/**
 * Virtual time: whole nanoseconds since the start of the world, and what is to happen when.
 * A binary heap, earliest first; events of the same instant run in the order they were set.
 */

/** As many events may run at one instant: more are taken for a loop that time cannot leave. */
export const EVENTS_PER_INSTANT = 10_000_000;

/** Something that happens once at a time; only the clock writes its first three fields. */
export interface Event {
  /** When it is due, in ns of virtual time; what it last was when it is not set. */
  timeNs: number;
  /** Breaks ties: counts up over all settings of one clock. */
  order: number;
  /** Its place in the heap; -1 while it is not set. */
  position: number;
  /** What happens. It may set, move and cancel events, this one too. */
  readonly callback: () => void;
}

/** The one source of time of a world: it stands still unless `step` or `runUntil` moves it. */
export class Clock {
  private nowNs = 0;
  private heap: Event[] = [];
  private orders = 0;
  private eventsNow = 0;

  /** `eventsPerInstant`: how many events may run before time moves. */
  constructor(private readonly eventsPerInstant = EVENTS_PER_INSTANT) {}

  /** Virtual time, in ns. */
  get now(): number {
    return this.nowNs;
  }

  /** How many events are set. */
  get pending(): number {
    return this.heap.length;
  }

  /** An event that is not yet set; `schedule` sets it, as often as needed, without allocating. */
  event(callback: () => void): Event {
    return { timeNs: 0, order: 0, position: -1, callback };
  }

  /**
   * Sets an event, or moves one that is set.
   * @throws RangeError if the time is past, or no whole number of ns.
   */
  schedule(event: Event, timeNs: number): void {
    if (!Number.isSafeInteger(timeNs) || timeNs < this.nowNs) {
      throw new RangeError(
        `an event at ${timeNs} ns: a whole number of ns from ${this.nowNs} on is needed`,
      );
    }
    if (event.position >= 0) this.cancel(event);
    event.timeNs = timeNs;
    event.order = this.orders++;
    this.heap.push(event);
    this.siftUp(event, this.heap.length - 1);
  }

  /** Calls back at a time in ns; RangeError as `schedule`. */
  at(timeNs: number, callback: () => void): Event {
    const event = this.event(callback);
    this.schedule(event, timeNs);
    return event;
  }

  /** Calls back so many ns from now; RangeError as `schedule`. */
  after(ns: number, callback: () => void): Event {
    return this.at(this.nowNs + ns, callback);
  }

  /**
   * Takes an event back; false when it was not set.
   * @throws Error if it is set on another clock.
   */
  cancel(event: Event): boolean {
    const position = event.position;
    if (position < 0) return false;
    if (this.heap[position] !== event) throw new Error('the event is set on another clock');
    event.position = -1;
    const last = this.heap.pop() as Event;
    if (last !== event) {
      this.siftUp(last, position);
      this.siftDown(last, last.position);
    }
    return true;
  }

  /** When the next event is due, in ns; undefined when none is set. */
  next(): number | undefined {
    return this.heap[0]?.timeNs;
  }

  /**
   * Moves time to the next event and runs it; false when none is set.
   * @throws Error in place of one event more at one instant than may run.
   */
  step(): boolean {
    const event = this.heap[0];
    if (event === undefined) return false;
    if (event.timeNs > this.nowNs) {
      this.nowNs = event.timeNs;
      this.eventsNow = 0;
    }
    if (++this.eventsNow > this.eventsPerInstant) {
      throw new Error(`time stands still at ${this.nowNs} ns: ${this.eventsPerInstant} events`);
    }
    this.cancel(event);
    event.callback();
    return true;
  }

  /**
   * Runs all events up to and including a time, and leaves the clock there. Stops early, at the
   * time of the last event, after `maximumEvents`. Returns how many events ran.
   * @throws RangeError if the time is past, or no whole number of ns.
   */
  runUntil(timeNs: number, maximumEvents = Number.MAX_SAFE_INTEGER): number {
    if (!Number.isSafeInteger(timeNs) || timeNs < this.nowNs) {
      throw new RangeError(
        `running until ${timeNs} ns: a whole number of ns from ${this.nowNs} on is needed`,
      );
    }
    let events = 0;
    for (;;) {
      const event = this.heap[0];
      if (event === undefined || event.timeNs > timeNs) break;
      if (events >= maximumEvents) return events;
      this.step();
      events++;
    }
    if (timeNs > this.nowNs) {
      this.nowNs = timeNs;
      this.eventsNow = 0;
    }
    return events;
  }

  private siftUp(event: Event, from: number): void {
    const heap = this.heap;
    let position = from;
    while (position > 0) {
      const above = (position - 1) >> 1;
      const parent = heap[above] as Event;
      if (isEarlier(parent, event)) break;
      heap[position] = parent;
      parent.position = position;
      position = above;
    }
    heap[position] = event;
    event.position = position;
  }

  private siftDown(event: Event, from: number): void {
    const heap = this.heap;
    const length = heap.length;
    let position = from;
    for (;;) {
      let below = 2 * position + 1;
      if (below >= length) break;
      if (below + 1 < length && isEarlier(heap[below + 1] as Event, heap[below] as Event)) below++;
      const child = heap[below] as Event;
      if (isEarlier(event, child)) break;
      heap[position] = child;
      child.position = position;
      position = below;
    }
    heap[position] = event;
    event.position = position;
  }
}

function isEarlier(one: Event, other: Event): boolean {
  return one.timeNs < other.timeNs || (one.timeNs === other.timeNs && one.order < other.order);
}
