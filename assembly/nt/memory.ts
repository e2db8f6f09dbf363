/** Octets in memory: copy, clear, find. */

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

/** Which of the 64 octets from `address` on are `octet`: a bit for each, the first the lowest. */
export function octetsEqual(address: usize, octet: u32): u64 {
  const wanted = i8x16.splat(<i8>octet);
  const a = <u64>i8x16.bitmask(i8x16.eq(v128.load(address), wanted));
  const b = <u64>i8x16.bitmask(i8x16.eq(v128.load(address, 16), wanted));
  const c = <u64>i8x16.bitmask(i8x16.eq(v128.load(address, 32), wanted));
  const d = <u64>i8x16.bitmask(i8x16.eq(v128.load(address, 48), wanted));
  return a | (b << 16) | (c << 32) | (d << 48);
}

/**
 * The word at `address`, which may be 0: asked for early, so that the memory system has it when it
 * is needed. It must be kept somewhere, or the compiler leaves the reading out.
 */
export function touch(address: usize): u32 {
  return load<u32>(address);
}
