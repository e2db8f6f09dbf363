/**
 * Requests: what the driver has of an NCB until it is completed. The data of an NCB is copied, so
 * that a program may end, or give its memory back, while a transport is at it.
 */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, ListEntry, RemoveEntryList } from "../nt/list";
import { RtlCopyMemory } from "../nt/memory";
import { NTSTATUS, Status } from "../nt/status";
import { ticksOf } from "../nt/time";
import { GateRoutine, GateWork, queueGate } from "./gate";
import { InterlockedDecrement, InterlockedIncrement } from "../ex/interlocked";
import { ExAllocate, ExAllocatePoolWithTag, ExFree, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { noteDereference, noteReference } from "../vf/references";
import { Kdpc, KeInitializeDpc } from "../ke/dpc";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../ke/timer";
import { FileObject } from "../io/file";
import { Irp, IoFreeIrp } from "../io/irp";
import { Mdl, describe } from "../io/mdl";
import { NetbiosAddress } from "../tdi/address";
import { NetbtControl } from "../tdi/netbt";
import { Environment, Name, dereferenceEnvironment, referenceEnvironment } from "./environment";
import { Lana } from "./lana";
import { Ncb, NcbReturn } from "./ncb";
import { putReady } from "./ready";

/** Bits of `Request.events`. */
export const enum RequestEvent {
  /** The transport has ended its IRP. */
  DONE = 1,
  TIMED_OUT = 2,
  /** A datagram was copied to its buffer. */
  FILLED = 4,
}

/** Where a request is. */
export const enum RequestState {
  /** It is to be looked at, or waits for what is to come. */
  WAITING,
  /** The transport has its IRP. */
  CALLED,
  COMPLETE,
}

/** A request. */
@unmanaged
export class Request extends GateWork {
  lana: Lana;
  process: u32;
  /** Counted interlocked: until user mode has read its end, its IRP, its timer, its turn. */
  references: u32;
  /** NcbCommand, without ASYNCH. */
  command: u32;
  /** Null until it has passed the gate, and of a RESET. */
  environment: Environment | null;
  name: Name | null;
  /** Of ADD NAME: what is being opened. */
  file: FileObject | null;
  /** A Session (session.ts), or 0. */
  session: usize;
  state: RequestState;
  /** What it is completed with whatever comes: PENDING: what the transport says. */
  verdict: NcbReturn;
  /** What NetBT is asked for it (remote.ts). */
  asks: NetbtControl;
  /** How the IRP ended. */
  status: NTSTATUS;
  information: u32;
  /** The octets that it sends, or that came for it. */
  buffer: usize;
  /** How many of them its program gets. */
  given: u32;
  private ncb0: u64;
  private ncb1: u64;
  private ncb2: u64;
  private ncb3: u64;
  private ncb4: u64;
  private ncb5: u64;
  private ncb6: u64;
  private ncb7: u64;
  private address0: u64;
  private address1: u64;
  private address2: u64;
  private mdl0: u32;
  private mdl1: u32;
  private mdl2: u32;
  private timer0: u64;
  private timer1: u64;
  private timer2: u64;
  private timer3: u64;
  private dpc0: u64;
  private dpc1: u64;
  private dpc2: u64;
  // Under `Gate.lock` of gate.ts:
  /** Where the NCB lies in user mode's memory; 0: its program is gone. */
  ncb: usize;
  events: u32;
  private linkFlink: usize;
  private linkBlink: usize;
  /** Its place among its environment's, then among those that user mode is told of. */
  get link(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("linkFlink"));
  }
  static ofLink(entry: ListEntry): Request {
    return at<Request>(changetype<usize>(entry) - offsetof<Request>("linkFlink"), 0);
  }
  /** The other name: who is called, who sent. */
  get address(): NetbiosAddress {
    return at<NetbiosAddress>(changetype<usize>(this), offsetof<this>("address0"));
  }
  /** Describes its octets, for the transport. */
  get mdl(): Mdl {
    return at<Mdl>(changetype<usize>(this), offsetof<this>("mdl0"));
  }
  private get timer(): KTimer {
    return at<KTimer>(changetype<usize>(this), offsetof<this>("timer0"));
  }
  private get dpc(): Kdpc {
    return at<Kdpc>(changetype<usize>(this), offsetof<this>("dpc0"));
  }
  /** Its NCB as it was when it was submitted; what is written to it, the program gets. */
  get block(): Ncb {
    return at<Ncb>(changetype<usize>(this), offsetof<this>("ncb0"));
  }
  prepare(routine: GateRoutine): void {
    InitializeListHead(this);
    InitializeListHead(this.link);
    this.routine = routine;
    KeInitializeTimer(this.timer);
    KeInitializeDpc(this.dpc, timedOut, changetype<usize>(this));
  }
  startTimer(ticks: u32): void {
    KeSetTimerEx(this.timer, ticks, 0, this.dpc);
  }
  /** True: it will not come any more. */
  stopTimer(): bool {
    return KeCancelTimer(this.timer);
  }
}
if (offsetof<NetbiosAddress>() > 24 || offsetof<Mdl>() > 12) ERROR("Request: address, mdl");
if (offsetof<KTimer>() > 32 || offsetof<Kdpc>() > 24) ERROR("Request: timer, dpc");

