/** Octets as the peer's side of the wire needs them: sums, numbers, addresses. */

/** The 16-bit one's complement sum of RFC 1071, over several runs as if they were one. */
export function internetChecksum(...runs: Uint8Array[]): number {
  let sum = 0;
  for (const octets of runs) {
    for (let i = 0; i < octets.length; i += 2) {
      sum += ((octets[i] ?? 0) << 8) | (octets[i + 1] ?? 0);
    }
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** What TCP and UDP sum besides their own octets (RFC 9293, 3.1; RFC 768). */
export function pseudoHeader(
  source: number, destination: number, protocol: number, length: number,
): Uint8Array {
  const octets = new Uint8Array(12);
  const view = new DataView(octets.buffer);
  view.setUint32(0, source);
  view.setUint32(4, destination);
  view.setUint16(8, protocol);
  view.setUint16(10, length);
  return octets;
}

/** A view of octets, for numbers in network order. */
export function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

/** Runs one behind the other. */
export function join(...runs: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(runs.reduce((sum, run) => sum + run.length, 0));
  let at = 0;
  for (const run of runs) {
    whole.set(run, at);
    at += run.length;
  }
  return whole;
}

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
