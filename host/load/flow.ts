/** One direction of a TCP connection in a capture: segments in any order become a stream. */

import { FLAG } from './segment.js';
import type { Endpoint, TcpSegment } from './segment.js';

/** Octets of a stream, and the frame that had them first. */
export interface Piece {
  readonly timeNs: number;
  readonly index: number;
  readonly octets: Uint8Array;
}

/** Octets that are missing. */
export interface Gap {
  /** Octets of the stream before it, earlier gaps included. */
  readonly offset: number;
  readonly octets: number;
}

/** A piece whose turn has not come. */
interface EarlyPiece extends Piece {
  readonly at: number;
}

/** No window is larger (RFC 7323 2.3): what lies farther off is no part of the stream. */
const LARGEST_WINDOW = 2 ** 30;
/** Pieces that may wait for one missing; beyond, it is given up. */
const EARLY_PIECES = 16_384;

/**
 * What one side sends. Positions count octets of the stream from its first, and do not wrap; the
 * sequence number of position 0 is `base`.
 */
export class Flow {
  /** The sequence number of its SYN, once one was seen. */
  initialSequence: number | null = null;
  /** The sequence number of its first octet, once known. */
  base: number | null = null;
  /** The position of its FIN, once one was seen. */
  end: number | null = null;
  /** What was read of it, in the order of the stream: one that waited has an earlier `index`. */
  readonly pieces: Piece[] = [];
  private readonly gaps: Gap[] = [];
  /** What comes next. */
  private position = 0;
  /** What the other side has. */
  private acknowledged = 0;
  /** By position. */
  private early: EarlyPiece[] = [];

  /** The flow that `source` sends. */
  constructor(readonly source: Endpoint) {}

  /** A SYN was seen. */
  begin(sequence: number): void {
    this.initialSequence = sequence;
    this.base ??= (sequence + 1) >>> 0;
  }

  /** The other side says that it has everything before `acknowledgment`. */
  acknowledge(acknowledgment: number): void {
    this.base ??= acknowledgment; // its beginning was not captured
    const position = this.positionOf(acknowledgment);
    if (position - this.position > LARGEST_WINDOW) return;
    this.acknowledged = Math.max(this.acknowledged, position);
  }

  /** Octets of `segment` that were there before, or why it has no place in the stream. */
  add(segment: TcpSegment): number | string {
    const { timeNs, index, flags, payload, payloadOctets } = segment;
    const sequence = (segment.sequence + ((flags & FLAG.SYN) !== 0 ? 1 : 0)) >>> 0;
    this.base ??= sequence;
    const at = this.positionOf(sequence);
    if (Math.abs(at - this.position) > LARGEST_WINDOW) return 'sequence number far from any window';
    if ((flags & FLAG.FIN) !== 0 && this.end === null && at + payloadOctets >= this.position) {
      this.end = at + payloadOctets;
    }
    if (payload.length === 0) return 0;
    const room = this.end === null ? payload.length : this.end - at;
    if (room < payload.length && at >= this.position) return 'data after FIN';
    const before = Math.min(payload.length, Math.max(0, this.position - at));
    const fresh = payload.subarray(before, Math.max(before, room));
    if (fresh.length === 0) return before;
    return before + this.place({ timeNs, index, octets: fresh, at: at + before });
  }

  /** Reads on over what is missing, and says what it was. */
  finish(): readonly Gap[] {
    while (this.early.length > 0) this.skipGap();
    let last = this.acknowledged;
    if (this.end !== null) last = this.end;
    else if (last === this.position + 1) last = this.position; // a FIN that was not captured
    if (last > this.position) this.addGap(last);
    return this.gaps;
  }

  private positionOf(sequence: number): number {
    return this.position + ((sequence - ((this.base ?? 0) + this.position)) | 0);
  }

  /** Octets that were there before. */
  private place(piece: EarlyPiece): number {
    if (piece.at > this.position) {
      this.keep(piece);
      if (this.early.length > EARLY_PIECES) this.skipGap();
      return 0;
    }
    this.deliver(piece);
    return this.deliverEarly();
  }

  private keep(piece: EarlyPiece): void {
    let low = 0;
    let high = this.early.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.early[middle]?.at ?? Infinity) <= piece.at) low = middle + 1;
      else high = middle;
    }
    this.early.splice(low, 0, piece);
  }

  /** Delivers what now has its turn; octets of it that were there before. */
  private deliverEarly(): number {
    let repeated = 0;
    let done = 0;
    for (const piece of this.early) {
      if (piece.at > this.position) break;
      done += 1;
      const end = Math.min(piece.at + piece.octets.length, this.end ?? Infinity);
      const before = Math.max(0, Math.min(this.position, end) - piece.at);
      repeated += before;
      if (end > this.position) {
        this.deliver({ ...piece, octets: piece.octets.subarray(before, end - piece.at) });
      }
    }
    if (done > 0) this.early.splice(0, done);
    return repeated;
  }

  private deliver(piece: Piece): void {
    this.pieces.push(piece);
    this.position += piece.octets.length;
  }

  private skipGap(): void {
    const [first] = this.early;
    if (first === undefined) return;
    if (first.at > this.position) this.addGap(Math.min(first.at, this.end ?? Infinity));
    if (this.position < first.at) this.early = []; // all that waits lies after the FIN
    else this.deliverEarly();
  }

  private addGap(end: number): void {
    if (end > this.position) this.gaps.push({ offset: this.position, octets: end - this.position });
    this.position = Math.max(this.position, end);
  }
}
