/** Options as they come in, and what was agreed (RFC 9293, 3.2 and 3.7.1; RFC 7323; RFC 2018). */

import { at } from "../../nt/embed";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { mustHold } from "../../ke/spinlock";
import { TCP_HEADER } from "../../wire/tcp";
import { ALIGNED_TIMESTAMPS, MSS_OPTION, SACK_BLOCK, SACK_OPTION } from "../../wire/tcpoption";
import { SACK_PERMITTED_OPTION, SCALE_OPTION, TIMESTAMPS_OPTION } from "../../wire/tcpoption";
import { TcpOption, optionEcho, optionKind, optionLength, optionMss } from "../../wire/tcpoption";
import { optionShift, optionStamp } from "../../wire/tcpoption";
import { IPV4_HEADER } from "../../wire/ipv4";
import { Drop, drop } from "../counters";
import { Parameter, queryParameter } from "../../ex/registry";
import { allocateExtension, freeExtension } from "./extension";
import { timestampOffset } from "./initial";
import { Segment } from "./segment";
import { Tcb, TcbFlag } from "./tcb";

/** RFC 9293, 3.7.1 (MUST-15): what the peer takes if it does not say. */
const DEFAULT_MSS: u32 = 536;
/** What nobody goes below: a peer that offers less would make us send many times its data. */
const LEAST_MSS: u32 = 64;
/** RFC 7323, 2.3: a greater shift is taken as this one. */
const MAXIMUM_SHIFT: u32 = 14;
/** The most that a window field says. */
const MAXIMUM_FIELD: u32 = 0xffff;

/** What two SYNs can agree on. */
const AGREED: u32 = TcbFlag.SCALE | TcbFlag.TIMESTAMPS | TcbFlag.SACK;
/** Values of Tcp1323Opts. */
const enum Rfc1323 {
  SCALE = 1,
  TIMESTAMPS = 2,
}

/** The options of the segment that is looked at. */
@unmanaged
export class Options {
  /** Those of `AGREED` that are there. */
  present: u32;
  mss: u32;
  shift: u32;
  /** TSval and TSecr. */
  stamp: u32;
  echo: u32;
  /** Where its SACK option lies, and how many blocks it has. */
  sack: usize;
  blocks: u32;
  /** 1: an option's length is illegal (MUST-7); what comes before it was read. */
  malformed: u32;
}
const EACH: usize = 32;
const ALL: usize = memory.data(256);
if (offsetof<Options>() > EACH || EACH * MAXIMUM_PROCESSORS > 256) ERROR("ALL");

/** What `readOptions` has read last on the running processor. */
export function currentOptions(): Options {
  return at<Options>(ALL, <usize>KeGetCurrentProcessorNumber() * EACH);
}

/** Reads the options of `segment`, once for all its steps. IRQL: DISPATCH_LEVEL. */
export function readOptions(segment: Segment): Options {
  const options = currentOptions();
  let at = changetype<usize>(segment.header) + TCP_HEADER;
  let left = segment.header.length - TCP_HEADER;
  options.present = 0;
  options.mss = DEFAULT_MSS;
  options.blocks = 0;
  options.malformed = 0;
  while (left > 0) {
    const kind = optionKind(at);
    if (kind == TcpOption.END) break;
    const length = optionLength(at, left);
    if (length == 0) {
      options.malformed = 1;
      break;
    }
    if (kind != TcpOption.NOP) readOption(options, at, kind, length);
    at += length;
    left -= length;
  }
  return options;
}

function readOption(options: Options, at: usize, kind: u32, length: u32): void {
  if (kind == TcpOption.MSS && length == MSS_OPTION) {
    const mss = optionMss(at);
    options.mss = mss < LEAST_MSS ? LEAST_MSS : mss;
  } else if (kind == TcpOption.WINDOW_SCALE && length == SCALE_OPTION) {
    const shift = optionShift(at);
    options.shift = shift < MAXIMUM_SHIFT ? shift : MAXIMUM_SHIFT;
    options.present |= TcbFlag.SCALE;
  } else if (kind == TcpOption.SACK_PERMITTED && length == SACK_PERMITTED_OPTION) {
    options.present |= TcbFlag.SACK;
  } else if (kind == TcpOption.TIMESTAMPS && length == TIMESTAMPS_OPTION) {
    options.stamp = optionStamp(at);
    options.echo = optionEcho(at);
    options.present |= TcbFlag.TIMESTAMPS;
  } else if (kind == TcpOption.SACK && length >= SACK_OPTION + SACK_BLOCK) {
    options.sack = at;
    options.blocks = (length - SACK_OPTION) / SACK_BLOCK;
  }
}

/** The options of a SYN; null, and counted, when one is malformed: nothing is agreed with it. */
export function readSynOptions(segment: Segment): Options | null {
  const options = readOptions(segment);
  if (options.malformed == 0) return options;
  drop(Drop.TCP_OPTION);
  return null;
}

/** Our SYNs carry timestamps where the peer's do. IRQL: any. */
export function offersStamps(): bool {
  return (queryParameter(Parameter.Tcp1323Opts) & Rfc1323.TIMESTAMPS) != 0;
}

