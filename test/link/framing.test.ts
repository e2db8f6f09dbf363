/** Frames behind their lengths, however the stream comes in pieces. */

import { describe, expect, it } from 'vitest';
import { FrameBatch } from '../../host/link/batch.js';
import { Deframer, Framer, MOST_FRAMED } from '../../host/link/framing.js';
import { batchOf, numberOf, numbered, range } from './recorder.js';

function stream(...frames: Uint8Array[]): Uint8Array {
  const pieces: Uint8Array[] = [];
  const framer = new Framer((piece) => pieces.push(piece.slice()));
  for (const frame of frames) framer.add(batchOf(frame));
  framer.flush();
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}

/** What comes of a stream that comes in pieces of so many octets, in batches of 4. */
function cut(octets: Uint8Array, size: number) {
  const deframer = new Deframer();
  const batch = new FrameBatch(4);
  const frames: Uint8Array[] = [];
  const empty = (): void => {
    for (let i = 0; i < batch.count; i++) frames.push(batch.frame(i).slice());
    batch.clear();
  };
  for (let at = 0; at < octets.length; at += size) {
    deframer.push(octets.subarray(at, at + size), batch, empty);
  }
  empty();
  return { frames, oversize: deframer.oversize };
}

describe('link/framing', () => {
  const frames = range(1, 10).map((n) => numbered(n, 60 + n * 140));

  it.each([1, 3, 4, 5, 64, 999, 1e6])('cuts a stream in pieces of %d octets', (size) => {
    expect(cut(stream(...frames), size).frames).toEqual(frames);
  });

  it('writes the length before the frame, the highest octet first', () => {
    expect([...stream(numbered(7, 300)).subarray(0, 5)]).toEqual([0, 0, 1, 44, 0xa5]);
  });

  it('takes a frame of no octets for none, and leaves out what is too long', () => {
    const long = new Uint8Array(4 + 1515);
    new DataView(long.buffer).setUint32(0, 1515);
    const octets = Uint8Array.from([0, 0, 0, 0, ...stream(numbered(1)), ...long, 0, 0, 0, 0,
      ...stream(numbered(2, 1514))]);
    for (const size of [1, 7, 1e6]) {
      const { frames: found, oversize } = cut(octets, size);
      expect(found.map(numberOf)).toEqual([1, 2]);
      expect(oversize).toBe(1);
    }
  });

  it('refuses a length that no frame has', () => {
    const octets = new Uint8Array(4);
    new DataView(octets.buffer).setUint32(0, MOST_FRAMED + 1);
    expect(() => cut(octets, 4)).toThrow(`a frame of ${MOST_FRAMED + 1} octets: this is no stream`);
  });

  it('hands over what is full, and words between frames', () => {
    const pieces: number[] = [];
    const framer = new Framer((piece) => pieces.push(piece.length), 2000);
    framer.add(batchOf(numbered(1, 1000), numbered(2, 990), numbered(3, 100)));
    expect(pieces).toEqual([1998]);
    framer.addWord(0x8000_0001);
    framer.flush();
    framer.flush();
    expect(pieces).toEqual([1998, 108]);
  });
});
