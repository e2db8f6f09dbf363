/** What a scenario was seen to do: running maxima, of all schedules so far. */

import type { Profile } from './strategy.js';

/** Objects of which counts are kept. */
const MOST_OBJECTS = 1024;

/** Counts the events of each schedule, and keeps the most of each. */
export class ProfileKeeper implements Profile {
  steps = 0;
  revision = 0;
  readonly events: Int32Array;
  readonly objects = new Map<number, Int32Array>();
  readonly raced = new Set<number>();
  readonly signatures: Int32Array;
  private readonly passed: Int32Array;
  private readonly passedNow: Int32Array;
  private readonly signaturesNow: Int32Array;
  private readonly now: Int32Array;
  private readonly objectsNow = new Map<number, Int32Array>();
  private actors = 0;

  constructor(most: number) {
    this.events = new Int32Array(most);
    this.now = new Int32Array(most);
    this.signatures = new Int32Array(most);
    this.signaturesNow = new Int32Array(most);
    this.passed = new Int32Array(most);
    this.passedNow = new Int32Array(most);
  }

  /** Another scenario: nothing is known. */
  reset(actors: number): void {
    this.actors = actors;
    this.steps = 0;
    this.revision++;
    this.events.fill(0);
    this.objects.clear();
    this.raced.clear();
    this.signatures.fill(0);
    this.passed.fill(0);
    this.objectsNow.clear();
  }

  /** A schedule begins. */
  open(): void {
    this.now.fill(0, 0, this.actors);
    this.passedNow.fill(0, 0, this.actors);
    this.signaturesNow.fill(0, 0, this.actors);
    for (const counts of this.objectsNow.values()) counts.fill(0);
  }

  /** An actor passes a point, whether or not others may run there: what it is known by. */
  pass(actor: number, point: number, object: number): void {
    this.passedNow[actor] = (this.passedNow[actor] as number) + 1;
    const before = this.signaturesNow[actor] as number;
    this.signaturesNow[actor] = Math.imul(before ^ object ^ point + 1, 0x01000193) + point;
  }

  /** An actor did something to an object; `races`: its order by itself matters to others. */
  add(actor: number, object: number, races: boolean): void {
    this.now[actor] = (this.now[actor] as number) + 1;
    if (races) this.raced.add(object);
    let counts = this.objectsNow.get(object);
    if (counts === undefined) {
      if (this.objectsNow.size >= MOST_OBJECTS) return;
      counts = new Int32Array(this.actors);
      this.objectsNow.set(object, counts);
    }
    counts[actor] = (counts[actor] as number) + 1;
  }

  /** A schedule of so many decisions is over. */
  close(steps: number): void {
    if (steps > this.steps) this.steps = steps;
    for (let i = 0; i < this.actors; i++) {
      if ((this.passedNow[i] as number) <= (this.passed[i] as number)) continue;
      this.passed[i] = this.passedNow[i] as number;
      this.signatures[i] = this.signaturesNow[i] as number;
      this.revision++;
    }
    raise(this.events, this.now, this.actors);
    for (const [object, counts] of this.objectsNow) {
      let most = this.objects.get(object);
      if (most === undefined) this.objects.set(object, most = new Int32Array(this.actors));
      if (raise(most, counts, this.actors)) this.revision++;
    }
  }
}

/** True where something grew. */
function raise(most: Int32Array, now: Int32Array, count: number): boolean {
  let grew = false;
  for (let i = 0; i < count; i++) {
    if ((now[i] as number) <= (most[i] as number)) continue;
    most[i] = now[i] as number;
    grew = true;
  }
  return grew;
}
