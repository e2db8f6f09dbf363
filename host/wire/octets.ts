/** Octets as the other side of a wire needs them: sums, numbers, runs. */

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
