/**
 * Reverses who meets whom: at one to three objects that several come to, the visits happen in an
 * order that is drawn beforehand, and whoever comes too early waits until it is his turn or nobody
 * else can go on. Actors that do the same are drawn as one, so that a hundred writers and a reader
 * have as few orders as one of each. The rest goes by clocks.
 */

import type { Stream } from '../machine/random.js';
import { Clocks } from './clocks.js';
import { below } from './random.js';
import type { Profile, Strategy, View } from './strategy.js';
import { START } from './strategy.js';

/** Objects whose order is drawn, at most. */
const MOST = 3;
/** Visits of an object, at most; what is visited more often is left to chance. */
const MOST_VISITS = 512;
/** Plans that are remembered, so that none is tried twice while there are others. */
const MOST_TRIED = 4096;
/** Of so many schedules one has clocks that are drawn; the others' are equal. */
const TURNS = 3;
/** Draws for a plan that was not tried. */
const DRAWS = 8;

/** The order of visits at one object. */
class Plan {
  object = 0;
  /** Of each class, which places of the order are its visits. */
  readonly places: number[][] = [];
  /** Of each place, how many visits are still to come. */
  readonly left: number[] = [];
  private readonly all: number[] = [];
  readonly visits = new Int32Array(128);
  at = 0;

  /** The place of an actor's next visit; Infinity where there is none. */
  placeOf(actor: number, kind: number): number {
    return this.places[kind]?.[this.visits[actor] as number] ?? Infinity;
  }

  /** Nobody has come yet; `left` says how many will. */
  begin(): void {
    this.all.length = 0;
    this.all.push(...this.left);
    this.reset();
  }

  /** Nobody has come yet. */
  reset(): void {
    this.at = 0;
    this.visits.fill(0);
    for (let i = 0; i < this.all.length; i++) this.left[i] = this.all[i] as number;
  }

  /** An actor comes to the object. */
  visit(actor: number, kind: number): void {
    const place = this.placeOf(actor, kind);
    this.visits[actor] = (this.visits[actor] as number) + 1;
    if (place === Infinity) return;
    this.left[place] = (this.left[place] as number) - 1;
    while (this.at < this.left.length && (this.left[this.at] as number) <= 0) this.at++;
  }
}

/** Orders of visits. */
export function order(): Strategy {
  const clocks = new Clocks();
  const plans = Array.from({ length: MOST }, () => new Plan());
  const kinds = new Int32Array(128);
  const candidates = new Int32Array(128);
  const tried = new Set<string>();
  let planned = 0;
  let lazy = false;
  const parked = new Uint8Array(128);
  /** Who came to each object, in turn, in the first schedule: equal clocks, and no plans. */
  const usual = new Map<number, number[]>();
  let schedule = 0;

  /** How many places too early `actor` is; 0 where it may go. */
  const early = (actor: number, { points, objects }: View): number => {
    if (points[actor] === START) return 0;
    for (let i = 0; i < planned; i++) {
      const plan = plans[i] as Plan;
      if (plan.object !== objects[actor]) continue;
      const place = plan.placeOf(actor, kinds[actor] as number);
      return place === Infinity ? 0 : Math.max(place - plan.at, 0);
    }
    return 0;
  };

  const draw = (actors: number, profile: Profile, random: Stream): string => {
    const classes = classify(kinds, actors, profile, random);
    const objects = shared(profile, actors);
    planned = Math.min(1 + below(random, MOST), objects.length);
    let name = '';
    for (let i = 0; i < planned; i++) {
      const at = i + below(random, objects.length - i);
      const object = objects[at] as number;
      objects[at] = objects[i] as number;
      name += drawPlan(plans[i] as Plan, object, profile, { kinds, classes, actors, random });
    }
    return name;
  };

  /** Whether the plans ask for nothing but what happens by itself. */
  const isUsual = (): boolean => {
    for (let i = 0; i < planned; i++) {
      const plan = plans[i] as Plan;
      let agrees = true;
      for (const actor of usual.get(plan.object) ?? []) {
        agrees = agrees && plan.placeOf(actor, kinds[actor] as number) <= plan.at;
        plan.visit(actor, kinds[actor] as number);
      }
      plan.reset();
      if (!agrees) return false;
    }
    return true;
  };

  return {
    name: 'order',
    begin(actors: number, profile: Profile, random: Stream) {
      const even = schedule++ % TURNS !== TURNS - 1;
      lazy = random.uniform() < 0.5;
      parked.fill(0, 0, actors);
      let name = '';
      for (let i = 0; i < DRAWS; i++) {
        name = `${even} ${draw(actors, profile, random)}`;
        if (!tried.has(name) && !(even && isUsual())) break;
      }
      if (tried.size < MOST_TRIED) tried.add(name);
      if (even) clocks.equal(actors);
      else clocks.draw(actors, profile.events, random);
    },
    choose(view: View) {
      let count = 0;
      let least = view.enabled[0] as number;
      let earliest = Infinity;
      for (let i = 0; i < view.count; i++) {
        const actor = view.enabled[i] as number;
        const by = early(actor, view);
        if (by === 0 && parked[actor] === 0) candidates[count++] = actor;
        else {
          if (lazy) parked[actor] = 1;
          if (by < earliest) {
            earliest = by;
            least = actor;
          }
        }
      }
      return count === 0 ? least : clocks.behind(candidates, count);
    },
    executed(actor: number, { points, objects }: View) {
      clocks.tick(actor);
      parked[actor] = 0;
      if (points[actor] === START) return;
      if (schedule === 1) {
        const object = objects[actor] as number;
        const visits = usual.get(object);
        if (visits === undefined) usual.set(object, [actor]);
        else visits.push(actor);
      }
      for (let i = 0; i < planned; i++) {
        const plan = plans[i] as Plan;
        if (plan.object === objects[actor]) plan.visit(actor, kinds[actor] as number);
      }
    },
  };
}

