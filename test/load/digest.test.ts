import { describe, expect, it } from 'vitest';
import { StreamDigest } from '../../host/load/digest.js';
import { Random } from '../../host/machine/random.js';

function octetsOf(length: number): Uint8Array {
  const octets = new Uint8Array(length);
  new Random(7).stream('octets').fillOctets(octets);
  return octets;
}

describe('load/digest', () => {
  it('says the same however the octets are cut', () => {
    const octets = octetsOf(4096);
    const whole = new StreamDigest();
    whole.add(octets);
    const chance = new Random(3).stream('cuts');
    for (let round = 0; round < 20; round++) {
      const cut = new StreamDigest();
      for (let at = 0; at < octets.length;) {
        const end = Math.min(octets.length, at + 1 + chance.below(37));
        cut.add(octets, at, end);
        at = end;
      }
      expect(cut.value).toBe(whole.value);
    }
  });

  it('says another for one bit, for an octet less, and for two pieces in another order', () => {
    const octets = octetsOf(1024);
    const valueOf = (...parts: Uint8Array[]): number => {
      const digest = new StreamDigest();
      for (const part of parts) digest.add(part);
      return digest.value;
    };
    const value = valueOf(octets);
    const changed = octets.slice();
    changed[500] = (changed[500] ?? 0) ^ 0x10;
    expect(valueOf(changed)).not.toBe(value);
    expect(valueOf(octets.subarray(1))).not.toBe(value);
    expect(valueOf(octets.subarray(512), octets.subarray(0, 512))).not.toBe(value);
    expect(valueOf(octets, new Uint8Array(4))).not.toBe(value);
  });

  it('begins again where it is reset', () => {
    const digest = new StreamDigest();
    digest.add(octetsOf(101));
    digest.reset();
    digest.add(octetsOf(64));
    const fresh = new StreamDigest();
    fresh.add(octetsOf(64));
    expect(digest.value).toBe(fresh.value);
  });
});
