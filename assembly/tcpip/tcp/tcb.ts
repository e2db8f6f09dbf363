/** TCB: one connection. */

import { RtlZeroMemory } from "../../nt/memory";
import { KeBugCheckEx, Stop } from "../../nt/bugcheck";
import { addressOf, at } from "../../nt/embed";
import { InitializeListHead, ListEntry } from "../../nt/list";
import { NTSTATUS } from "../../nt/status";
import { Parameter, queryParameter } from "../../ex/registry";
import { InterlockedDecrement, InterlockedIncrement } from "../../ex/interlocked";
import { LOOKASIDE_OCTETS, LookasideList } from "../../ex/lookaside";
import { ExAllocateFromNPagedLookasideList, ExDeleteNPagedLookasideList } from "../../ex/lookaside";
import { ExFreeToNPagedLookasideList, ExInitializeNPagedLookasideList } from "../../ex/lookaside";
import { Tag } from "../../ex/tag";
import { noteDereference, noteReference } from "../../vf/references";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeInitializeSpinLock, mustHold } from "../../ke/spinlock";
import { WheelEntry } from "../../ke/wheel";
import { Irp } from "../../io/irp";
import { RouteCacheEntry, dereferenceRoute } from "../route";
import { Connection } from "./endpoint";
import { Extension, freeExtension } from "./extension";
import { Held } from "./held";

/** Bits of `Tcb.flags`. */
export const enum TcbFlag {
  /** The indication under way is a call of an endpoint that has let go (connection.ts). */
  COUNTED = 0x01,
  /** In the list of those that may owe an acknowledgment (`ackNext`). */
  ACK_LISTED = 0x02,
  /** An acknowledgment must go now. */
  ACK_NOW = 0x04,
  /** An acknowledgment waits for its deadline (ackdeadline.ts), or has just come to it. */
  ACK_DELAYED = 0x08,
  /** Our client has no more to send: a FIN follows the last octet. */
  FIN_QUEUED = 0x10,
  /** The FIN has been sent at least once. */
  FIN_SENT = 0x20,
  /** The peer's FIN has been received in order. */
  FIN_RECEIVED = 0x40,
  /** The client is to be told that the peer disconnected, once it has taken all data. */
  DISCONNECT_OWED = 0x80,
  /** An indication to the client is under way. */
  INDICATING = 0x100,
  /** Made by a SYN that came in. */
  PASSIVE = 0x200,
  /** The client is told of the connection only when the handshake is over (SynAttackProtect 2). */
  LATE_INDICATION = 0x400,
  /** Counted among the half open, and among those retried. */
  HALF_OPEN = 0x800,
  HALF_OPEN_RETRIED = 0x1000,
  /** A segment is being timed. */
  TIMING = 0x2000,
  /** Fast recovery is under way, until `recover` is acknowledged. */
  RECOVERING = 0x4000,
  NO_DELAY = 0x8000,
  KEEP_ALIVE = 0x10000,
  /** Our SYN was answered by RST and is sent again (Q175523). */
  REFUSED = 0x20000,
  /** A segment was lost that must be sent again, whatever the window. */
  RETRANSMIT_NOW = 0x40000,
  /** Half open while SynAttackProtect was engaged: fewer SYN-ACKs. */
  PROTECTED = 0x80000,
  /** It was open: counted when it is over. */
  OPENED = 0x100000,
  /** Its endpoint is gone: it ends on its own. */
  ORPHAN = 0x200000,
  /** The peer has sent a FIN, at `finSequence`, that waits for its turn. */
  FIN_WAITS = 0x400000,
  /** Its datagrams go by a source route: that of `route`. */
  ROUTED = 0x800000,
  /** Options: offered by our SYN, and, once the peer's has come, what both carried. */
  SCALE = 0x1000000,
  /** It has an extension then. */
  TIMESTAMPS = 0x2000000,
  /** It has an extension then. */
  SACK = 0x4000000,
  /** There are blocks to report (sack.ts). */
  SACK_DUE = 0x8000000,
  /** Of what is on the way the peer has some already, or some is lost (sent.ts). */
  GAPS = 0x10000000,
  /** As the options: ECN. It has an extension once both have agreed. */
  ECN = 0x20000000,
  /** Urgent data is awaited, or was sent and is not acknowledged (urgent.ts). */
  URGENT = 0x40000000,
  /** Its datagrams have a type of service: `typeOfService`. */
  SERVICE = 0x80000000,
}

