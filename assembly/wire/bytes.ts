/**
 * Octets in place: words in network order (be) and in Intel order (le), at any alignment.
 *
 * An accessor takes the base of a structure and an offset in it; a constant offset folds into the
 * load. 16-bit words are read as u32, so that nobody shifts a small integer. Nothing here judges:
 * whoever calls has checked the length.
 */

/** The 16-bit word in network order at `base + offset`. */
export function be16(base: usize, offset: usize): u32 {
  return <u32>bswap<u16>(load<u16>(base + offset));
}

/** The 32-bit word in network order at `base + offset`. */
export function be32(base: usize, offset: usize): u32 {
  return bswap<u32>(load<u32>(base + offset));
}

/** The 16-bit word in Intel order at `base + offset`. */
export function le16(base: usize, offset: usize): u32 {
  return <u32>load<u16>(base + offset);
}

/** The 32-bit word in Intel order at `base + offset`. */
export function le32(base: usize, offset: usize): u32 {
  return load<u32>(base + offset);
}

/** The 64-bit word in Intel order at `base + offset`. */
export function le64(base: usize, offset: usize): u64 {
  return load<u64>(base + offset);
}

/** The octet at `base + offset`. */
export function octet(base: usize, offset: usize): u32 {
  return <u32>load<u8>(base + offset);
}

/** Writes the low 16 bits of `value` in network order. */
export function setBe16(base: usize, offset: usize, value: u32): void {
  store<u16>(base + offset, bswap<u16>(<u16>value));
}

/** Writes `value` in network order. */
export function setBe32(base: usize, offset: usize, value: u32): void {
  store<u32>(base + offset, bswap<u32>(value));
}

/** Writes the low 16 bits of `value` in Intel order. */
export function setLe16(base: usize, offset: usize, value: u32): void {
  store<u16>(base + offset, <u16>value);
}

/** Writes `value` in Intel order. */
export function setLe32(base: usize, offset: usize, value: u32): void {
  store<u32>(base + offset, value);
}

/** Writes `value` in Intel order. */
export function setLe64(base: usize, offset: usize, value: u64): void {
  store<u64>(base + offset, value);
}

/** Writes the low 8 bits of `value`. */
export function setOctet(base: usize, offset: usize, value: u32): void {
  store<u8>(base + offset, <u8>value);
}
