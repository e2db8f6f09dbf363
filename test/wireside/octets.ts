/** Octets as tests need them: addresses, patterns, chance. */

/** 10.0.0.1 as a number. */
export function address(text: string): number {
  return text.split('.').reduce((value, part) => value * 256 + Number(part), 0);
}

/** Octets that tell where they are from: no two places within 64 KiB of each other look alike. */
export function pattern(length: number, from = 0): Uint8Array {
  const octets = new Uint8Array(length);
  for (let i = 0; i < length; i++) {
    const place = from + i;
    octets[i] = (place * 7 + (place >>> 8) * 13 + (place >>> 16) * 29) & 255;
  }
  return octets;
}

/** Where octets first differ from those expected; 'same' where they do not. */
export function difference(actual: Uint8Array | string, expected: Uint8Array): string {
  if (typeof actual === 'string') return actual;
  const length = Math.min(actual.length, expected.length);
  for (let at = 0; at < length; at++) {
    if (actual[at] !== expected[at]) return `octet ${at} is ${actual[at]}, not ${expected[at]}`;
  }
  if (actual.length === expected.length) return 'same';
  return `${actual.length} octets, not ${expected.length}`;
}

/** Numbers in [0, below), the same for the same seed (mulberry32). */
export function chance(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}
