/**
 * The keyed hash of a connection's four-tuple: pair-multiply-shift (Thorup, "High speed hashing for
 * integers and strings", 2015, 3.5), strongly universal as long as the key is secret.
 */

import { Parameter, queryParameter } from "../../ex/registry";

/** Two keys of 64 bits for the pair of addresses, two for the ports, one to add. */
const KEYS: usize = memory.data(40, 8);

@unmanaged
class Keys {
  a: u64;
  b: u64;
  c: u64;
  d: u64;
  e: u64;
}

function keys(): Keys {
  return changetype<Keys>(KEYS);
}

function pairOf(low: Parameter, high: Parameter): u64 {
  return (<u64>queryParameter(high) << 32) | <u64>queryParameter(low);
}

/** Reads the key from the registry: eight words, stretched to ten. */
export function initializeHash(): void {
  const all = keys();
  all.a = pairOf(Parameter.NtstackKey0, Parameter.NtstackKey1);
  all.b = pairOf(Parameter.NtstackKey2, Parameter.NtstackKey3);
  all.c = pairOf(Parameter.NtstackKey4, Parameter.NtstackKey5);
  all.d = pairOf(Parameter.NtstackKey6, Parameter.NtstackKey7);
  all.e = all.a * 0x9e3779b97f4a7c15 + all.d;
}

/** 32 bits for a peer, its port and ours in `ports`, and our address. IRQL: any. */
export function hashTuple(remoteAddress: u32, ports: u32, localAddress: u32): u32 {
  const all = keys();
  const first = (all.a + <u64>remoteAddress) * (all.b + <u64>localAddress);
  const second = (all.c + <u64>ports) * all.d;
  return <u32>((first + second + all.e) >>> 32);
}
