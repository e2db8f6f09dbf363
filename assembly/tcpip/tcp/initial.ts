/** Initial sequence numbers (RFC 9293, 3.4.1): by time alone to SP3, keyed from SP4 (Q192292). */

import { Parameter, queryParameter } from "../../ex/registry";
import { nowUs } from "../../trace/ring";

/** A mixer for 64 bits (MurmurHash3's finalizer); the key is added before. */
function mix(word: u64): u64 {
  word ^= word >>> 33;
  word *= 0xff51afd7ed558ccd;
  word ^= word >>> 33;
  word *= 0xc4ceb9fe1a85ec53;
  return word ^ (word >>> 33);
}

/** A clock that ticks every 4 microseconds (MUST-8), plus a keyed function of the four-tuple. */
export function initialSequence(localAddress: u32, remoteAddress: u32, ports: u32): u32 {
  const clock = <u32>(nowUs() >>> 2);
  if (queryParameter(Parameter.NtstackIsnMode) == 0) return clock;
  return clock + <u32>secretOf(localAddress, remoteAddress, ports);
}

/**
 * What the timestamps of a connection begin with: nobody else's, and the same for the next one of
 * its four-tuple, whose timestamps are newer then (RFC 7323, 5.4; RFC 6191).
 */
export function timestampOffset(localAddress: u32, remoteAddress: u32, ports: u32): u32 {
  return <u32>(secretOf(localAddress, remoteAddress, ports) >>> 32);
}

/** A keyed function of the four-tuple. */
function secretOf(localAddress: u32, remoteAddress: u32, ports: u32): u64 {
  const low = queryParameter(Parameter.NtstackKey0);
  const high = queryParameter(Parameter.NtstackKey5);
  const key = ((<u64>high) << 32) | <u64>low;
  const addresses = ((<u64>localAddress) << 32) | <u64>remoteAddress;
  return mix(mix(addresses ^ key) + <u64>ports * 0x9e3779b97f4a7c15 + key);
}
