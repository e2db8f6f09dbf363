/** Ties a virtual clock to the world's: as much time passes on the one as on the other. */

/** How much later than expected somebody may look before time is taken to have stood still, ns. */
const LATE_NS = 500e6;

/**
 * A pacer: virtual time never runs ahead of the world's, and falls behind it only where the program
 * was stopped or starved, so that connections do not time out for it.
 */
export class Pacer {
  /** What has passed in the world and not here, in ns. */
  skippedNs = 0;
  private lastNs: number;
  private virtualNs = 0;
  private expectedNs = 0;

  /** `readNs` tells a time of the world that never goes back, in ns. */
  constructor(private readonly readNs: () => number) {
    this.lastNs = readNs();
  }

  /** Virtual time by now, in whole ns since this was made. */
  now(): number {
    const nowNs = this.readNs();
    const passedNs = nowNs - this.lastNs;
    const mostNs = this.expectedNs + LATE_NS;
    this.lastNs = nowNs;
    this.expectedNs = 0;
    this.virtualNs += Math.min(passedNs, mostNs);
    this.skippedNs += Math.max(0, passedNs - mostNs);
    return Math.floor(this.virtualNs);
  }

  /** Nobody looks for so many ns now; Infinity: until something comes. */
  expect(ns: number): void {
    this.expectedNs = ns;
  }
}
