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
  const low = queryParameter(Parameter.NtstackKey0);
  const high = queryParameter(Parameter.NtstackKey5);
  const key = ((<u64>high) << 32) | <u64>low;
  const addresses = ((<u64>localAddress) << 32) | <u64>remoteAddress;
  const secret = mix(mix(addresses ^ key) + <u64>ports * 0x9e3779b97f4a7c15 + key);
  return clock + <u32>secret;
}
