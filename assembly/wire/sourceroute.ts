/** Source routes (RFC 791, 3.1; RFC 1122, 3.2.1.8c): the options LSRR and SSRR where they lie. */

import { be32, setBe32, setOctet } from "./bytes";
import { IPV4_HEADER, Ipv4Header } from "./ipv4";

/** Kinds of option. */
const enum IpOption {
  END = 0,
  NOP = 1,
  LOOSE_ROUTE = 131,
  STRICT_ROUTE = 137,
}
/** Octets of kind, length and pointer; the pointer counts from 1. */
const HEAD: u32 = 3;
const ADDRESS: u32 = 4;
/** Addresses that an option has room for. */
export const MAXIMUM_HOPS: u32 = 9;

/** The hops to somebody: the first one is the next from here, the destination is not among them. */
@unmanaged
export class SourceRoute {
  /** 1: there are no others between (SSRR). */
  strict: u16;
  count: u16;
  private hop0: u32;
  private hop1: u32;
  private hop2: u32;
  private hop3: u32;
  private hop4: u32;
  private hop5: u32;
  private hop6: u32;
  private hop7: u32;
  private hop8: u32;
  /** The hop of that number, which is below `count`. */
  hopAt(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + (<usize>index << 2), offsetof<this>("hop0"));
  }
  /** One more behind the others; false: there is no room for it. */
  append(hop: u32): bool {
    const index = <u32>this.count;
    if (index == MAXIMUM_HOPS) return false;
    store<u32>(changetype<usize>(this) + (<usize>index << 2), hop, offsetof<this>("hop0"));
    this.count = <u16>(index + 1);
    return true;
  }
  /** Octets that it takes of a header. */
  get octets(): u32 {
    return (HEAD + ADDRESS * <u32>this.count + 3) & ~3;
  }
  /** Whether it goes the same way as `other`. */
  equals(other: SourceRoute): bool {
    if (this.count != other.count || this.strict != other.strict) return false;
    for (let i: u32 = 0; i < <u32>this.count; i++) {
      if (this.hopAt(i) != other.hopAt(i)) return false;
    }
    return true;
  }
}
if (offsetof<SourceRoute>() != 40) ERROR("a SourceRoute has room for nine hops");

/** Where the source route of a whole header lies; 0: it has none, or none that can be. */
export function findSourceRoute(ip: Ipv4Header): usize {
  const base = changetype<usize>(ip);
  const end = ip.headerLength;
  let offset = IPV4_HEADER;
  while (offset + HEAD <= end) {
    const kind: u32 = load<u8>(base + offset);
    if (kind == IpOption.END) return 0;
    if (kind == IpOption.NOP) {
      offset++;
      continue;
    }
    const length: u32 = load<u8>(base + offset, 1);
    if (length < 2 || offset + length > end) return 0;
    if (kind == IpOption.LOOSE_ROUTE || kind == IpOption.STRICT_ROUTE) {
      const whole = length > HEAD && (length - HEAD) % ADDRESS == 0;
      return whole && <u32>load<u8>(base + offset, 2) > HEAD ? base + offset : 0;
    }
    offset += length;
  }
  return 0;
}

/** Its last hop has been passed: who is the destination now is meant. */
export function isRouteOver(route: usize): bool {
  return load<u8>(route, 2) > load<u8>(route, 1);
}

/** For whom the datagram of `ip` is in the end. */
export function finalDestination(ip: Ipv4Header): u32 {
  if (ip.headerLength == IPV4_HEADER) return ip.destination;
  const route = findSourceRoute(ip);
  if (route == 0 || isRouteOver(route)) return ip.destination;
  return be32(route, <usize>load<u8>(route, 1) - ADDRESS);
}

/**
 * Writes the way back of a route that is over to `back`. Who began it may be among the recorded
 * hops: it is left out (RFC 1122, 3.2.1.8c, case B).
 */
export function reverseRoute(back: SourceRoute, route: usize, source: u32): void {
  const count: u32 = (<u32>load<u8>(route, 1) - HEAD) / ADDRESS;
  back.strict = load<u8>(route) == IpOption.STRICT_ROUTE ? 1 : 0;
  back.count = 0;
  for (let i = count; i > 0; i--) {
    const hop = be32(route, <usize>(HEAD + ADDRESS * (i - 1)));
    if (i > 1 || hop != source) back.append(hop);
  }
}

/** Writes `route` to `destination` behind a header that is for its first hop. */
export function writeSourceRoute(at: usize, route: SourceRoute, destination: u32): void {
  const count = <u32>route.count;
  const length = HEAD + ADDRESS * count;
  setOctet(at, 0, route.strict ? IpOption.STRICT_ROUTE : IpOption.LOOSE_ROUTE);
  setOctet(at, 1, length);
  setOctet(at, 2, HEAD + 1);
  for (let i: u32 = 0; i < count; i++) {
    const hop = i + 1 < count ? route.hopAt(i + 1) : destination;
    setBe32(at, <usize>(HEAD + ADDRESS * i), hop);
  }
  setOctet(at, <usize>length, IpOption.END);
}
