/** TCP options (RFC 9293, 3.2; RFC 7323; RFC 2018), read one by one where they lie. */

import { be16, be32, setBe16, setBe32 } from "./bytes";

/** Kinds of option. */
export const enum TcpOption {
  END = 0,
  NOP = 1,
  MSS = 2,
  WINDOW_SCALE = 3,
  SACK_PERMITTED = 4,
  SACK = 5,
  TIMESTAMPS = 8,
}

/** Octets of a maximum segment size option, with its kind and length. */
export const MSS_OPTION: u32 = 4;
/** Octets of a window scale option. */
export const SCALE_OPTION: u32 = 3;
/** Octets of a SACK-permitted option. */
export const SACK_PERMITTED_OPTION: u32 = 2;
/** Octets of a timestamps option. */
export const TIMESTAMPS_OPTION: u32 = 10;
/** Octets of a SACK option without blocks. */
export const SACK_OPTION: u32 = 2;
/** Octets of a block of a SACK option. */
export const SACK_BLOCK: u32 = 8;
/** Timestamps behind two NOPs, as nearly everybody lays them (RFC 7323, appendix A). */
export const ALIGNED_TIMESTAMPS: u32 = 12;
/** NOP, NOP, kind, length. */
const ALIGNED_WORD: u32 = 0x0101080a;
/** NOP, NOP, and what a SACK option begins with. */
const ALIGNED_SACK: u32 = (TcpOption.NOP << 8) | TcpOption.NOP;

/** The kind of the option at `at`. */
export function optionKind(at: usize): u32 {
  return load<u8>(at);
}

/**
 * Octets of the option at `at`, of which `left` octets are there; 0 when its length is illegal
 * (MUST-7).
 */
export function optionLength(at: usize, left: u32): u32 {
  const kind: u32 = load<u8>(at);
  if (kind == TcpOption.END || kind == TcpOption.NOP) return 1;
  if (left < 2) return 0;
  const length: u32 = load<u8>(at + 1);
  return length < 2 || length > left ? 0 : length;
}

/** The 16-bit value of a maximum segment size option. */
export function optionMss(at: usize): u32 {
  return be16(at, 2);
}

/** The shift of a window scale option. */
export function optionShift(at: usize): u32 {
  return load<u8>(at + 2);
}

/** TSval of a timestamps option. */
export function optionStamp(at: usize): u32 {
  return be32(at, 2);
}

/** TSecr of a timestamps option. */
export function optionEcho(at: usize): u32 {
  return be32(at, 6);
}

/** At `at` lie timestamps behind two NOPs. */
export function isAlignedStamps(at: usize): bool {
  return be32(at, 0) == ALIGNED_WORD;
}

/** Writes a maximum segment size option; returns its octets. */
export function writeMss(at: usize, mss: u32): u32 {
  setBe16(at, 0, (TcpOption.MSS << 8) | MSS_OPTION);
  setBe16(at, 2, mss);
  return MSS_OPTION;
}

/** Writes a NOP; returns its octets. */
export function writeNop(at: usize): u32 {
  store<u8>(at, TcpOption.NOP);
  return 1;
}

/** Writes an end of options; returns its octets. */
export function writeEnd(at: usize): u32 {
  store<u8>(at, TcpOption.END);
  return 1;
}

/** Writes a window scale option; returns its octets. */
export function writeScale(at: usize, shift: u32): u32 {
  setBe16(at, 0, (TcpOption.WINDOW_SCALE << 8) | SCALE_OPTION);
  store<u8>(at + 2, <u8>shift);
  return SCALE_OPTION;
}

/** Writes a SACK-permitted option; returns its octets. */
export function writeSackPermitted(at: usize): u32 {
  setBe16(at, 0, (TcpOption.SACK_PERMITTED << 8) | SACK_PERMITTED_OPTION);
  return SACK_PERMITTED_OPTION;
}

/** Writes a timestamps option; returns its octets. */
export function writeStamps(at: usize, stamp: u32, echo: u32): u32 {
  setBe16(at, 0, (TcpOption.TIMESTAMPS << 8) | TIMESTAMPS_OPTION);
  setBe32(at, 2, stamp);
  setBe32(at, 6, echo);
  return TIMESTAMPS_OPTION;
}

/** Writes timestamps behind two NOPs; returns their octets. */
export function writeAlignedStamps(at: usize, stamp: u32, echo: u32): u32 {
  setBe32(at, 0, ALIGNED_WORD);
  setBe32(at, 4, stamp);
  setBe32(at, 8, echo);
  return ALIGNED_TIMESTAMPS;
}

/** Octets of a SACK option of `blocks` blocks behind two NOPs. */
export function alignedSack(blocks: u32): u32 {
  return 2 + SACK_OPTION + blocks * SACK_BLOCK;
}

/** Writes two NOPs and the head of a SACK option of `blocks` blocks; returns their octets. */
export function writeSackHead(at: usize, blocks: u32): u32 {
  setBe16(at, 0, ALIGNED_SACK);
  setBe16(at, 2, (TcpOption.SACK << 8) | (SACK_OPTION + blocks * SACK_BLOCK));
  return 2 + SACK_OPTION;
}

/** Writes one block of a SACK option; returns its octets. */
export function writeSackBlock(at: usize, left: u32, right: u32): u32 {
  setBe32(at, 0, left);
  setBe32(at, 4, right);
  return SACK_BLOCK;
}

/** The left edge of block `index` of a SACK option. */
export function optionLeft(at: usize, index: u32): u32 {
  return be32(at, SACK_OPTION + index * SACK_BLOCK);
}

/** The right edge of block `index` of a SACK option. */
export function optionRight(at: usize, index: u32): u32 {
  return be32(at, SACK_OPTION + index * SACK_BLOCK + 4);
}
