/** TCP options (RFC 9293, 3.2; RFC 7323), read one by one where they lie. */

import { be16, setBe16 } from "./bytes";

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

/** Octets of an option with its kind and length. */
export const MSS_OPTION: u32 = 4;

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

/** Writes a maximum segment size option; returns its octets. */
export function writeMss(at: usize, mss: u32): u32 {
  setBe16(at, 0, (TcpOption.MSS << 8) | MSS_OPTION);
  setBe16(at, 2, mss);
  return MSS_OPTION;
}

