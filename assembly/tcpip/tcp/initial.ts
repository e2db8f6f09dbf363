/**
 * Initial sequence numbers (RFC 9293, 3.4.1): by time alone to SP3, a little keyed from SP4 on
 * (Q192292), keyed with the hotfix of MS99-046 (Q243835).
 */

import { sipHash } from "../../nt/siphash";
import { Parameter, queryParameter } from "../../ex/registry";
import { nowUs } from "../../trace/ring";

/** Values of NtstackIsnMode. */
const enum IsnMode {
  CLOCK = 0,
  KEYED = 1,
  MILLISECONDS = 2,
  KEYED_LITTLE = 3,
}
/** What of the key's function SP4 adds: with more of it, numbers would vary more than SP5's do. */
const LITTLE: u32 = 0x3fff;
/**
 * Of the clock of milliseconds, by how much it is ahead at a microsecond: numbers of real machines
 * vary by 4 to 170 a second where probes come evenly (nmap's SP, B to 3B). How theirs came to, no
 * source says.
 */
const AHEAD: u32 = 7;

/**
 * A clock that ticks every 4 microseconds (MUST-8), plus a keyed function of the four-tuple. NT to
 * SP3: milliseconds, as scanners see them.
 */
export function initialSequence(localAddress: u32, remoteAddress: u32, ports: u32): u32 {
  const mode: IsnMode = queryParameter(Parameter.NtstackIsnMode);
  const now = nowUs();
  if (mode == IsnMode.MILLISECONDS) return <u32>(now / 1000) + (<u32>now & AHEAD);
  const clock = <u32>(now >>> 2);
  if (mode == IsnMode.CLOCK) return clock;
  const secret = <u32>secretOf(localAddress, remoteAddress, ports);
  return clock + (mode == IsnMode.KEYED_LITTLE ? secret & LITTLE : secret);
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
  return keyedHash((<u64>localAddress << 32) | <u64>remoteAddress, <u64>ports);
}

/** A keyed function of two words, with the machine's key. IRQL: any. */
export function keyedHash(first: u64, second: u64): u64 {
  const key0 = wordOf(Parameter.NtstackKey0, Parameter.NtstackKey5);
  const key1 = wordOf(Parameter.NtstackKey2, Parameter.NtstackKey7);
  return sipHash(key0, key1, first, second);
}

function wordOf(low: Parameter, high: Parameter): u64 {
  return (<u64>queryParameter(high) << 32) | <u64>queryParameter(low);
}
