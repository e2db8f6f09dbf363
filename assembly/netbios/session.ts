/**
 * Sessions: who calls, who listens, and how they end (nt-facts 6.4). What a session does it does
 * while it has the gate of its LANA; events only leave word.
 */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, ListEntry, RemoveEntryList } from "../nt/list";
import { NTSTATUS, Status } from "../nt/status";
import { ticksOf } from "../nt/time";
import { GateRoutine, GateWork, queueGate } from "./gate";
import { InterlockedDecrement, InterlockedIncrement } from "../ex/interlocked";
import { ExAllocate, ExFree, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { noteDereference, noteReference } from "../vf/references";
import { Kdpc, KeInitializeDpc } from "../ke/dpc";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../ke/timer";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../ke/spinlock";
import { FileObject } from "../io/file";
import { ReceiveIndication } from "../tdi/event";
import { DisconnectFlag } from "../tdi/request";
import { Environment, Name, NameState, dereferenceEnvironment, dropName } from "./environment";
import { referenceEnvironment } from "./environment";
import { Lana } from "./lana";
import { NAME_OCTETS } from "./ncb";
import { Request } from "./request";

/** As SESSION_BUFFER has it. */
export const enum NcbSessionState {
  LISTEN_OUTSTANDING = 1,
  CALL_PENDING = 2,
  ESTABLISHED = 3,
  HANGUP_PENDING = 4,
  /** Over; its program has not heard of it. */
  HANGUP_COMPLETE = 5,
  ABORTED = 6,
}

/** Bits of `Session.events`. */
export const enum SessionEvent {
  /** The transport has a message. */
  READY = 1,
  /** The peer has hung up; or the connection is lost. */
  RELEASED = 2,
  ABORTED = 4,
  /** No SEND is under way any more. */
  IDLE = 8,
  /** The other end has not closed in time. */
  EXPIRED = 16,
}

/** A session. */
@unmanaged
export class Session extends GateWork {
  // Of whoever has the gate:
  environment: Environment;
  name: Name;
  number: u32;
  state: NcbSessionState;
  /** The transport's endpoint; null once it is closed. */
  file: FileObject | null;
  /** The HANG UP that waits. */
  hangUp: Request | null;
  /** 1: the transport has a message that nobody has asked for. */
  ready: u32;
  /** 1: a TDI_RECEIVE is under way. */
  receiving: u32;
  /** 1: the program has heard that it is over. */
  told: u32;
  /** 1: it is in no table any more. */
  gone: u32;
  /** What RECEIVEs and SENDs may take, in units of 500 ms, as CALL or LISTEN said; 0: for ever. */
  receiveLimit: u32;
  sendLimit: u32;
  /** What a RECEIVE that was cancelled has of a message: a block, what of it is not given yet. */
  kept: usize;
  keptOffset: u32;
  keptOctets: u32;
  /** 1: the transport has the rest of it. */
  keptMore: u32;
  private remote0: u64;
  private remote1: u64;
  /** Counted interlocked: its place in the table, its turn. */
  references: u32;
  private linkFlink: usize;
  private linkBlink: usize;
  private timer0: u64;
  private timer1: u64;
  private timer2: u64;
  private timer3: u64;
  private dpc0: u64;
  private dpc1: u64;
  private dpc2: u64;
  // Under `Gate.lock` of gate.ts:
  events: u32;
  /** SENDs that the transport has. */
  sends: u32;
  /** Its place in the table of its program. */
  get link(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("linkFlink"));
  }
  static ofLink(entry: ListEntry): Session {
    return at<Session>(changetype<usize>(entry) - offsetof<Session>("linkFlink"), 0);
  }
  /** Where the 16 octets of the peer's name lie. */
  get remote(): usize {
    return changetype<usize>(this) + offsetof<this>("remote0");
  }
  get lana(): Lana {
    return this.environment.lana;
  }
  get timer(): KTimer {
    return at<KTimer>(changetype<usize>(this), offsetof<this>("timer0"));
  }
  get dpc(): Kdpc {
    return at<Kdpc>(changetype<usize>(this), offsetof<this>("dpc0"));
  }
}
if (offsetof<KTimer>() > 32 || offsetof<Kdpc>() > 24) ERROR("Session: timer, dpc");
if (NAME_OCTETS != 16) ERROR("a Session has room for a name");

/** The largest local session number. */
const LAST_SESSION: u32 = 254;
/** How long the other end has to close: SSN_CLOSE_TIMEOUT (RFC 1002, 6). */
const CLOSE_MS: u32 = 30_000;

/**
 * A session of `name` in its program's table, which `routine` looks after; null: no memory. The
 * caller has the gate.
 */
export function createSession(
  name: Name,
  state: NcbSessionState,
  routine: GateRoutine,
): Session | null {
  const session = ExAllocate<Session>(Tag.Netbios);
  if (session == null) return null;
  const environment = name.environment;
  InitializeListHead(session);
  KeInitializeTimer(session.timer);
  KeInitializeDpc(session.dpc, expired, changetype<usize>(session));
  session.routine = routine;
  session.environment = environment;
  referenceEnvironment(environment);
  session.name = name;
  session.state = state;
  session.references = 1;
  session.number = nextNumber(environment);
  environment.sessionCount++;
  name.sessions++;
  const irql = KeAcquireSpinLock(environment.lana.lock);
  InsertTailList(environment.sessions, session.link);
  KeReleaseSpinLock(environment.lana.lock, irql);
  return session;
}

