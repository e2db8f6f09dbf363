/**
 * A running digest of a stream of octets: Fletcher's sums over words of 32 bits, cheap enough to
 * be kept at both ends of a stream. The same octets give the same, however they are cut.
 */

/** The digest of the octets added so far. */
export class StreamDigest {
  private sum = 1;
  private weighted = 0;
  /** Octets of the word that is not yet whole. */
  private partial = 0;
  private partialOctets = 0;

  /** Adds the octets of a list from `from` to before `end`. */
  add(octets: Uint8Array, from = 0, end = octets.length): void {
    let at = from;
    while (this.partialOctets !== 0 && at < end) this.addOctet(octets[at++] as number);
    const words = (end - at) >>> 2;
    if (words > 0) {
      const start = octets.byteOffset + at;
      if ((start & 3) === 0) this.addWords(new Int32Array(octets.buffer, start, words));
      else this.addUnaligned(new DataView(octets.buffer, start, words * 4));
      at += words * 4;
    }
    while (at < end) this.addOctet(octets[at++] as number);
  }

  /** A word that says all octets so far; those of a word that is not whole are not in it. */
  get value(): number {
    return Math.imul(this.sum, 0x9e37_79b1) ^ this.weighted;
  }

  /** As if nothing had been added. */
  reset(): void {
    this.sum = 1;
    this.weighted = 0;
    this.partial = 0;
    this.partialOctets = 0;
  }

  // Four words at a time: the sums of one are not waited for by the next.
  private addWords(words: Int32Array): void {
    let { sum, weighted } = this;
    let i = 0;
    for (; i + 4 <= words.length; i += 4) {
      const a = words[i] as number;
      const b = words[i + 1] as number;
      const c = words[i + 2] as number;
      const d = words[i + 3] as number;
      weighted = (weighted + ((sum << 2) + (a << 2) + (b << 1) + b + (c << 1) + d)) | 0;
      sum = (sum + a + b + c + d) | 0;
    }
    for (; i < words.length; i++) {
      sum = (sum + (words[i] as number)) | 0;
      weighted = (weighted + sum) | 0;
    }
    this.sum = sum;
    this.weighted = weighted;
  }

  private addUnaligned(view: DataView): void {
    let { sum, weighted } = this;
    for (let i = 0; i < view.byteLength; i += 4) {
      sum = (sum + view.getInt32(i, true)) | 0;
      weighted = (weighted + sum) | 0;
    }
    this.sum = sum;
    this.weighted = weighted;
  }

  private addOctet(octet: number): void {
    this.partial |= octet << (8 * this.partialOctets);
    if (++this.partialOctets < 4) return;
    this.sum = (this.sum + this.partial) | 0;
    this.weighted = (this.weighted + this.sum) | 0;
    this.partial = 0;
    this.partialOctets = 0;
  }
}
