/** Established connections in a bench kernel: made once, by segments, for all who share it. */

import type { BenchKernel } from './kernel.js';

/**
 * Milliseconds that an acknowledgment waits: NT's, and near the 250 of lwIP, beside which it is
 * measured. With the 40 of `modern` a connection that gets a segment every 12 ms meets its deadline
 * six times as often.
 */
export const DELAYED_ACK_MS = 200;

/** Octets of linear memory that each connection of a kernel took. */
const octetsOf = new WeakMap<BenchKernel, number>();

/**
 * A machine with `n` established connections, each accepted by a TDI client that has opened its
 * endpoint beforehand. Throws where fewer came to be.
 */
export function openConnections(kernel: BenchKernel, n: number): void {
  if (octetsOf.has(kernel)) return;
  kernel.boot(1, { NtstackDelayedAckMs: DELAYED_ACK_MS });
  const before = kernel.memory.buffer.byteLength;
  const prepared = kernel.routine('benchPrepareEndpoints')(n);
  const made = prepared ? kernel.routine('benchOpenConnections')(n) : 0;
  if (made !== n) throw new Error(`${made} connections where ${n} were to be made`);
  const grown = kernel.memory.buffer.byteLength - before;
  octetsOf.set(kernel, (grown - kernel.routine('benchPeerOctets')(n)) / n);
}

/** Octets of linear memory a connection, what the other ends keep not counted. */
export function octetsOfConnection(kernel: BenchKernel): number {
  return octetsOf.get(kernel) ?? NaN;
}
