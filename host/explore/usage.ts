/**
 * IRQL as usage state: at which levels an actor can be interrupted while it holds locks, and at
 * which levels interrupts ask for locks. An interrupt that asks for one above the level at which
 * another is held keeps its holder from running: as if the holder asked for it itself.
 */

import type { RecordedStep } from './outcome.js';

/** Somebody who can be interrupted while it holds locks. */
export interface Place {
  readonly actor: number;
  readonly processor: number;
  readonly irql: number;
  /** All that it holds, oldest first. */
  readonly held: readonly number[];
}

/** An interrupt asks for a lock; what it holds itself is in `held`. */
interface Request extends Place {
  readonly lock: number;
}

/** An interrupt asks for `inner` where it can have interrupted one who holds `outer`. */
export interface Interruption {
  readonly outer: number;
  readonly inner: number;
  readonly actor: number;
  readonly held: readonly number[];
  /** Its IRQL when it asks. */
  readonly irql: number;
  readonly interrupted: Place;
  /** Why it does not come to that processor; undefined where it does. */
  readonly elsewhere?: string;
}

/** Places, and requests, that are kept at most. */
const MOST = 512;

/** What recorded schedules tell of levels. `levels`: of each actor; 0: a thread. */
export class Usage {
  private readonly places = new Map<string, Place>();
  private readonly requests = new Map<string, Request>();

  constructor(private readonly levels: readonly number[]) {}

  /** Notes a step of one who holds `held` before it; gives what follows and was not known. */
  note(step: RecordedStep, held: readonly number[], takes: boolean): Interruption[] {
    const { actor, processor, irql, object } = step;
    const found: Interruption[] = [];
    if (held.length !== 0) {
      const place = keep(this.places, `${actor}:${irql}:${held.join(',')}`, () =>
        ({ actor, processor, irql, held: [...held] }));
      if (place !== undefined) {
        for (const request of this.requests.values()) found.push(...this.meet(request, place));
      }
    }
    if (takes && this.levelOf(actor) !== 0) {
      const request = keep(this.requests, `${actor}:${irql}:${held.join(',')}>${object}`, () =>
        ({ actor, processor, irql, held: [...held], lock: object }));
      if (request !== undefined) {
        for (const place of this.places.values()) found.push(...this.meet(request, place));
      }
    }
    return found;
  }

  private levelOf(actor: number): number {
    return this.levels[actor] ?? 0;
  }

  private meet(request: Request, place: Place): Interruption[] {
    const { actor, processor, irql, held, lock } = request;
    const comesBelow = Math.min(this.levelOf(actor), irql);
    if (place.actor === actor || place.irql >= comesBelow) return [];
    return place.held.map((outer) => ({
      outer, inner: lock, actor, held, irql, interrupted: place,
      ...(processor === place.processor ? {} : {
        elsewhere: `it comes to processor ${processor} alone here, and not to processor`
          + ` ${place.processor}: where it can, it waits for whom it interrupts`,
      }),
    }));
  }
}

/** What is new, and is kept from here on; undefined where it was known, or there is no room. */
function keep<T>(among: Map<string, T>, key: string, make: () => T): T | undefined {
  if (among.has(key) || among.size >= MOST) return undefined;
  const made = make();
  among.set(key, made);
  return made;
}