/** The largest segment that datagrams of `mtu` octets carry. */
export function mssOf(mtu: u32): u32 {
  return mtu - IPV4_HEADER - TCP_HEADER;
}

/** Prepares what our SYN offers; without memory for an extension, no more than a window scale. */
export function offerLocked(tcb: Tcb, mtu: u32): void {
  mustHold(tcb.lock);
  const rfc1323 = queryParameter(Parameter.Tcp1323Opts);
  let offer: u32 = rfc1323 & Rfc1323.SCALE ? TcbFlag.SCALE : 0;
  if (rfc1323 & Rfc1323.TIMESTAMPS) offer |= TcbFlag.TIMESTAMPS;
  if (queryParameter(Parameter.SackOpts)) offer |= TcbFlag.SACK;
  if (offer & ~TcbFlag.SCALE) {
    const extension = allocateExtension();
    if (extension == null) offer &= TcbFlag.SCALE;
    else extension.tsOffset = timestampOffset(tcb.localAddress, tcb.remoteAddress, tcb.ports);
    tcb.extension = extension;
  }
  tcb.flags |= offer;
  tcb.rcvWnd = windowFor(mssOf(mtu), (offer & TcbFlag.SCALE) != 0);
  tcb.rcvShift = <u8>(offer & TcbFlag.SCALE ? shiftFor(tcb.rcvWnd) : 0);
}

/** SYNs with options; then they may be what keeps them from arriving (NtstackSynDropOptions). */
const OFFERS: u32 = 3;

/** The SYN goes out again: the last ones without options but for the MSS. */
export function withdrawOffersLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  if (<u32>tcb.retransmitCount < OFFERS || queryParameter(Parameter.NtstackSynDropOptions) == 0) {
    return;
  }
  withdrawAgreedLocked(tcb);
}

/** Nothing holds but the MSS: our SYN says no more. */
export function withdrawAgreedLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  tcb.flags &= ~AGREED;
  tcb.rcvShift = 0;
}

/** The shift that our SYN offers for a window of `window` octets. */
function shiftFor(window: u32): u32 {
  let shift = queryParameter(Parameter.NtstackWindowShift);
  while (window >>> shift > MAXIMUM_FIELD && shift < MAXIMUM_SHIFT) shift++;
  return shift;
}

/** The peer's SYN has come: what both have offered holds, within what our interface allows. */
export function agreeLocked(tcb: Tcb, options: Options, mtu: u32): void {
  mustHold(tcb.lock);
  const own = mssOf(mtu);
  const agreed = tcb.flags & options.present & AGREED;
  tcb.flags = (tcb.flags & ~AGREED) | agreed;
  tcb.sndShift = 0;
  if (agreed & TcbFlag.SCALE) tcb.sndShift = <u8>options.shift;
  else tcb.rcvShift = 0;
  const extension = tcb.extension;
  if (extension != null && (agreed & ~TcbFlag.SCALE) == 0) {
    tcb.extension = null;
    freeExtension(extension);
  }
  if (tcb.flags & TcbFlag.PASSIVE && queryParameter(Parameter.TcpWindowSize) == 0) {
    // NT: whole segments of the peer's size; a SYN that has gone out has promised its window.
    tcb.rcvWnd = windowFor(options.mss < own ? options.mss : own, false);
  }
  const route = tcb.route;
  const path = route != null ? mssOf(route.pathMtu) : own;
  beginSizesLocked(tcb, options.mss < path ? options.mss : path);
}

/** Segments carry at most `mss` octets of text and options (MUST-16). */
function beginSizesLocked(tcb: Tcb, mss: u32): void {
  mustHold(tcb.lock);
  const stamps: u32 = tcb.flags & TcbFlag.TIMESTAMPS ? ALIGNED_TIMESTAMPS : 0;
  const text = mss - stamps;
  tcb.mss = <u16>text;
  tcb.cwnd = text * queryParameter(Parameter.NtstackInitialWindowSegments);
  tcb.ssthresh = 0x3fffffff;
}

/**
 * NT: the window is the smaller of 0xFFFF and max(4 * MSS, 8192 rounded up to a multiple of the
 * MSS): 8760 on Ethernet (nt-facts 2.1). A value that is set is rounded down to whole segments; up,
 * as from Windows 2000 on, where windows can be scaled, or it is more than the field can say.
 */
function windowFor(mss: u32, scales: bool): u32 {
  const wanted = queryParameter(Parameter.TcpWindowSize);
  if (wanted != 0) {
    const part = wanted % mss;
    if (scales || wanted > MAXIMUM_FIELD) return part ? wanted + mss - part : wanted;
    const whole = wanted - part;
    return whole ? whole : wanted;
  }
  const four: u32 = mss * 4;
  const eightK: u32 = ((8192 + mss - 1) / mss) * mss;
  const larger = four > eightK ? four : eightK;
  return larger < MAXIMUM_FIELD ? larger : MAXIMUM_FIELD;
}
