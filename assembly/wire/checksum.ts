/**
 * RFC 1071: the Internet checksum, sixteen octets at a time, and the pseudo-header of TCP and UDP.
 *
 * Words are summed as this processor reads them, not as the network orders them: the sum does not
 * mind (RFC 1071, 2 B), and a result stored with `store<u16>` or `setLe16` lies in network order.
 * A *partial sum* is a u32; `sum`, `copyAndSum` and `pseudoHeader` give at most
 * 0xffff, so that 65,536 of them can be combined before `fold`. It is 0 only where all is zero.
 *
 * How vectors are summed: `total` adds them as two 64-bit lanes and wraps; `high` adds the upper 32
 * bits of each. The lower halves came to `total - (high << 32)`, exactly: three operations for
 * sixteen octets, where pairwise widening takes five. In V8 a loop that compares addresses runs a
 * quarter faster than one that counts down, and one moving address beats two.
 */

/** Below this many octets the vectors' set-up costs more than they save. */
const VECTOR_OCTETS: u32 = 64;

/** The partial sum of `length` octets (0 to 65,535); an odd last one is padded with zero. */
export function sum(address: usize, length: u32): u32 {
  if (length < VECTOR_OCTETS) return shortSum(address, length);
  let total = i64x2.splat(0);
  let high = i64x2.splat(0);
  let total2 = i64x2.splat(0);
  let high2 = i64x2.splat(0);
  for (const end = address + (length & ~63); address < end; address += 64) {
    const a = v128.load(address);
    const b = v128.load(address, 16);
    const c = v128.load(address, 32);
    const d = v128.load(address, 48);
    total = i64x2.add(total, a);
    high = i64x2.add(high, i64x2.shr_u(a, 32));
    total2 = i64x2.add(total2, b);
    high2 = i64x2.add(high2, i64x2.shr_u(b, 32));
    total = i64x2.add(total, c);
    high = i64x2.add(high, i64x2.shr_u(c, 32));
    total2 = i64x2.add(total2, d);
    high2 = i64x2.add(high2, i64x2.shr_u(d, 32));
  }
  for (const end = address + (length & 48); address < end; address += 16) {
    const a = v128.load(address);
    total = i64x2.add(total, a);
    high = i64x2.add(high, i64x2.shr_u(a, 32));
  }
  const vectors = across(i64x2.add(total, total2), i64x2.add(high, high2));
  return folded(vectors + tail(address, length));
}

/**
 * Copies `length` octets (0 to 65,535) and gives their partial sum, in one pass. The two must not
 * overlap.
 */
export function copyAndSum(target: usize, source: usize, length: u32): u32 {
  let total = i64x2.splat(0);
  let high = i64x2.splat(0);
  let total2 = i64x2.splat(0);
  let high2 = i64x2.splat(0);
  const distance = target - source;
  for (const end = source + (length & ~63); source < end; source += 64) {
    const a = v128.load(source);
    const b = v128.load(source, 16);
    const c = v128.load(source, 32);
    const d = v128.load(source, 48);
    const to = source + distance;
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    total = i64x2.add(total, a);
    high = i64x2.add(high, i64x2.shr_u(a, 32));
    total2 = i64x2.add(total2, b);
    high2 = i64x2.add(high2, i64x2.shr_u(b, 32));
    total = i64x2.add(total, c);
    high = i64x2.add(high, i64x2.shr_u(c, 32));
    total2 = i64x2.add(total2, d);
    high2 = i64x2.add(high2, i64x2.shr_u(d, 32));
  }
  target = source + distance;
  for (const end = source + (length & 48); source < end; source += 16, target += 16) {
    const a = v128.load(source);
    v128.store(target, a);
    total = i64x2.add(total, a);
    high = i64x2.add(high, i64x2.shr_u(a, 32));
  }
  const vectors = across(i64x2.add(total, total2), i64x2.add(high, high2));
  return folded(vectors + copyTail(target, source, length));
}

