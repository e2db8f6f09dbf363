/** Sizes and offsets of the structures the host reads. */

import { Gate } from "./netbios/gate";
import { Half } from "./tcpip/tcp/half";
import { Tcb } from "./tcpip/tcp/tcb";

/** What is half open, of `nextHalf`: as in a control block. */
export const Half_remoteAddress: u32 = <u32>offsetof<Half>("remoteAddress");
/** As in a control block. */
export const Half_ports: u32 = <u32>offsetof<Half>("ports");
/** As in a control block. */
export const Half_localAddress: u32 = <u32>offsetof<Half>("localAddress");

/** Where the address lies of who keeps a gate of `gateAt`; its lock is its first word. */
export const Gate_keeper: u32 = <u32>offsetof<Gate>("keeper");
/** The tick since which: u32. */
export const Gate_sinceTick: u32 = <u32>offsetof<Gate>("sinceTick");
/** What names the site, as the number of an acquire of the word at `Gate_keeper`: u32. */
export const Gate_sequence: u32 = <u32>offsetof<Gate>("sequence");
/** How many requests wait: u32. */
export const Gate_waiters: u32 = <u32>offsetof<Gate>("waiters");

/** Where a control block's count of references lies: u32. */
export const Tcb_references: u32 = <u32>offsetof<Tcb>("references");
/** u32, host order. */
export const Tcb_remoteAddress: u32 = <u32>offsetof<Tcb>("remoteAddress");
/** u32: the peer's port above, ours below. */
export const Tcb_ports: u32 = <u32>offsetof<Tcb>("ports");
/** u32, host order. */
export const Tcb_localAddress: u32 = <u32>offsetof<Tcb>("localAddress");
/** u8: TcpState. */
export const Tcb_state: u32 = <u32>offsetof<Tcb>("state");
/** u32: TcbFlag. */
export const Tcb_flags: u32 = <u32>offsetof<Tcb>("flags");
/** u32: RCV.NXT. */
export const Tcb_rcvNxt: u32 = <u32>offsetof<Tcb>("rcvNxt");
/** u32: SND.UNA. */
export const Tcb_sndUna: u32 = <u32>offsetof<Tcb>("sndUna");
/** u32: SND.NXT. */
export const Tcb_sndNxt: u32 = <u32>offsetof<Tcb>("sndNxt");
/** u16: SND.WND, octets. */
export const Tcb_sndWnd: u32 = <u32>offsetof<Tcb>("sndWnd");
/** u32: congestion window, octets. */
export const Tcb_cwnd: u32 = <u32>offsetof<Tcb>("cwnd");
/** u16: largest segment to send, octets. */
export const Tcb_mss: u32 = <u32>offsetof<Tcb>("mss");
/** u32: retransmission timeout, milliseconds. */
/** In its low 24 bits. */
export const Tcb_rto: u32 = <u32>offsetof<Tcb>("rtoAndService");
/** Octets of a control block. */
export const Tcb_size: u32 = <u32>offsetof<Tcb>();
