import { describe, expect, it } from 'vitest';
import { FrameBatch } from '../../host/link/batch.js';
import { FrameDigest } from '../../host/machine/digest.js';

function frame(length: number, salt = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 17 + salt) & 0xff);
}

function digestOf(frames: readonly Uint8Array[], timeNs = 1000, end = 0): string {
  const digest = new FrameDigest();
  const batch = new FrameBatch();
  batch.octets.fill(0xaa); // what lies between frames does not count
  for (const each of frames) batch.push(each);
  digest.add(timeNs, end, batch);
  return digest.toString();
}

describe('machine/digest', () => {
  it('is the same for the same frames, whatever the batches and what lies between them', () => {
    const frames = [60, 61, 62, 63, 64, 1511, 1512, 1513, 1514, 14].map((length) => frame(length));
    const apart = new FrameDigest();
    for (const each of frames) {
      const batch = new FrameBatch(1);
      batch.push(each);
      apart.add(1000, 0, batch);
    }
    expect(apart.toString()).toBe(digestOf(frames));
    expect(apart.toString()).toMatch(/^[0-9a-f]{16}$/);
  });

  it('differs with each bit of a frame, its length, its time, its end and its order', () => {
    for (const length of [14, 60, 61, 62, 63, 64, 65]) {
      const original = digestOf([frame(length)]);
      for (let bit = 0; bit < length * 8; bit++) {
        const changed = frame(length);
        changed[bit >>> 3] = (changed[bit >>> 3] as number) ^ (1 << (bit & 7));
        expect(digestOf([changed]), `bit ${bit} of ${length} octets`).not.toBe(original);
      }
      expect(digestOf([frame(length + 1)])).not.toBe(original);
      expect(digestOf([frame(length)], 1001)).not.toBe(original);
      expect(digestOf([frame(length)], 1000 + 2 ** 32)).not.toBe(original);
      expect(digestOf([frame(length)], 1000, 1)).not.toBe(original);
    }
    const [one, other] = [frame(60, 1), frame(60, 2)];
    expect(digestOf([one, other])).not.toBe(digestOf([other, one]));
    expect(digestOf([])).not.toBe(digestOf([one]));
  });

  it('differs where the highest bit of two words changes', () => {
    const changed = frame(60);
    changed[5] = (changed[5] as number) ^ 0x80;
    changed[21] = (changed[21] as number) ^ 0x80;
    expect(digestOf([changed])).not.toBe(digestOf([frame(60)]));
  });
});