/** The unit of `ncb_rto` and `ncb_sto`. */
const TIMEOUT_MS: u32 = 500;

/** A request for the NCB at `ncb`; null: no memory. IRQL: <= DISPATCH_LEVEL. */
export function createRequest(
  lana: Lana,
  process: u32,
  ncb: usize,
  command: u32,
  routine: GateRoutine,
): Request | null {
  const request = ExAllocate<Request>(Tag.Netbios);
  if (request == null) return null;
  request.prepare(routine);
  request.lana = lana;
  request.process = process;
  request.references = 1;
  request.ncb = ncb;
  RtlCopyMemory(changetype<usize>(request.block), ncb, offsetof<Ncb>());
  request.command = command;
  request.verdict = NcbReturn.PENDING;
  return request;
}

/** One more holds it. IRQL: any. */
export function referenceRequest(request: Request): void {
  if (VERIFIER) noteReference(changetype<usize>(request), request.references);
  InterlockedIncrement(changetype<usize>(request) + offsetof<Request>("references"));
}

/** One fewer; the last one frees it, and its octets. IRQL: <= DISPATCH_LEVEL. */
export function dereferenceRequest(request: Request): void {
  const count = changetype<usize>(request) + offsetof<Request>("references");
  const left = InterlockedDecrement(count);
  if (VERIFIER) noteDereference(changetype<usize>(request), left);
  if (left != 0) return;
  const environment = request.environment;
  if (request.buffer) ExFreePool(request.buffer);
  ExFree(request);
  if (environment != null) dereferenceEnvironment(environment);
}

/** Room for its octets, in place of what it had; false: no memory. */
export function allocateBuffer(request: Request, octets: u32): bool {
  // A message of no octets has an address, too.
  const block = ExAllocatePoolWithTag(octets ? octets : 1, Tag.NetbiosBuffer);
  if (block == 0) return false;
  if (request.buffer) ExFreePool(request.buffer);
  request.buffer = block;
  describe(request.mdl, block, octets);
  return true;
}

/** It belongs to `environment` from here on, and is one of its pending ones. */
export function beginPending(request: Request, environment: Environment): void {
  request.environment = environment;
  environment.pendingCount++;
  referenceEnvironment(environment);
  const irql = KeAcquireSpinLock(request.lana.lock);
  InsertTailList(environment.pending, request.link);
  KeReleaseSpinLock(request.lana.lock, irql);
}

/**
 * The request after `previous` that the program has not had an answer to, or the first; null: there
 * are no more. The caller has the gate: nobody else takes any away.
 */
export function nextPending(environment: Environment, previous: Request | null): Request | null {
  const irql = KeAcquireSpinLock(environment.lana.lock);
  const next = nextPendingLocked(environment, previous);
  KeReleaseSpinLock(environment.lana.lock, irql);
  return next;
}

/** As nextPending, for events. */
export function nextPendingLocked(
  environment: Environment,
  previous: Request | null,
): Request | null {
  mustHold(environment.lana.lock);
  const entry = previous == null ? environment.pending.flink : previous.link.flink;
  return entry == environment.pending ? null : Request.ofLink(entry);
}

