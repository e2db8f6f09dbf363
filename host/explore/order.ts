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
  /** Of each class, the visits that are not drawn yet. */
  readonly most = new Int32Array(128);

  /** The place of an actor's next visit; Infinity where there is none. */
  placeOf(actor: number, kind: number): number {
    return this.places[kind]?.[this.visits[actor] as number] ?? Infinity;
  }

  /** Nobody has come yet; `left` says how many will. */
  begin(): void {
    this.all.length = this.left.length;
    for (let i = 0; i < this.left.length; i++) this.all[i] = this.left[i] as number;
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
export class Order implements Strategy {
  readonly name = 'order';
  private readonly clocks = new Clocks();
  private readonly plans = Array.from({ length: MOST }, () => new Plan());
  /** Who does the same has the same kind. */
  private readonly kinds = new Int32Array(128);
  /** What was made of the profile, as long as that is the same. */
  private readonly common = new Int32Array(128);
  private classes = 0;
  private objects: number[] = [];
  /** Of each object, the pairs of visits of two actors. */
  private pairs: ReadonlyMap<number, number> = new Map();
  private revision = -1;
  private readonly candidates = new Int32Array(128);
  private readonly parked = new Uint8Array(128);
  private readonly tried = new Set<number>();
  /** Who came to each object, in turn, in the first schedule: equal clocks, and no plans. */
  private readonly usual = new Map<number, number[]>();
  private planned = 0;
  /** Who waited for his turn goes on only when nobody else can. */
  private lazy = false;
  private schedule = 0;
  private draws = DRAWS;

  begin(actors: number, profile: Profile, random: Stream): void {
    const even = this.schedule++ % TURNS !== TURNS - 1;
    if (profile.revision !== this.revision) this.learn(actors, profile);
    this.lazy = random.uniform() < 0.5;
    this.parked.fill(0, 0, actors);
    let isNew = false;
    for (let i = 0; i < this.draws && !isNew; i++) {
      const mark = this.draw(actors, profile, random) * 2 + Number(even);
      isNew = !this.tried.has(mark) && !(even && this.isUsual());
      if (this.tried.size < MOST_TRIED) this.tried.add(mark);
    }
    // Where nearly all was tried, to look for what was not costs more than it gives.
    if (!isNew && this.draws > 1) this.draws--;
    if (even) this.clocks.equal(actors);
    else this.clocks.draw(actors, profile.events, random);
  }

  choose(view: View): number {
    const { candidates, parked } = this;
    let count = 0;
    let least = view.enabled[0] as number;
    let earliest = Infinity;
    for (let i = 0; i < view.count; i++) {
      const actor = view.enabled[i] as number;
      const by = this.early(actor, view);
      if (by === 0 && parked[actor] === 0) {
        candidates[count++] = actor;
        continue;
      }
      if (this.lazy) parked[actor] = 1;
      if (by >= earliest) continue;
      earliest = by;
      least = actor;
    }
    return count === 0 ? least : this.clocks.behind(candidates, count);
  }

  executed(actor: number, { points, objects }: View): void {
    this.clocks.tick(actor);
    this.parked[actor] = 0;
    if (points[actor] === START) return;
    const object = objects[actor] as number;
    if (this.schedule === 1) {
      const visits = this.usual.get(object);
      if (visits === undefined) this.usual.set(object, [actor]);
      else visits.push(actor);
    }
    for (let i = 0; i < this.planned; i++) {
      const plan = this.plans[i] as Plan;
      if (plan.object === object) plan.visit(actor, this.kinds[actor] as number);
    }
  }

  /** How many places too early `actor` is; 0 where it may go. */
  private early(actor: number, { points, objects }: View): number {
    if (points[actor] === START) return 0;
    for (let i = 0; i < this.planned; i++) {
      const plan = this.plans[i] as Plan;
      if (plan.object !== objects[actor]) continue;
      const place = plan.placeOf(actor, this.kinds[actor] as number);
      return place === Infinity ? 0 : Math.max(place - plan.at, 0);
    }
    return 0;
  }

  /** Who does the same, and which objects matter. */
  private learn(actors: number, profile: Profile): void {
    this.revision = profile.revision;
    this.pairs = pairsOf(profile, actors);
    this.objects = [...this.pairs.keys()];
    const known = new Map<number, number>();
    for (let i = 0; i < actors; i++) {
      const signature = profile.signatures[i] as number;
      let kind = known.get(signature);
      if (kind === undefined) known.set(signature, kind = known.size);
      this.common[i] = kind;
    }
    this.classes = known.size;
  }

  /** Draws plans for some objects; a number that tells them from others. */
  private draw(actors: number, profile: Profile, random: Stream): number {
    const { kinds, objects } = this;
    const asOne = this.classes > 1 && random.uniform() < 0.75;
    const classes = asOne ? this.classes : actors;
    for (let i = 0; i < actors; i++) kinds[i] = asOne ? this.common[i] as number : i;
    this.planned = Math.min(1 + below(random, MOST), objects.length);
    let mark = 0;
    for (let i = 0; i < this.planned; i++) {
      const at = this.drawObject(i, random);
      const object = objects[at] as number;
      objects[at] = objects[i] as number;
      objects[i] = object;
      const plan = this.plans[i] as Plan;
      plan.object = object;
      mark = Math.imul(mark ^ object, 0x01000193);
      mark = drawPlan(plan, mark, { kinds, classes, actors, profile, random });
    }
    return mark;
  }

  /** A place from `from` on: the more visits of its object can be exchanged, the likelier. */
  private drawObject(from: number, random: Stream): number {
    const { objects, pairs } = this;
    let sum = 0;
    for (let i = from; i < objects.length; i++) sum += pairs.get(objects[i] as number) as number;
    let rest = below(random, sum);
    let at = from;
    while (rest >= (pairs.get(objects[at] as number) as number)) {
      rest -= pairs.get(objects[at++] as number) as number;
    }
    return at;
  }

  /** Whether the plans ask for nothing but what happens by itself. */
  private isUsual(): boolean {
    for (let i = 0; i < this.planned; i++) {
      const plan = this.plans[i] as Plan;
      let agrees = true;
      for (const actor of this.usual.get(plan.object) ?? []) {
        const kind = this.kinds[actor] as number;
        agrees = agrees && plan.placeOf(actor, kind) <= plan.at;
        plan.visit(actor, kind);
      }
      plan.reset();
      if (!agrees) return false;
    }
    return true;
  }
}

/** What a plan is drawn from. */
interface Draw {
  readonly kinds: Int32Array;
  readonly classes: number;
  readonly actors: number;
  readonly profile: Profile;
  readonly random: Stream;
}

/**
 * The objects that several come to, and not all of them to read; and how many pairs of visits of
 * two actors each has, that could come in the other order.
 */
function pairsOf({ objects, raced }: Profile, actors: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const [object, counts] of objects) {
    if (!raced.has(object)) continue;
    let pairs = 0;
    let visits = 0;
    for (let i = 0; i < actors; i++) {
      const count = counts[i] as number;
      pairs += visits * count;
      visits += count;
    }
    if (pairs > 0 && visits <= MOST_VISITS) found.set(object, pairs);
  }
  return found;
}

/** Draws the order at a plan's object, each merge of the classes' visits as likely as any other. */
function drawPlan(plan: Plan, before: number, from: Draw): number {
  const { kinds, classes, actors, profile, random } = from;
  const counts = profile.objects.get(plan.object) as Int32Array;
  plan.left.length = 0;
  plan.places.length = 0;
  const { most } = plan;
  most.fill(0, 0, classes);
  for (let i = 0; i < actors; i++) {
    const kind = kinds[i] as number;
    most[kind] = Math.max(most[kind] as number, counts[i] as number);
  }
  let sum = 0;
  for (let kind = 0; kind < classes; kind++) {
    plan.places.push([]);
    sum += most[kind] as number;
  }
  let mark = before;
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
    mark = Math.imul(mark ^ kind + 1, 0x01000193);
  }
  plan.begin();
  return mark;
}