/** Two partial sums as one, where the second's octets begin at an even offset from the first's. */
export function combine(a: u32, b: u32): u32 {
  return a + b;
}

/** Two partial sums as one, where the second's octets begin at an odd offset (RFC 1071, 2 B). */
export function combineOdd(a: u32, b: u32): u32 {
  return a + <u32>bswap<u16>(fold(b));
}

/** A partial sum in 16 bits: 0xffff where a checksum among the octets is right. */
export function fold(partial: u32): u16 {
  partial = (partial & 0xffff) + (partial >>> 16);
  return <u16>(partial + (partial >>> 16));
}

/**
 * The partial sum of a pseudo-header (RFC 9293, 3.1; RFC 768): addresses as `be32` reads them, the
 * protocol's number, and the octets of header and data.
 */
export function pseudoHeader(source: u32, destination: u32, protocol: u32, length: u32): u32 {
  const words = (source >>> 16) + (source & 0xffff) + (destination >>> 16) +
    (destination & 0xffff) + protocol + length;
  return ordered(words);
}

/** The partial sum of 16-bit words that were added as the network orders them. */
export function ordered(words: u32): u32 {
  return <u32>bswap<u16>(fold(words));
}

/** What belongs into a checksum field that counted as zero in `partial`; stored as it is. */
export function complement(partial: u32): u16 {
  return ~fold(partial);
}

/** The checksum of `length` octets: for a field among them that is zero; 0 if one is right. */
export function checksum(address: usize, length: u32): u16 {
  return complement(sum(address, length));
}

/** `sum` for headers and other short runs: 32-bit words into 64 bits, without vectors. */
function shortSum(address: usize, length: u32): u32 {
  let words: u64 = 0;
  for (; length >= 16; length -= 16, address += 16) {
    words += <u64>load<u32>(address) + <u64>load<u32>(address, 4) +
      <u64>load<u32>(address, 8) + <u64>load<u32>(address, 12);
  }
  return folded(words + tail(address, length));
}

/** The last 0 to 15 octets. */
function tail(address: usize, length: u32): u64 {
  let words: u64 = 0;
  if (length & 8) {
    words = <u64>load<u32>(address) + <u64>load<u32>(address, 4);
    address += 8;
  }
  if (length & 4) {
    words += <u64>load<u32>(address);
    address += 4;
  }
  if (length & 2) {
    words += <u64>load<u16>(address);
    address += 2;
  }
  if (length & 1) words += <u64>load<u8>(address);
  return words;
}

/** The last 0 to 15 octets, copied on the way. */
function copyTail(target: usize, source: usize, length: u32): u64 {
  let words: u64 = 0;
  if (length & 8) {
    const eight = load<u64>(source);
    store<u64>(target, eight);
    words = (eight & 0xffffffff) + (eight >>> 32);
    source += 8;
    target += 8;
  }
  if (length & 4) {
    const four = load<u32>(source);
    store<u32>(target, four);
    words += <u64>four;
    source += 4;
    target += 4;
  }
  if (length & 2) {
    const two = load<u16>(source);
    store<u16>(target, two);
    words += <u64>two;
    source += 2;
    target += 2;
  }
  if (length & 1) {
    const one = load<u8>(source);
    store<u8>(target, one);
    words += <u64>one;
  }
  return words;
}

/** The sum of all 32-bit words that went into `total` and `high`. */
function across(total: v128, high: v128): u64 {
  const both = i64x2.add(i64x2.sub(total, i64x2.shl(high, 32)), high);
  return v128.extract_lane<u64>(both, 0) + v128.extract_lane<u64>(both, 1);
}

/** 64 bits to at most 0xffff, by end-around carry. */
function folded(words: u64): u32 {
  words = (words & 0xffffffff) + (words >>> 32);
  words = (words & 0xffff) + ((words >>> 16) & 0xffff) + (words >>> 32);
  words = (words & 0xffff) + (words >>> 16);
  return <u32>((words & 0xffff) + (words >>> 16));
}
