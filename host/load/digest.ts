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
      const view = new DataView(octets.buffer, octets.byteOffset + at, words * 4);
      let { sum, weighted } = this;
      for (let i = 0; i < words * 4; i += 4) {
        sum = (sum + view.getInt32(i, true)) | 0;
        weighted = (weighted + sum) | 0;
      }
      this.sum = sum;
      this.weighted = weighted;
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

  private addOctet(octet: number): void {
    this.partial |= octet << (8 * this.partialOctets);
    if (++this.partialOctets < 4) return;
    this.sum = (this.sum + this.partial) | 0;
    this.weighted = (this.weighted + this.sum) | 0;
    this.partial = 0;
    this.partialOctets = 0;
  }
}
