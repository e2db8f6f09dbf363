/** Arithmetic round the circle of sequence numbers (RFC 9293, 3.4). */

/** a < b */
export function before(a: u32, b: u32): bool {
  return <i32>(a - b) < 0;
}

/** a <= b */
export function notAfter(a: u32, b: u32): bool {
  return <i32>(a - b) <= 0;
}

/** first <= a < first + size */
export function inWindow(a: u32, first: u32, size: u32): bool {
  return a - first < size;
}