/** The number after the one given last that no session has. There must be one. */
function nextNumber(environment: Environment): u32 {
  let number = environment.lastSession;
  for (let left = LAST_SESSION; left != 0; left--) {
    number = number < LAST_SESSION ? number + 1 : 1;
    if (findSession(environment, number) == null) break;
  }
  environment.lastSession = number;
  return number;
}

/** The session of that number; null: there is none. The caller has the gate. */
export function findSession(environment: Environment, number: u32): Session | null {
  const head = environment.sessions;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const session = Session.ofLink(entry);
    if (session.number == number) return session;
  }
  return null;
}

/** The session that `request` is for; null: none, or it is over. The caller has the gate. */
export function sessionOf(request: Request): Session | null {
  const environment = request.environment;
  const session = environment != null ? findSession(environment, request.block.lsn) : null;
  return changetype<usize>(session) == request.session ? session : null;
}

/** Takes it out of the table: its number is free. Its file is closed. The caller has the gate. */
export function removeSession(session: Session): void {
  if (session.gone) return;
  session.gone = 1;
  forgetTimer(session);
  const name = session.name;
  session.environment.sessionCount--;
  name.sessions--;
  const irql = KeAcquireSpinLock(session.lana.lock);
  RemoveEntryList(session.link);
  KeReleaseSpinLock(session.lana.lock, irql);
  dereferenceSession(session);
  // It was deleted while sessions had it.
  if (name.sessions == 0 && name.state == NameState.DEREGISTERED) dropName(name);
}

/** It is not waited for any more: that reference goes. */
function forgetTimer(session: Session): void {
  if (KeCancelTimer(session.timer)) dereferenceSession(session);
}

/** One more holds it. IRQL: any. */
function referenceSession(session: Session): void {
  if (VERIFIER) noteReference(changetype<usize>(session), session.references);
  InterlockedIncrement(changetype<usize>(session) + offsetof<Session>("references"));
}

/** One fewer; the last one frees it. IRQL: <= DISPATCH_LEVEL. */
export function dereferenceSession(session: Session): void {
  const count = changetype<usize>(session) + offsetof<Session>("references");
  const left = InterlockedDecrement(count);
  if (VERIFIER) noteDereference(changetype<usize>(session), left);
  if (left != 0) return;
  const environment = session.environment;
  if (session.kept) ExFreePool(session.kept);
  ExFree(session);
  dereferenceEnvironment(environment);
}

/** Leaves word for the session, which has its turn. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function signalSession(session: Session, event: SessionEvent): void {
  const irql = KeAcquireSpinLock(session.lana.lock);
  session.events |= event;
  KeReleaseSpinLock(session.lana.lock, irql);
  referenceSession(session);
  if (!queueGate(session.lana, session)) dereferenceSession(session);
}

/**
 * From here on the other end has SSN_CLOSE_TIMEOUT to close. Once for a session, whose timer does
 * not run yet. The caller has the gate.
 */
export function limitClose(session: Session): void {
  referenceSession(session);
  KeSetTimerEx(session.timer, ticksOf(CLOSE_MS), 0, session.dpc);
}

/** That time is over. IRQL: DISPATCH_LEVEL. */
function expired(dpc: Kdpc, context: usize): void {
  const session = at<Session>(context, 0);
  signalSession(session, SessionEvent.EXPIRED);
  dereferenceSession(session);
}

/** The word that was left since its last turn. */
export function takeSessionEvents(session: Session): u32 {
  const irql = KeAcquireSpinLock(session.lana.lock);
  const events = session.events;
  session.events = 0;
  KeReleaseSpinLock(session.lana.lock, irql);
  return events;
}

/** A SEND is about to be given to the transport. */
export function beginSend(session: Session): void {
  const irql = KeAcquireSpinLock(session.lana.lock);
  session.sends++;
  KeReleaseSpinLock(session.lana.lock, irql);
  referenceSession(session);
}

/** The transport has done with a SEND; the last one is told. IRQL: <= DISPATCH_LEVEL. */
export function endSend(session: Session): void {
  const irql = KeAcquireSpinLock(session.lana.lock);
  session.sends--;
  const idle = session.sends == 0;
  KeReleaseSpinLock(session.lana.lock, irql);
  if (idle) signalSession(session, SessionEvent.IDLE);
  dereferenceSession(session);
}

/** SENDs that the transport has. */
export function sendsUnderWay(session: Session): u32 {
  const irql = KeAcquireSpinLock(session.lana.lock);
  const sends = session.sends;
  KeReleaseSpinLock(session.lana.lock, irql);
  return sends;
}

/**
 * ClientEventReceive. The message stays with the transport until an NCB asks for it: TCP's window
 * is all the buffer there is. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function receiveEvent(
  context: usize,
  connection: usize,
  indication: ReceiveIndication,
): NTSTATUS {
  signalSession(at<Session>(connection, 0), SessionEvent.READY);
  return Status.DATA_NOT_ACCEPTED;
}

/** ClientEventDisconnect. IRQL: DISPATCH_LEVEL. Locks: none. */
export function disconnectEvent(
  context: usize,
  connection: usize,
  flags: DisconnectFlag,
): NTSTATUS {
  const released = flags == DisconnectFlag.RELEASE;
  const event = released ? SessionEvent.RELEASED : SessionEvent.ABORTED;
  signalSession(at<Session>(connection, 0), event);
  return Status.SUCCESS;
}
