/** Octets in memory: copy, clear. */

/** Copies `length` octets; the two may overlap. */
export function RtlCopyMemory(target: usize, source: usize, length: usize): void {
  memory.copy(target, source, length);
}

/** Clears `length` octets. */
export function RtlZeroMemory(target: usize, length: usize): void {
  memory.fill(target, 0, length);
}
