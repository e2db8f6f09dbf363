/** Initial sequence numbers (RFC 9293, 3.4.1): by time alone to SP3, keyed from SP4 (Q192292). */

import { sipHash } from "../../nt/siphash";
import { Parameter, queryParameter } from "../../ex/registry";
import { nowUs } from "../../trace/ring";

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

/** A keyed function of a four-tuple, or of other numbers (MUST-9). IRQL: any. */
export function secretOf(localAddress: u32, remoteAddress: u32, ports: u32): u64 {
  const key0 = wordOf(Parameter.NtstackKey0, Parameter.NtstackKey5);
  const key1 = wordOf(Parameter.NtstackKey2, Parameter.NtstackKey7);
  return sipHash(key0, key1, (<u64>localAddress << 32) | <u64>remoteAddress, <u64>ports);
}

function wordOf(low: Parameter, high: Parameter): u64 {
  return (<u64>queryParameter(high) << 32) | <u64>queryParameter(low);
}
