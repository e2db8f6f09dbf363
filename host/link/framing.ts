/**
 * Frames in a stream of octets, each behind its length as 32 bits, the highest first: what the
 * helper of `tap:`, QEMU's `-netdev stream` and passt speak alike.
 */

import { FRAME_OCTETS } from './batch.js';
import type { FrameBatch } from './batch.js';

/** Octets of a length. */
export const PREFIX_OCTETS = 4;

/** A length above this is no frame's, offloads and all: the stream is none of frames. */
export const MOST_FRAMED = 262_144;

/** Cuts a stream into frames, however it comes in pieces. */
export class Deframer {
  /** Frames too long for a batch; they are left out. */
  oversize = 0;
  // Octets of the length that have come, and its value so far.
  private prefixOctets = 0;
  private prefix = 0;
  // Of a frame that comes in pieces: what has come, how much, and how much it is in all.
  private readonly partial = new Uint8Array(FRAME_OCTETS);
  private have = 0;
  private length = -1;

  /**
   * Takes a piece of the stream and adds whole frames to the batch; `full` empties it where it
   * holds no more. A frame of no octets is none: it only wakes who reads.
   * @throws Error for a length that no frame has; the stream is of no use from there on.
   */
  push(piece: Uint8Array, batch: FrameBatch, full: () => void): void {
    let at = 0;
    while (at < piece.length) {
      if (this.length < 0) {
        at = this.readPrefix(piece, at);
        continue;
      }
      const end = Math.min(piece.length, at + this.length - this.have);
      if (this.have === 0 && end - at === this.length) {
        this.put(piece.subarray(at, end), batch, full);
        this.length = -1;
      } else this.keep(piece.subarray(at, end), batch, full);
      at = end;
    }
  }

  private readPrefix(piece: Uint8Array, from: number): number {
    let at = from;
    while (this.prefixOctets < PREFIX_OCTETS && at < piece.length) {
      this.prefix = this.prefix * 256 + (piece[at++] as number);
      this.prefixOctets++;
    }
    if (this.prefixOctets < PREFIX_OCTETS) return at;
    const length = this.prefix;
    this.prefix = 0;
    this.prefixOctets = 0;
    if (length > MOST_FRAMED) {
      throw new Error(`a frame of ${length} octets: this is no stream of frames`);
    }
    if (length > 0) {
      this.length = length;
      this.have = 0;
    }
    return at;
  }

  private keep(part: Uint8Array, batch: FrameBatch, full: () => void): void {
    if (this.have + part.length <= FRAME_OCTETS) this.partial.set(part, this.have);
    this.have += part.length;
    if (this.have < this.length) return;
    const length = this.length;
    this.length = -1;
    if (length > FRAME_OCTETS) this.oversize++;
    else this.put(this.partial.subarray(0, length), batch, full);
  }

  private put(frame: Uint8Array, batch: FrameBatch, full: () => void): void {
    if (frame.length > FRAME_OCTETS) {
      this.oversize++;
      return;
    }
    if (batch.count === batch.capacity) full();
    batch.push(frame);
  }
}

/** Puts frames into a stream, and hands it over in large pieces. */
export class Framer {
  private readonly octets: Uint8Array;
  private readonly view: DataView;
  private used = 0;

  /** `write` gets a piece, to be read during the call; `capacity` is the most of one, in octets. */
  constructor(private readonly write: (piece: Uint8Array) => void, capacity = 131_072) {
    this.octets = new Uint8Array(Math.max(capacity, PREFIX_OCTETS + FRAME_OCTETS));
    this.view = new DataView(this.octets.buffer);
  }

  /** Adds a batch's frames. */
  add(batch: FrameBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const frame = batch.frame(i);
      this.putWord(frame.length, frame.length);
      this.octets.set(frame, this.used);
      this.used += frame.length;
    }
  }

  /** Adds a word that stands where a length would: a message to the helper. */
  addWord(word: number): void {
    this.putWord(word, 0);
  }

  /** Hands over what is there. */
  flush(): void {
    if (this.used === 0) return;
    const piece = this.octets.subarray(0, this.used);
    this.used = 0;
    this.write(piece);
  }

  private putWord(word: number, following: number): void {
    if (this.used + PREFIX_OCTETS + following > this.octets.length) this.flush();
    this.view.setUint32(this.used, word);
    this.used += PREFIX_OCTETS;
  }
}
