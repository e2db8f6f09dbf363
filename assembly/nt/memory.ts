/** Octets in memory: copy, clear, compare. */

/** Copies `length` octets; the two may overlap. */
export function RtlCopyMemory(target: usize, source: usize, length: usize): void {
  memory.copy(target, source, length);
}

export function RtlZeroMemory(target: usize, length: usize): void {
  memory.fill(target, 0, length);
}

/** How many octets from the start are equal. */
export function RtlCompareMemory(a: usize, b: usize, length: usize): usize {
  let equal: usize = 0;
  while (equal < length && load<u8>(a + equal) == load<u8>(b + equal)) equal++;
  return equal;
}
