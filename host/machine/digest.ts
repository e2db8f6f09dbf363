/** A digest of all frames of a link: when, from which end, and every octet, in their order. */

/** Frames as a batch has them. */
interface Frames {
  readonly count: number;
  readonly words: Uint32Array;
  readonly lengths: Uint16Array;
}

const STRIDE_WORDS = 384;
const PRIME_A = 0x9e37_79b1;
const PRIME_B = 0x85eb_ca77;
const PRIME_C = 0xc2b2_ae3d;
const PRIME_D = 0x27d4_eb2f;

/** Two words of 32 bits; four lanes inside. The same everywhere, whatever the batches were. */
export class FrameDigest {
  private a = 0x243f_6a88;
  private b = 0x85a3_08d3;
  private c = 0x1319_8a2e;
  private d = 0x0370_7344;
  private frames = 0;

  /** Adds frames that were sent at a time in ns, from an end. */
  add(timeNs: number, end: number, batch: Frames): void {
    for (let i = 0; i < batch.count; i++) this.addFrame(timeNs, end, batch, i);
    this.frames += batch.count;
  }

  /** 16 hex digits. */
  toString(): string {
    const high = finish(this.a ^ finish(this.c + this.frames));
    const low = finish(this.b ^ finish(this.d ^ high));
    return [high, low].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  private addFrame(timeNs: number, end: number, batch: Frames, i: number): void {
    const words = batch.words;
    const length = batch.lengths[i] as number;
    let a = Math.imul(turn(this.a) ^ (timeNs | 0), PRIME_A);
    let b = Math.imul(turn(this.b) ^ Math.floor(timeNs / 0x1_0000_0000), PRIME_B);
    let c = Math.imul(turn(this.c) ^ length, PRIME_C);
    let d = Math.imul(turn(this.d) ^ end, PRIME_D);
    // The frame begins in the middle of its first word, and may end in the middle of its last.
    let at = i * STRIDE_WORDS;
    const last = at + ((length + 1) >>> 2);
    a = Math.imul(turn(a) ^ ((words[at] as number) >>> 16), PRIME_A);
    for (at++; at + 4 <= last; at += 4) {
      a = Math.imul(turn(a) ^ (words[at] as number), PRIME_A);
      b = Math.imul(turn(b) ^ (words[at + 1] as number), PRIME_B);
      c = Math.imul(turn(c) ^ (words[at + 2] as number), PRIME_C);
      d = Math.imul(turn(d) ^ (words[at + 3] as number), PRIME_D);
    }
    for (; at < last; at++) b = Math.imul(turn(b) ^ (words[at] as number), PRIME_B);
    const left = (length + 2) & 3;
    if (at === last) {
      const word = words[at] as number;
      d = Math.imul(turn(d) ^ (left === 0 ? word : word & ((1 << (8 * left)) - 1)), PRIME_D);
    }
    this.a = a;
    this.b = b;
    this.c = c;
    this.d = d;
  }
}

function turn(word: number): number {
  return (word << 5) | (word >>> 27);
}

function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), PRIME_B);
  mixed = Math.imul(mixed ^ (mixed >>> 13), PRIME_C);
  return mixed ^ (mixed >>> 16);
}
