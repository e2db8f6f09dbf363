/**
 * One seeded generator with named streams: all chance in a world comes from here.
 * Streams: xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom number generators");
 * their states: splitmix64 over the seed and the name, so that no stream depends on another.
 */

const WORD_LIMIT = 0x1_0000_0000;
const SEED_LIMIT = 1n << 64n;
const GOLDEN_GAMMA = 0x9e37_79b9_7f4a_7c15n;

/** A seed of up to 64 bits: a whole number, a bigint, or text: `0x` and hex digits, or decimal. */
export type Seed = number | bigint | string;

/** A sequence of pseudo-random words; state of 128 bits, not all of them 0. */
export class Stream {
  private readonly state: Int32Array;

  constructor(a: number, b: number, c: number, d: number) {
    if ((a | b | c | d) === 0) throw new RangeError('a stream needs a state that is not all 0');
    this.state = Int32Array.of(a, b, c, d);
  }

  /** The next word: a whole number from 0 to 2^32 - 1. */
  next(): number {
    const state = this.state;
    const a = state[0] as number;
    const b = state[1] as number;
    const c = (state[2] as number) ^ a;
    const d = (state[3] as number) ^ b;
    const scrambled = Math.imul(b, 5);
    state[0] = a ^ d;
    state[1] = b ^ c;
    state[2] = c ^ (b << 9);
    state[3] = (d << 11) | (d >>> 21);
    return Math.imul((scrambled << 7) | (scrambled >>> 25), 9) >>> 0;
  }

  /** A number from 0 up to, not including, 1, in steps of 2^-32. */
  uniform(): number {
    return this.next() / WORD_LIMIT;
  }

  /**
   * A whole number from 0 up to, not including, n; each as likely as any other.
   * @throws RangeError unless n is a whole number from 1 to 2^32.
   */
  below(n: number): number {
    if (!Number.isInteger(n) || n < 1 || n > WORD_LIMIT) {
      throw new RangeError(`below(${n}): n must be a whole number from 1 to 2^32`);
    }
    const fair = WORD_LIMIT - (WORD_LIMIT % n);
    let word = this.next();
    while (word >= fair) word = this.next();
    return word % n;
  }

  /** True with a probability from 0 (never) to 1 (always); takes one word in any case. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  /** Fills octets, four with each word. */
  fillOctets(octets: Uint8Array): void {
    let word = 0;
    for (let i = 0; i < octets.length; i++) {
      word = (i & 3) === 0 ? this.next() : word >>> 8;
      octets[i] = word;
    }
  }
}

/** The seed of a world, or of a part of it. */
export class Random {
  /** The seed as text, `0x` and 16 hex digits: what reproduces a run. */
  readonly seed: string;
  private readonly value: bigint;
  private readonly streams = new Map<string, Stream>();

  /** @throws TypeError unless the seed is a whole number of at most 64 bits. */
  constructor(seed: Seed) {
    this.value = parseSeed(seed);
    this.seed = `0x${this.value.toString(16).padStart(16, '0')}`;
  }

  /**
   * The stream of a name. What it gives depends on the seed and the name alone; who asks for the
   * same name again gets the same stream, where it stands.
   */
  stream(name: string): Stream {
    let stream = this.streams.get(name);
    if (stream === undefined) {
      const state = hash(this.value, `stream ${name}`);
      const low = mix(state + GOLDEN_GAMMA);
      const high = mix(state + 2n * GOLDEN_GAMMA);
      stream = new Stream(word(low), word(low >> 32n), word(high), word(high >> 32n));
      this.streams.set(name, stream);
    }
    return stream;
  }

  /** A seed of its own for a part of the world: its streams are apart from all others. */
  derive(name: string): Random {
    return new Random(hash(this.value, `part ${name}`));
  }
}

function parseSeed(seed: Seed): bigint {
  let value = -1n;
  if (typeof seed === 'bigint') value = seed;
  else if (typeof seed === 'number' && Number.isSafeInteger(seed)) value = BigInt(seed);
  else if (typeof seed === 'string' && /^(0x[0-9a-f]{1,16}|[0-9]{1,20})$/i.test(seed)) {
    value = BigInt(seed);
  }
  if (value < 0n || value >= SEED_LIMIT) {
    throw new TypeError(
      `seed ${String(seed)}: a whole number from 0 to 2^64 - 1 is needed, decimal or 0x and hex`,
    );
  }
  return value;
}

function hash(seed: bigint, name: string): bigint {
  let state = mix(seed + GOLDEN_GAMMA);
  for (let i = 0; i < name.length; i++) {
    state = mix((state ^ BigInt(name.charCodeAt(i))) + GOLDEN_GAMMA);
  }
  return mix(state ^ BigInt(name.length));
}

// The output function of splitmix64.
function mix(word64: bigint): bigint {
  let z = BigInt.asUintN(64, word64);
  z = BigInt.asUintN(64, (z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
  z = BigInt.asUintN(64, (z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
  return z ^ (z >> 31n);
}

function word(word64: bigint): number {
  return Number(BigInt.asIntN(32, word64));
}