/** What a plan is drawn from. */
interface Draw {
  readonly kinds: Int32Array;
  readonly classes: number;
  readonly actors: number;
  readonly random: Stream;
}

/** Who does the same has the same number; or, now and then, each has one of his own. */
function classify(
  kinds: Int32Array, actors: number, { signatures }: Profile, random: Stream,
): number {
  const known = new Map<number, number>();
  for (let i = 0; i < actors; i++) {
    const signature = signatures[i] as number;
    let kind = known.get(signature);
    if (kind === undefined) known.set(signature, kind = known.size);
    kinds[i] = kind;
  }
  if (known.size > 1 && random.uniform() < 0.75) return known.size;
  for (let i = 0; i < actors; i++) kinds[i] = i;
  return actors;
}

/** The objects that several come to, and not all of them to read. */
function shared({ objects, raced }: Profile, actors: number): number[] {
  const found: number[] = [];
  for (const [object, counts] of objects) {
    if (!raced.has(object)) continue;
    let users = 0;
    let visits = 0;
    for (let i = 0; i < actors; i++) {
      if ((counts[i] as number) > 0) users++;
      visits += counts[i] as number;
    }
    if (users > 1 && visits <= MOST_VISITS) found.push(object);
  }
  return found;
}

/** Draws the order at one object, each merge of the classes' visits as likely as any other. */
function drawPlan(plan: Plan, object: number, profile: Profile, from: Draw): string {
  const { kinds, classes, actors, random } = from;
  const counts = profile.objects.get(object) as Int32Array;
  plan.object = object;
  plan.left.length = 0;
  plan.places.length = 0;
  const most = new Array<number>(classes).fill(0);
  for (let i = 0; i < actors; i++) {
    const kind = kinds[i] as number;
    most[kind] = Math.max(most[kind] as number, counts[i] as number);
  }
  let sum = 0;
  for (let kind = 0; kind < classes; kind++) {
    plan.places.push([]);
    sum += most[kind] as number;
  }
  let name = `${object}:`;
  for (; sum > 0; sum--) {
    let rest = below(random, sum);
    let kind = 0;
    while (rest >= (most[kind] as number)) rest -= most[kind++] as number;
    most[kind] = (most[kind] as number) - 1;
    const places = plan.places[kind] as number[];
    let visitors = 0;
    for (let i = 0; i < actors; i++) {
      if (kinds[i] === kind && (counts[i] as number) > places.length) visitors++;
    }
    places.push(plan.left.length);
    plan.left.push(visitors);
    name += `${kind} `;
  }
  plan.begin();
  return name;
}
