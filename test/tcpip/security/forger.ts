/** Segments that a third party forges: one frame, of which only the numbers change. */

import { viewOf } from '../../../host/wire/octets.js';
import type { Machine } from '../../wireside/machine.js';
import type { Peer, Saying } from '../../wireside/peer.js';

/** Octets of a frame before its sequence number, its acknowledgment and its checksum. */
const SEQUENCE = 38;
const ACKNOWLEDGMENT = 42;
const CHECKSUM = 50;

/** Frames that the kernel is given with one interrupt. */
const TOGETHER = 64;

/** Forges segments that say they are from a peer. */
export class Forger {
  private readonly frame: Uint8Array;
  /** The sum of all but the two numbers. */
  private readonly rest: number;

  constructor(peer: Peer, flags: number, saying: Saying = {}) {
    this.frame = peer.frame(flags, { ...saying, sequence: 0, acknowledgment: 0 });
    this.rest = ~viewOf(this.frame).getUint16(CHECKSUM) & 0xffff;
  }

  /** One with these numbers, modulo 2^32. */
  at(sequence: number, acknowledgment = 0): Uint8Array {
    const frame = this.frame.slice();
    const view = viewOf(frame);
    view.setUint32(SEQUENCE, sequence);
    view.setUint32(ACKNOWLEDGMENT, acknowledgment);
    let sum = this.rest;
    for (let at = SEQUENCE; at < SEQUENCE + 8; at += 2) sum += view.getUint16(at);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
    view.setUint16(CHECKSUM, ~sum & 0xffff);
    return frame;
  }
}

/** Gives the kernel `count` frames at one time, and throws away what it says to them. */
export function flood(machine: Machine, count: number, frame: (i: number) => Uint8Array): void {
  for (let from = 0; from < count; from += TOGETHER) {
    const together = Math.min(TOGETHER, count - from);
    machine.receive(...Array.from({ length: together }, (_, i) => frame(from + i)));
    machine.take();
  }
}

/** Places on the circle of 2^32 numbers: each within `near` of an edge, and `strides` of it all. */
export function placesAround(
  edges: readonly number[], near: number, strides: number,
): number[] {
  const close = edges.flatMap((edge) =>
    Array.from({ length: 2 * near + 1 }, (_, i) => edge + i - near));
  const stride = 2 ** 32 / strides;
  const all = Array.from({ length: strides }, (_, i) => Math.floor(i * stride + stride / 3));
  return [...new Set([...close, ...all].map((place) => place >>> 0))].sort((a, b) => a - b);
}
