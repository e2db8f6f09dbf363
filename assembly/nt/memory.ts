/** Octets in memory: copy, clear. */

/** Copies `length` octets; the two may overlap. */
export function RtlCopyMemory(target: usize, source: usize, length: usize): void {
  memory.copy(target, source, length);
}

/** Clears `length` octets. */
export function RtlZeroMemory(target: usize, length: usize): void {
  memory.fill(target, 0, length);
}

/**
 * The word at `address`, which may be 0: asked for early, so that the memory system has it when it
 * is needed. It must be kept somewhere, or the compiler leaves the reading out.
 */
export function touch(address: usize): u32 {
  return load<u32>(address);
}