/** What a connection owes its client, done once its lock is let go: bits of `Tcb.todo`. */
export const enum Todo {
  /** Requests in `done` are to be completed. */
  COMPLETE = 1,
  /** The peer has closed its side and all its data is taken: ClientEventDisconnect, RELEASE. */
  RELEASED = 2,
  /** The connection is over by force: ClientEventDisconnect, ABORT. */
  ABORTED = 4,
  /** Out of the table, away from its endpoint. */
  REMOVE = 8,
  /** Away from its endpoint: TIME-WAIT needs none. */
  DETACH = 16,
  /** There is urgent data, or more of it: ClientEventReceiveExpedited. */
  URGENT = 32,
  /** An error that may pass: ClientEventError. */
  SOFT_ERROR = 64,
  /** Beside ABORTED: because nobody answered. */
  TIMED_OUT = 128,
}

/** Which deadline `timerDue` is. At most one of these runs at a time. */
export const enum TcpTimer {
  NONE,
  RETRANSMIT,
  PERSIST,
  KEEP_ALIVE,
  TIME_WAIT,
  /** Of the retransmission timer's kind: a tail may be lost (tail.ts), or be late (loss.ts). */
  TAIL,
  REORDER,
}

/**
 * A connection. The first 64 octets are what an in-order segment touches, the next 64 what its
 * acknowledgment does; what text of ours needs comes then, and what is rarely needed last.
 */
@unmanaged
export class Tcb {
  private lockWord: u32;
  /** Counted interlocked: the table has one, the endpoint one, each batch that found it one. */
  references: u32;
  // Do not change:
  remoteAddress: u32;
  /** The peer's port in the high half, ours in the low, as they lie in a segment that comes in. */
  ports: u32;
  localAddress: u32;
  // Under `lock`:
  state: u8;
  timer: u8;
  duplicateAcks: u8;
  retransmitCount: u8;
  flags: u32;
  rcvNxt: u32;
  /** One past the last octet that the peer may send: rcvNxt plus the window as advertised. */
  rcvAdv: u32;
  /** In SYN-SENT and SYN-RECEIVED: our SYN, the initial sequence number. */
  sndUna: u32;
  sndWnd: u16;
  /** Largest segment to send. */
  mss: u16;
  connection: Connection | null;
  /** The next one of those that may owe an acknowledgment. */
  ackNext: Tcb | null;
  /** Data that came in order and that the client has not taken. */
  held: Held | null;
  /** Octets that came since the last acknowledgment; as many as it holds. */
  unacknowledged: u16;
  /** How far the window fields of the peer's segments are shifted, and those of ours. */
  sndShift: u8;
  rcvShift: u8;
  // Written under `lock`:
  todo: u8;
  // Under `lock`:
  /** Persist: probes sent; keep-alive: probes unanswered. As many as it holds. */
  probes: u8;
  /** The largest window that the peer has offered. */
  maxSndWnd: u16;

  // 64
  sndNxt: u32;
  sndWl1: u32;
  /** Segments that came before their turn. */
  waiting: Held | null;
  private receiveFlink: usize;
  private receiveBlink: usize;
  sndMax: u32;
  /** One past the last octet that our client has sent: where its FIN will be. */
  sndEnd: u32;
  heldOctets: u32;
  route: RouteCacheEntry | null;
  /** What options and recovery need (extension.ts), or null. */
  extension: Extension | null;
  /** When the main timer is due; meaningful while it runs. */
  timerDue: u32;
  // Under `State.lock` of timer.ts:
  private wheelFlink: usize;
  private wheelBlink: usize;
  private wheelDue: u32;
  // Written under `Deadlines.lock` of ackdeadline.ts:
  /** Its place among the deadlines of acknowledgments, counted from 1; 0: it has none. */
  ackPlace: u32;
  // Under `lock`:
  /** What we keep for the client, octets: more than that we do not advertise. */
  rcvWnd: u32;

