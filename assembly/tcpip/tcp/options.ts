/** What was agreed when the connection opened (RFC 9293, 3.2 and 3.7.1). */

import { mustHold } from "../../ke/spinlock";
import { TCP_HEADER } from "../../wire/tcp";
import { MSS_OPTION, TcpOption, optionKind, optionLength, optionMss } from "../../wire/tcpoption";
import { IPV4_HEADER } from "../../wire/ipv4";
import { Drop, drop } from "../counters";
import { Parameter, queryParameter } from "../../ex/registry";
import { Segment } from "./segment";
import { Tcb } from "./tcb";

/** RFC 9293, 3.7.1 (MUST-15): what the peer takes if it does not say. */
const DEFAULT_MSS: u32 = 536;
/** What nobody goes below: a peer that offers less would make us send many times its data. */
const LEAST_MSS: u32 = 64;

/**
 * The peer's maximum segment size; 536 when its SYN does not say, 0 when an option is malformed.
 */
export function readMss(segment: Segment): u32 {
  let at = changetype<usize>(segment.header) + TCP_HEADER;
  let left = segment.header.length - TCP_HEADER;
  let mss = DEFAULT_MSS;
  while (left > 0) {
    const kind = optionKind(at);
    if (kind == TcpOption.END) break;
    const length = optionLength(at, left);
    if (length == 0) {
      drop(Drop.TCP_OPTION);
      return 0;
    }
    if (kind == TcpOption.MSS && length == MSS_OPTION) mss = optionMss(at);
    at += length;
    left -= length;
  }
  return mss < LEAST_MSS ? LEAST_MSS : mss;
}

/** The largest segment that datagrams of `mtu` octets carry. */
export function mssOf(mtu: u32): u32 {
  return mtu - IPV4_HEADER - TCP_HEADER;
}

/** Agrees on segment size and windows: the peer's offer, and what our interface allows. */
export function agreeLocked(tcb: Tcb, offered: u32, mtu: u32): void {
  mustHold(tcb.lock);
  const own = mssOf(mtu);
  const mss = offered < own ? offered : own;
  tcb.mss = <u16>mss;
  tcb.rcvWnd = <u16>windowFor(own);
  tcb.cwnd = mss * queryParameter(Parameter.NtstackInitialWindowSegments);
  tcb.ssthresh = 0x3fffffff;
}

/**
 * NT: the window is the smaller of 0xFFFF and max(4 * MSS, 8192 rounded up to a multiple of the
 * MSS): 8760 on Ethernet (nt-facts 2.1). A value that is set is rounded down to whole segments.
 */
function windowFor(mss: u32): u32 {
  const wanted = queryParameter(Parameter.TcpWindowSize);
  if (wanted != 0) {
    const whole = wanted - (wanted % mss);
    return whole ? whole : wanted;
  }
  const four = 4 * mss;
  const eightK = ((8192 + mss - 1) / mss) * mss;
  const larger = four > eightK ? four : eightK;
  return larger < 0xffff ? larger : 0xffff;
}
