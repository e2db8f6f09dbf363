/**
 * A connection that is half open, as far as it must be remembered: a control block is made of it
 * for each segment that goes out, and for good when the handshake is over (RFC 4987, 3.4).
 */

import { at } from "../../nt/embed";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { TcpFlag } from "../../wire/tcp";
import { Drop, drop } from "../counters";
import { interfaceFor } from "../route";
import { beginSequenceLocked } from "./connect";
import { agreeEcnLocked } from "./ecn";
import { Options, agreeLocked, currentOptions, offerLocked } from "./options";
import { Segment } from "./segment";
import { Tcb, TcbFlag, allocateTcb, dereferenceTcb } from "./tcb";
import { beginStampsLocked } from "./timestamp";
import { transmitLocked } from "./transmit";
import { synWindowLocked, takeSynWindowLocked } from "./window";

/** Where the bits of `TcbFlag` lie that two SYNs agree on: `Half.agreed` has them from bit 0 on. */
const AGREED_SHIFT: u32 = 24;
const AGREED: u32 = TcbFlag.SCALE | TcbFlag.TIMESTAMPS | TcbFlag.SACK | TcbFlag.ECN;
if (AGREED >>> AGREED_SHIFT << AGREED_SHIFT != AGREED) ERROR("AGREED_SHIFT");

/** What a SYN said, and what was answered. */
@unmanaged
export class Half {
  remoteAddress: u32;
  /** As `Tcb.ports`. */
  ports: u32;
  localAddress: u32;
  /** Our initial sequence number, and the peer's. */
  iss: u32;
  irs: u32;
  /** The timestamp of the peer's SYN. */
  stamp: u32;
  window: u16;
  mss: u16;
  shift: u8;
  /** Options that hold: those of `TcbFlag`, from SCALE as bit 0 on. */
  agreed: u8;
  /** SYN-ACKs sent again because nothing came. */
  repeats: u8;
  /** 1: it came under SynAttackProtect. */
  shielded: u8;

  /** Those of `TcbFlag` that hold. */
  get flags(): u32 {
    return <u32>this.agreed << AGREED_SHIFT;
  }
  set flags(flags: u32) {
    this.agreed = <u8>((flags & AGREED) >>> AGREED_SHIFT);
  }
}
/** Octets of a `Half`. */
export const HALF_OCTETS: usize = 32;
if (offsetof<Half>() != HALF_OCTETS) ERROR("HALF_OCTETS");

const HALVES: usize = memory.data(256);
if (HALF_OCTETS * MAXIMUM_PROCESSORS > 256) ERROR("HALVES");

/** The one that the running processor looks at. IRQL: DISPATCH_LEVEL. */
export function currentHalf(): Half {
  return at<Half>(HALVES, <usize>KeGetCurrentProcessorNumber() * HALF_OCTETS);
}

/** Takes down what the SYN `segment` says, whose options were just read. */
export function readHalf(half: Half, segment: Segment, options: Options): void {
  const ecn: u32 = TcpFlag.ECE | TcpFlag.CWR;
  half.remoteAddress = segment.source;
  half.ports = segment.ports;
  half.localAddress = segment.destination;
  half.irs = segment.sequence;
  half.stamp = options.stamp;
  half.window = <u16>segment.window;
  half.mss = <u16>options.mss;
  half.shift = <u8>options.shift;
  half.flags = options.present | ((segment.flags & ecn) == ecn ? TcbFlag.ECN : 0);
  half.repeats = 0;
}

/**
 * A control block that has agreed to what the peer's SYN says, with the numbers of both sides: all
 * but its state and its timer.
 */
export function beginHalfLocked(tcb: Tcb, half: Half, mtu: u32): void {
  mustHold(tcb.lock);
  const options = currentOptions();
  options.present = half.flags & ~TcbFlag.ECN;
  options.mss = half.mss;
  options.shift = half.shift;
  options.stamp = half.stamp;
  beginSequenceLocked(tcb, half.iss);
  tcb.rcvNxt = half.irs + 1;
  tcb.sndWl1 = half.irs;
  tcb.retransmitCount = half.repeats;
  tcb.flags |= TcbFlag.PASSIVE;
  offerLocked(tcb, mtu);
  agreeLocked(tcb, options, mtu);
  agreeEcnLocked(tcb, half.flags & TcbFlag.ECN ? TcpFlag.ECE | TcpFlag.CWR : 0);
  beginStampsLocked(tcb, half.stamp);
  takeSynWindowLocked(tcb, half.window);
  tcb.rcvAdv = tcb.rcvNxt + synWindowLocked(tcb);
}

/**
 * A control block for `half`, CLOSED, in no table, with one reference: its maker's. Null, and
 * counted: no route, no memory. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function makeTcb(half: Half): Tcb | null {
  const via = interfaceFor(half.remoteAddress);
  if (via == null) {
    drop(Drop.IP_NO_ROUTE);
    return null;
  }
  const tcb = allocateTcb(half.localAddress, half.remoteAddress, half.ports);
  if (tcb == null) {
    drop(Drop.NO_MEMORY);
    return null;
  }
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  beginHalfLocked(tcb, half, via.mtu);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  return tcb;
}

/** What holds between `tcb` and its peer, for `Half.flags`. */
export function agreedLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  return tcb.flags & AGREED;
}

/**
 * As `makeTcb`, for a peer that was answered: null too where there is no memory for what was agreed
 * on then.
 */
export function remakeTcb(half: Half): Tcb | null {
  const tcb = makeTcb(half);
  if (tcb == null) return null;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const same = agreedLocked(tcb) == half.flags;
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (same) return tcb;
  drop(Drop.NO_MEMORY);
  dereferenceTcb(tcb);
  return null;
}

/** Queues the SYN-ACK of `half`, a RST, or, for its peer to tell where it is, an ACK alone. */
export function answerHalf(half: Half, flags: u32): void {
  const tcb = remakeTcb(half);
  if (tcb == null) return;
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  transmitLocked(tcb, flags & TcpFlag.SYN ? half.iss : half.iss + 1, flags, 0);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  dereferenceTcb(tcb);
}