  // 128
  private sendFlink: usize;
  private sendBlink: usize;
  /** `openIrp` until the handshake is over, then `cursor`. */
  private request: Irp | null;
  /** `ackedOctets`, and `windowLimited` in the highest bit. */
  private ackedAndLimited: u32;
  cwnd: u32;
  ssthresh: u32;
  /**
   * The sequence number that is timed, and since when, in microseconds; where none is, when the
   * last one was sent, or the timer expired.
   */
  timedSequence: u32;
  timedUs: u32;
  /** Smoothed round trip and its variation, in microseconds times 8 and times 4; 0: no sample. */
  srtt: u32;
  rttvar: u32;
  /** `rto`, and `typeOfService` in the high octet. */
  private rtoAndService: u32;
  recover: u32;
  sndWl2: u32;
  /** TDI_DISCONNECT that waits for the end. */
  closeIrp: Irp | null;
  /** Requests to complete once the lock is let go, by driverContext. */
  done: Irp | null;
  /** Sequence number of the peer's FIN while it waits (FIN_WAITS); then `endedTick` (close.ts). */
  finSequence: u32;

  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
  get sends(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("sendFlink"));
  }
  get receives(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("receiveFlink"));
  }
  get wheelEntry(): WheelEntry {
    return at<WheelEntry>(changetype<usize>(this), offsetof<this>("wheelFlink"));
  }
  static ofWheel(entry: WheelEntry): Tcb {
    return at<Tcb>(changetype<usize>(entry) - offsetof<Tcb>("wheelFlink"), 0);
  }
  /**
   * The next one whose connect was given up. Under `Abandoned.lock` of connect.ts. It is where a
   * FIN's number would be: such a connection has not heard of its peer.
   */
  get nextAbandoned(): Tcb | null {
    return at<Tcb | null>(<usize>this.finSequence, 0);
  }
  set nextAbandoned(next: Tcb | null) {
    this.finSequence = <u32>addressOf(next);
  }
  /** TDI_CONNECT or TDI_ACCEPT that waits for the handshake. */
  get openIrp(): Irp | null {
    return this.flags & TcbFlag.OPENED ? null : this.request;
  }
  set openIrp(irp: Irp | null) {
    this.request = irp;
  }
  /**
   * The request that was sent from last. Requests: driverContext is the sequence number of their
   * first octet, driverOffset their length.
   */
  get cursor(): Irp | null {
    return this.flags & TcbFlag.OPENED ? this.request : null;
  }
  set cursor(irp: Irp | null) {
    this.request = irp;
  }
  /** Octets acknowledged since the congestion window last grew: fewer than it has. */
  get ackedOctets(): u32 {
    return this.ackedAndLimited & 0x7fffffff;
  }
  set ackedOctets(octets: u32) {
    this.ackedAndLimited = (this.ackedAndLimited & 0x80000000) | octets;
  }
  /** The congestion window, not the client, was the limit when text last went out. */
  get windowLimited(): bool {
    return <i32>this.ackedAndLimited < 0;
  }
  set windowLimited(limited: bool) {
    this.ackedAndLimited = (this.ackedAndLimited & 0x7fffffff) | (<u32>limited << 31);
  }
  /** The retransmission timeout in milliseconds: NtstackMaximumRto has fewer than 24 bits. */
  get rto(): u32 {
    return this.rtoAndService & 0xffffff;
  }
  set rto(ms: u32) {
    this.rtoAndService = (this.rtoAndService & 0xff000000) | ms;
  }
  /** The DiffServ field (RFC 2474) in its place, the two bits of ECN below it 0. */
  get typeOfService(): u32 {
    return this.rtoAndService >>> 24;
  }
  set typeOfService(value: u32) {
    this.rtoAndService = (value << 24) | (this.rtoAndService & 0xffffff);
  }
  get remotePort(): u32 {
    return this.ports >>> 16;
  }
  get localPort(): u32 {
    return this.ports & 0xffff;
  }
}
if (offsetof<Tcb>("sndNxt") != 64) ERROR("what an in-order segment touches ends at 64 octets");
if (offsetof<Tcb>("sendFlink") != 128) ERROR("what an acknowledgment touches ends at 128");
if (offsetof<Tcb>() != 192) ERROR("a connection is three cache lines");

