/** One number for a schedule: the same where only what does not meet was ordered otherwise. */

/** Slots of the table: a power of two, more than the objects of a schedule. */
const SLOTS = 4096;

/** The orders in which actors came to each object. */
export class TraceHash {
  private readonly keys = new Uint32Array(SLOTS);
  private readonly sums = new Int32Array(SLOTS);
  private readonly ages = new Uint32Array(SLOTS);
  private age = 0;
  private total = 0;

  /** A schedule begins. */
  reset(): void {
    this.age++;
    this.total = 0;
  }

  /** An actor does something to an object. */
  add(actor: number, point: number, object: number): void {
    const slot = this.slotOf(object);
    const before = this.sums[slot] as number;
    const after = mix(before ^ (actor + 1) * 64 + point);
    this.sums[slot] = after;
    this.total = this.total - mix(before ^ object) + mix(after ^ object) | 0;
  }

  /** The hash of the schedule so far. */
  value(): number {
    return this.total;
  }

  private slotOf(object: number): number {
    let slot = mix(object) & SLOTS - 1;
    for (let tries = 0; tries < SLOTS; tries++) {
      if (this.ages[slot] !== this.age) {
        this.ages[slot] = this.age;
        this.keys[slot] = object;
        this.sums[slot] = 0;
        return slot;
      }
      if (this.keys[slot] === object) return slot;
      slot = slot + 1 & SLOTS - 1;
    }
    return slot;
  }
}

function mix(value: number): number {
  let word = Math.imul(value ^ value >>> 16, 0x85ebca6b);
  word = Math.imul(word ^ word >>> 13, 0xc2b2ae35);
  return word ^ word >>> 16;
}