/** Has the request come back to its gate after so many half seconds; 0: never. */
export function limitTime(request: Request, halfSeconds: u32): void {
  if (halfSeconds == 0) return;
  referenceRequest(request);
  request.startTimer(ticksOf(halfSeconds * TIMEOUT_MS));
}

/** Its time is over. IRQL: DISPATCH_LEVEL. */
function timedOut(dpc: Kdpc, context: usize): void {
  const request = at<Request>(context, 0);
  signalRequest(request, RequestEvent.TIMED_OUT);
  dereferenceRequest(request);
}

/** Tells the request's routine of `event`, before the gate. IRQL: <= DISPATCH_LEVEL. */
function signalRequest(request: Request, event: RequestEvent): void {
  const irql = KeAcquireSpinLock(request.lana.lock);
  request.events |= event;
  KeReleaseSpinLock(request.lana.lock, irql);
  turn(request);
}

/** Its routine has its turn; a reference goes with it (`endTurn`). IRQL: <= DISPATCH_LEVEL. */
export function turn(request: Request): void {
  referenceRequest(request);
  if (!queueGate(request.lana, request)) dereferenceRequest(request);
}

/** Where its NCB lies; 0: its program is gone. */
export function ncbOf(request: Request): usize {
  const irql = KeAcquireSpinLock(request.lana.lock);
  const ncb = request.ncb;
  KeReleaseSpinLock(request.lana.lock, irql);
  return ncb;
}

/** The events since the last turn. */
export function takeEvents(request: Request): u32 {
  const irql = KeAcquireSpinLock(request.lana.lock);
  const events = request.events;
  request.events = 0;
  KeReleaseSpinLock(request.lana.lock, irql);
  return events;
}

/** CompletionRoutine of what is asked of the transport for a request. */
export function requestDone(irp: Irp, context: usize): NTSTATUS {
  const request = at<Request>(context, 0);
  request.status = irp.status;
  request.information = irp.information;
  IoFreeIrp(irp);
  signalRequest(request, RequestEvent.DONE);
  dereferenceRequest(request);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** An IRP is about to be sent for `request`: a reference goes with it. */
export function beginCall(request: Request): void {
  request.state = RequestState.CALLED;
  referenceRequest(request);
}

/**
 * Completes a request once: its NCB has `code`, and user mode is told. Its program may be gone.
 * IRQL: PASSIVE_LEVEL; the caller has the gate. Locks: none.
 */
export function completeRequest(request: Request, code: NcbReturn): void {
  if (request.state == RequestState.COMPLETE) return;
  forgetTimer(request);
  const environment = request.environment;
  if (environment != null) environment.pendingCount--;
  const irql = KeAcquireSpinLock(request.lana.lock);
  const told = completeLocked(request, code);
  KeReleaseSpinLock(request.lana.lock, irql);
  // Who is told reads it, and gives back what `createRequest` has counted.
  if (!told) dereferenceRequest(request);
}

/** Its time is limited no more: that reference goes. */
function forgetTimer(request: Request): void {
  if (request.stopTimer()) dereferenceRequest(request);
}

/** False: there is nobody to be told. */
function completeLocked(request: Request, code: NcbReturn): bool {
  mustHold(request.lana.lock);
  request.state = RequestState.COMPLETE;
  RemoveEntryList(request.link);
  if (request.ncb == 0) return false;
  const block = request.block;
  if (request.given) RtlCopyMemory(<usize>block.buffer, request.buffer, request.given);
  block.retcode = <u8>code;
  block.cmdCplt = <u8>code;
  RtlCopyMemory(request.ncb, changetype<usize>(block), offsetof<Ncb>());
  putReady(request.link);
  return true;
}

/** Its program gets what is in its buffer, as far as it asked; false: that is not all. */
export function give(request: Request, octets: u32): bool {
  const room: u32 = request.block.length;
  request.given = octets < room ? octets : room;
  request.block.length = <u16>request.given;
  return octets <= room;
}

/** Completes it with the first `octets` of its buffer, as far as the program has room. */
export function giveAll(request: Request, octets: u32): void {
  completeRequest(request, give(request, octets) ? NcbReturn.GOODRET : NcbReturn.INCOMP);
}
