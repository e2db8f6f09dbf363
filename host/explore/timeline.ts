/**
 * A finding's schedule as a timeline, in the trace-event format that trace viewers open: a track
 * for each processor (who runs on it, its IRQL) and for each actor (what it holds, what it waits
 * for, each point). A step of the schedule takes a microsecond.
 */

import type { Finding, ScheduleStep } from './finding.js';
import { nameOfObject, placeOf } from './sentence.js';

/** One event: B and E begin and end a slice, i is an instant, C a counter, M names a track. */
export interface TraceEvent {
  readonly name: string;
  readonly ph: 'B' | 'E' | 'i' | 'C' | 'M';
  /** Microseconds: steps of the schedule. */
  readonly ts: number;
  /** The processor, counted from 1. */
  readonly pid: number;
  /** 0: the processor itself; else an actor, counted from 1. */
  readonly tid: number;
  readonly s?: 't';
  readonly args?: Readonly<Record<string, string | number>>;
}

/** A file of it, as `JSON.stringify` writes it. */
export interface Timeline {
  readonly displayTimeUnit: 'ms';
  readonly traceEvents: readonly TraceEvent[];
  readonly otherData: Readonly<Record<string, string>>;
}

/** The schedule of a finding that has one. */
export function timelineOf(finding: Finding): Timeline {
  return new Drawer(finding).timeline();
}

/** A lock that is held. Its slice ends with the words that it began with: viewers match both. */
interface Held {
  readonly object: number;
  readonly name: string;
  readonly args: Readonly<Record<string, string>>;
}

/** Where an actor is drawn, and the locks whose slices are open, outermost first. */
interface Track {
  readonly pid: number;
  readonly tid: number;
  readonly held: Held[];
}

class Drawer {
  private readonly events: TraceEvent[] = [];
  private readonly tracks = new Map<string, Track>();
  /** Of each processor: who runs on it. */
  private readonly running = new Map<number, string>();
  private readonly levels = new Map<number, number>();

  constructor(private readonly finding: Finding) {}

  timeline(): Timeline {
    const { rule, sentence, line, steps, parties } = this.finding;
    steps.forEach((step, ts) => this.step(step, ts));
    const end = steps.length;
    for (const { actor, processor, object, point } of parties) {
      const { pid, tid } = this.track(actor, processor);
      const name = point === '' ? rule : `waits for ${this.name(object)}`;
      this.events.push({ name, ph: 'B', ts: end, pid, tid });
      this.events.push({ name, ph: 'E', ts: end + 1, pid, tid });
    }
    for (const { pid, tid, held } of this.tracks.values()) {
      for (const { name, args } of held.reverse()) {
        this.events.push({ name, ph: 'E', ts: end + 1, pid, tid, args });
      }
    }
    for (const [processor, name] of this.running) {
      this.events.push({ name, ph: 'E', ts: end + 1, pid: processor + 1, tid: 0 });
    }
    return {
      displayTimeUnit: 'ms', traceEvents: this.events, otherData: { rule, sentence, replay: line },
    };
  }

  private step(step: ScheduleStep, ts: number): void {
    const { actor, processor, irql, point, object, site } = step;
    const { pid, tid, held } = this.track(actor, processor);
    this.run(actor, processor, irql, ts);
    const name = this.name(object);
    const what = point === 'IRQL' ? `IRQL ${object}` : `${point.toLowerCase()} ${name}`;
    const args = site === undefined ? {} : { at: placeOf(site) };
    this.events.push({ name: what, ph: 'i', ts, pid, tid, s: 't', args: { irql, ...args } });
    if (point === 'ACQUIRE' || point === 'ENTER') {
      held.push({ object, name, args });
      this.events.push({ name, ph: 'B', ts, pid, tid, args });
    } else if (point === 'RELEASE' || point === 'LEAVE') this.release(actor, processor, object, ts);
  }

  /** Slices nest: those above the lock that is let go are closed with it, and opened again. */
  private release(actor: string, processor: number, object: number, ts: number): void {
    const { pid, tid, held } = this.track(actor, processor);
    const at = held.findLastIndex((each) => each.object === object);
    if (at < 0) return;
    const above = held.splice(at);
    for (const { name, args } of above.toReversed()) {
      this.events.push({ name, ph: 'E', ts, pid, tid, args });
    }
    for (const each of above.slice(1)) {
      held.push(each);
      this.events.push({ name: each.name, ph: 'B', ts, pid, tid, args: each.args });
    }
  }

  private run(actor: string, processor: number, irql: number, ts: number): void {
    const pid = processor + 1;
    const before = this.running.get(processor);
    if (before !== actor) {
      if (before !== undefined) this.events.push({ name: before, ph: 'E', ts, pid, tid: 0 });
      this.running.set(processor, actor);
      this.events.push({ name: actor, ph: 'B', ts, pid, tid: 0 });
    }
    if (this.levels.get(processor) === irql) return;
    this.levels.set(processor, irql);
    this.events.push({ name: 'IRQL', ph: 'C', ts, pid, tid: 0, args: { irql } });
  }

  private track(actor: string, processor: number): Track {
    const pid = processor + 1;
    const before = this.tracks.get(actor);
    if (before !== undefined) return before;
    const track = { pid, tid: this.tracks.size + 1, held: [] };
    const seen = [...this.tracks.values()].some((each) => each.pid === pid);
    this.tracks.set(actor, track);
    if (!seen) {
      this.nameTrack('process_name', pid, 0, `processor ${processor}`);
      this.nameTrack('thread_name', pid, 0, 'who runs');
    }
    this.nameTrack('thread_name', pid, track.tid, actor);
    return track;
  }

  private nameTrack(kind: string, pid: number, tid: number, name: string): void {
    this.events.push({ name: kind, ph: 'M', ts: 0, pid, tid, args: { name } });
  }

  private name(object: number): string {
    return nameOfObject(this.finding.subjects, object);
  }
}