const LIST: usize = memory.data(24);
if (LOOKASIDE_OCTETS > 24) ERROR("LIST");
/** Freed control blocks kept back at most. */
const KEPT: u32 = 4096;

function list(): LookasideList {
  return changetype<LookasideList>(LIST);
}

/** Makes the lookaside list. Once, at start. */
export function initializeTcbs(): void {
  ExInitializeNPagedLookasideList(list(), <u32>offsetof<Tcb>(), Tag.Tcb, KEPT);
}

/** Gives what the lookaside list kept back to the pool. At the end. */
export function deleteTcbList(): void {
  ExDeleteNPagedLookasideList(list());
}

/** [0]: control blocks in use. Counted interlocked. */
const IN_USE: usize = memory.data(4);

@unmanaged
class Word {
  value: u32;
}

/**
 * A connection, CLOSED and in no table, with one reference: its maker's. Null: no memory, or
 * TcpNumConnections are in use.
 */
export function allocateTcb(localAddress: u32, remoteAddress: u32, ports: u32): Tcb | null {
  const most = queryParameter(Parameter.TcpNumConnections);
  if (changetype<Word>(IN_USE).value >= most) return null;
  const block = ExAllocateFromNPagedLookasideList(list());
  if (block == 0) return null;
  InterlockedIncrement(IN_USE);
  RtlZeroMemory(block, offsetof<Tcb>());
  const tcb = at<Tcb>(block, 0);
  KeInitializeSpinLock(tcb.lock, LockRank.TcpTcb);
  tcb.references = 1;
  tcb.localAddress = localAddress;
  tcb.remoteAddress = remoteAddress;
  tcb.ports = ports;
  tcb.rto = queryParameter(Parameter.TcpInitialRTT);
  InitializeListHead(tcb.sends);
  InitializeListHead(tcb.receives);
  InitializeListHead(tcb.wheelEntry);
  return tcb;
}

/** One more holds `tcb`. IRQL: any. */
export function referenceTcb(tcb: Tcb): void {
  if (VERIFIER) noteReference(changetype<usize>(tcb), tcb.references);
  InterlockedIncrement(changetype<usize>(tcb) + offsetof<Tcb>("references"));
}

/** One fewer; the last one frees it. IRQL: <= DISPATCH_LEVEL. Locks: not its own. */
export function dereferenceTcb(tcb: Tcb): void {
  if (wasLast(tcb)) freeTcb(tcb);
}

/** One fewer; true when none is left, or there was none. Calls nothing, so it costs no call. */
function wasLast(tcb: Tcb): bool {
  return InterlockedDecrement(changetype<usize>(tcb) + offsetof<Tcb>("references")) + 1 <= 1;
}

/** The last reference is gone: nobody has it any more. */
function freeTcb(tcb: Tcb): void {
  const left = tcb.references;
  if (left != 0) {
    if (VERIFIER) noteDereference(changetype<usize>(tcb), left);
    KeBugCheckEx(Stop.DRIVER_VERIFIER_DETECTED_VIOLATION, 0x3f, changetype<u32>(tcb), left, 0);
    return;
  }
  const route = tcb.route;
  const extension = tcb.extension;
  if (route != null) dereferenceRoute(route);
  if (extension != null) freeExtension(extension);
  InterlockedDecrement(IN_USE);
  ExFreeToNPagedLookasideList(list(), changetype<usize>(tcb));
}

/** Leaves `irp` to be completed with `status` once the lock is let go. */
export function finishIrpLocked(tcb: Tcb, irp: Irp, status: NTSTATUS, information: u32): void {
  mustHold(tcb.lock);
  irp.status = status;
  irp.information = information;
  irp.driverContext = changetype<usize>(tcb.done);
  tcb.done = irp;
  tcb.todo |= <u8>Todo.COMPLETE;
}
