/**
 * Loops over routines that work on octets, and a call that does nothing. A loop goes round a ring
 * of frames that lie `FRAME_OCTETS` apart: `mask` is the ring's size, a power of two, less one.
 */

import { copyAndSum, sum } from "../../assembly/wire/checksum";

/** From one frame of a ring to the next. */
const FRAME_OCTETS: u32 = 2048;

/** Nothing: what a call from the host costs. */
export function benchCall(): void {}

/** `memory.copy` of `length` octets from one ring to another, `times` times. */
export function benchCopy(
  target: usize, source: usize, length: u32, mask: u32, times: u32,
): void {
  for (let i: u32 = 0; i < times; i++) {
    const frame = i * FRAME_OCTETS & mask;
    memory.copy(target + frame, source + frame, length);
  }
}

/** The partial sums of `length` octets, `times` times; their total, so that none is left out. */
export function benchChecksum(source: usize, length: u32, mask: u32, times: u32): u32 {
  let total: u32 = 0;
  for (let i: u32 = 0; i < times; i++) total += sum(source + (i * FRAME_OCTETS & mask), length);
  return total;
}

/** `copyAndSum` of `length` octets from one ring to another, `times` times; the sums' total. */
export function benchCopyAndSum(
  target: usize, source: usize, length: u32, mask: u32, times: u32,
): u32 {
  let total: u32 = 0;
  for (let i: u32 = 0; i < times; i++) {
    const frame = i * FRAME_OCTETS & mask;
    total += copyAndSum(target + frame, source + frame, length);
  }
  return total;
}
