/** The checksum routines and the octet accessors as exports, and a sweep against a plain loop. */

import { copyAndSum, fold, sum } from "../../../assembly/wire/checksum";
import { le64, setLe64 } from "../../../assembly/wire/bytes";

export {
  checksum, combine, combineOdd, complement, copyAndSum, fold, pseudoHeader, sum,
} from "../../../assembly/wire/checksum";
export {
  be16, be32, le16, le32, setBe16, setBe32, setLe16, setLe32,
} from "../../../assembly/wire/bytes";

const GUARD: u32 = 0xa5;

/** Moves the 64-bit word at `source + offset` to `target + offset`: no i64 crosses the boundary. */
export function move64(target: usize, source: usize, offset: usize): void {
  setLe64(target, offset, le64(source, offset));
}

/** RFC 1071 as its text reads: one 16-bit word after another, the last octet padded with zero. */
export function plainSum(address: usize, length: u32): u32 {
  let words: u64 = 0;
  for (let i: u32 = 0; i < length; i++) {
    words += (i & 1) == 0 ? <u64>load<u8>(address + i) : <u64>load<u8>(address + i) << 8;
  }
  while (words >>> 16 != 0) words = (words & 0xffff) + (words >>> 16);
  return <u32>words;
}

/**
 * Holds `sum` and `copyAndSum` against `plainSum` for every length below `lengths` at every offset
 * below `offsets`. 0, or 1 + (offset << 16 | length) where one first differs, or where a copy is
 * not what was copied or wrote past its end.
 */
export function sweep(source: usize, target: usize, lengths: u32, offsets: u32): u32 {
  for (let offset: u32 = 0; offset < offsets; offset++) {
    for (let length: u32 = 0; length < lengths; length++) {
      const from = source + offset;
      const to = target + ((offset * 7) & 31);
      const expected = plainSum(from, length);
      memory.fill(to, 0x5a, length);
      store<u8>(to + length, GUARD);
      const copied = copyAndSum(to, from, length);
      const same = copied == expected && memory.compare(to, from, length) == 0;
      const right = sum(from, length) == expected && fold(expected) == expected;
      if (!same || !right || load<u8>(to + length) != GUARD) return 1 + (offset << 16 | length);
    }
  }
  return 0;
}
