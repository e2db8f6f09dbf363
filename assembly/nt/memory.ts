/** Octets in memory: copy, clear. */

/** Copies `length` octets; the two may overlap. */
export function RtlCopyMemory(target: usize, source: usize, length: usize): void {
  memory.copy(target, source, length);
}

/** More than this is worth a call of the engine's; octets. */
const SHORT: usize = 512;

/** Clears `length` octets. */
export function RtlZeroMemory(target: usize, length: usize): void {
  let done: usize = 0;
  if (length <= SHORT) {
    for (; done + 16 <= length; done += 16) v128.store(target + done, i64x2.splat(0));
  }
  if (done != length) memory.fill(target + done, 0, length - done);
}

/**
 * The word at `address`, which may be 0: asked for early, so that the memory system has it when it
 * is needed. It must be kept somewhere, or the compiler leaves the reading out.
 */
export function touch(address: usize): u32 {
  return load<u32>(address);
}
