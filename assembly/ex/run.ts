/**
 * Runs: small blocks without headers, so that a million equal structures cost what they hold. A run
 * is 4 KiB at a multiple of 4 KiB; its blocks have one size and one tag, which its first octets
 * say. Checked builds have none: the verifier wants every block's header and guard. All of this is
 * under the pool's lock.
 */

/** Octets of a run. */
export const RUN_OCTETS: u32 = 4096;
/** The largest block that comes from a run. */
export const RUN_BLOCK: u32 = 256;
/** Sizes are multiples of it. */
const STEP: u32 = 16;
/** Where a run's first block lies, if blocks of its size are to fill whole cache lines; else. */
const FIRST_LINE: usize = 64;
const FIRST: usize = 16;

/** What a run begins with. */
@unmanaged
export class Run {
  /** Octets of each of its blocks. */
  size: u16;
  /** The slot of its tag (pool.ts). */
  slot: u16;
}

/** Of memory below this, which the largest kernel has: a bit for each place of a run. */
const MAPPED: usize = 1 << 30;
const MAP: usize = memory.data(32768);
if ((MAPPED >>> 12 >>> 3) != 32768) ERROR("MAP");

/** Free blocks, by size and tag: the first, and in each the next. */
const FREE: usize = memory.data(4096);
const SLOTS: u32 = 64;
if (RUN_BLOCK / STEP * SLOTS * 4 > 4096) ERROR("FREE");

/** The octets of the block for `length` octets. */
export function blockFor(length: u32): u32 {
  return length > STEP ? (length + STEP - 1) & ~(STEP - 1) : STEP;
}

function headOf(size: u32, slot: u32): usize {
  return FREE + (<usize>((size / STEP - 1) * SLOTS + slot) << 2);
}

function mapOf(address: usize): usize {
  return MAP + (address >>> 17 << 2);
}

function bitOf(address: usize): u32 {
  return (<u32>1) << <u32>((address >>> 12) & 31);
}

/** True when `block` lies in a run. */
export function isInRun(block: usize): bool {
  return block < MAPPED && (load<u32>(mapOf(block)) & bitOf(block)) != 0;
}

/** The run in which `block` lies. */
export function runOf(block: usize): Run {
  return changetype<Run>(block & ~(<usize>RUN_OCTETS - 1));
}

/** A block of `size` octets that is free, taken; 0: a run must be laid first. */
export function takeBlock(size: u32, slot: u32): usize {
  const head = headOf(size, slot);
  const block = load<usize>(head);
  if (block) store<usize>(head, load<usize>(block));
  return block;
}

/** `block` is free from here on. */
export function putBlock(block: usize): void {
  const run = runOf(block);
  const head = headOf(run.size, run.slot);
  store<usize>(block, load<usize>(head));
  store<usize>(head, block);
}

/** Makes the 4 KiB at `at` a run, all of whose blocks are free. False: it lies too high. */
export function layRun(at: usize, size: u32, slot: u32): bool {
  if (at >= MAPPED) return false;
  const run = changetype<Run>(at);
  run.size = <u16>size;
  run.slot = <u16>slot;
  store<u32>(mapOf(at), load<u32>(mapOf(at)) | bitOf(at));
  const first = at + (size % <u32>FIRST_LINE == 0 ? FIRST_LINE : FIRST);
  const many = <u32>(at + <usize>RUN_OCTETS - first) / size;
  // From the last to the first, so that they are given in the order in which they lie.
  for (let i = many; i != 0; i--) putBlock(first + <usize>((i - 1) * size));
  return true;
}
