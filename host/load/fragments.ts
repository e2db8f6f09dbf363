/** IPv4 datagrams in pieces (RFC 791 3.2, RFC 815), put together from a capture. */

/** Datagrams not yet whole that are held; beyond, the oldest is given up. */
const HELD = 256;
/** A piece this long after the first belongs to another datagram (RFC 1122 3.3.2). */
const LIFE_NS = 60e9;
/** Octets of data that a datagram can have: 65535 less the smallest header. */
const LARGEST = 65_515;
const BLOCK = 8;

interface Parts {
  readonly startNs: number;
  readonly octets: Uint8Array;
  /** One for each block of eight octets that is here. */
  readonly here: Uint8Array;
  blocks: number;
  /** Octets in all; -1 until the last piece is here. */
  total: number;
}

/** The datagrams that wait for pieces; bounded in number and by time. */
export class FragmentStore {
  private readonly waiting = new Map<string, Parts>();

  /** `blame` is told the reason whenever a piece or a datagram is of no use. */
  constructor(private readonly blame: (reason: string) => void) {}

  /**
   * Adds the piece at `offset` (octets) of the datagram `key`; the data of the datagram once it is
   * whole, else null. Where pieces overlap, what came first stays.
   */
  add(
    key: string,
    timeNs: number,
    offset: number,
    more: boolean,
    piece: Uint8Array,
  ): Uint8Array | null {
    const end = offset + piece.length;
    if (piece.length === 0 || end > LARGEST || (more && piece.length % BLOCK !== 0)) {
      this.blame('fragment of an impossible length');
      return null;
    }
    const parts = this.partsOf(key, timeNs);
    const disagrees = parts.total >= 0 && (end > parts.total || (!more && end !== parts.total));
    if (disagrees || (!more && reachesBeyond(parts, end))) {
      this.blame('fragments disagree on the length');
      return null;
    }
    if (!more) parts.total = end;
    for (let at = offset; at < end; at += BLOCK) {
      const block = at / BLOCK;
      if (parts.here[block] !== 0) continue;
      parts.here[block] = 1;
      parts.blocks += 1;
      parts.octets.set(piece.subarray(at - offset, at - offset + BLOCK), at);
    }
    if (parts.total < 0 || parts.blocks < Math.ceil(parts.total / BLOCK)) return null;
    this.waiting.delete(key);
    return parts.octets.subarray(0, parts.total);
  }

  /** Counts and forgets what was never whole. */
  finish(): void {
    for (const key of this.waiting.keys()) this.giveUp(key);
  }

  private partsOf(key: string, timeNs: number): Parts {
    const found = this.waiting.get(key);
    if (found !== undefined && timeNs - found.startNs <= LIFE_NS) return found;
    if (found !== undefined) this.giveUp(key);
    if (this.waiting.size >= HELD) {
      const [oldest] = this.waiting.keys();
      if (oldest !== undefined) this.giveUp(oldest);
    }
    const parts: Parts = {
      startNs: timeNs,
      octets: new Uint8Array(LARGEST),
      here: new Uint8Array(Math.ceil(LARGEST / BLOCK)),
      blocks: 0,
      total: -1,
    };
    this.waiting.set(key, parts);
    return parts;
  }

  private giveUp(key: string): void {
    this.waiting.delete(key);
    this.blame('datagram with fragments missing');
  }
}

/** Is a block here that begins at or after the octet `end`? */
function reachesBeyond(parts: Parts, end: number): boolean {
  return parts.here.indexOf(1, Math.ceil(end / BLOCK)) >= 0;
}
