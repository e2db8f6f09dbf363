/**
 * SO_LINGER (Winsock 1.1, 4.1.17): what a close does with octets that nobody has acknowledged. As
 * in msafd.dll, who closes asks first whether there is something to wait for, and closes then.
 */

import { at } from "../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { TICKS_PER_SECOND } from "../nt/time";
import { InterlockedDecrement } from "../ex/interlocked";
import { ExAllocate } from "../ex/pool";
import { Tag } from "../ex/tag";
import { ExInitializeWorkItem, ExQueueWorkItem, WorkItem } from "../ex/workitem";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { Kdpc, KeInitializeDpc } from "../ke/dpc";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../ke/timer";
import { INFINITE, KeWaitForSingleObject } from "../ke/wait";
import { disconnectFile } from "../tdi/client";
import { DisconnectFlag } from "../tdi/request";
import { Endpoint, EndpointFlag, EndpointState, SocketEvent, SocketKind } from "./endpoint";
import { referenceEndpoint } from "./endpoint";
import { leaveHandle } from "./handle";
import { signal } from "./poll";

/** What a socket has for which SO_LINGER was set once; it stays until the socket is freed. */
@unmanaged
export class Linger {
  // In the turn of a call, or before it has a handle:
  /** As user mode gave them: the struct linger's l_onoff in the high half, l_linger in the low. */
  value: u32;
  // Of ke/timer.ts, ke/dpc.ts and ex/workitem.ts:
  private timer0: u64;
  private timer1: u64;
  private timer2: u64;
  private timer3: u64;
  private dpc0: u64;
  private dpc1: u64;
  private dpc2: u64;
  private item0: u64;
  private item1: u64;
  private item2: u64;
  /** Runs while the socket lingers, and then has a reference of it. */
  get timer(): KTimer {
    return at<KTimer>(changetype<usize>(this), offsetof<this>("timer0"));
  }
  get dpc(): Kdpc {
    return at<Kdpc>(changetype<usize>(this), offsetof<this>("dpc0"));
  }
  /** The time is up: the rest is for PASSIVE_LEVEL. */
  get item(): WorkItem {
    return at<WorkItem>(changetype<usize>(this), offsetof<this>("item0"));
  }
  get isOn(): bool {
    return this.value >>> 16 != 0;
  }
  get seconds(): u32 {
    return this.value & 0xffff;
  }
}
if (offsetof<KTimer>() > 32) ERROR("a Linger has room for a KTimer");
if (offsetof<Kdpc>() > 24) ERROR("a Linger has room for a Kdpc");
if (offsetof<WorkItem>() > 24) ERROR("a Linger has room for a WorkItem");

/** Sets SO_LINGER of a socket in whose turn the caller is. IRQL: PASSIVE_LEVEL. */
export function setLinger(endpoint: Endpoint, value: u32): NTSTATUS {
  if (endpoint.kind == SocketKind.DATAGRAM) return Status.INVALID_PARAMETER;
  let linger = lingerOf(endpoint);
  if (linger == null) linger = ExAllocate<Linger>(Tag.Endpoint);
  if (linger == null) return Status.INSUFFICIENT_RESOURCES;
  if (!endpoint.linger) {
    const context = changetype<usize>(endpoint);
    KeInitializeTimer(linger.timer);
    KeInitializeDpc(linger.dpc, expired, context);
    ExInitializeWorkItem(linger.item, giveUp, context);
    endpoint.linger = changetype<usize>(linger);
  }
  linger.value = value;
  return Status.SUCCESS;
}

/** What SO_LINGER is set to; 0: off. IRQL: PASSIVE_LEVEL. */
export function queryLinger(endpoint: Endpoint): u32 {
  const linger = lingerOf(endpoint);
  return linger == null ? 0 : linger.value;
}

/** A close is to be by force: no time is given. IRQL: PASSIVE_LEVEL. */
export function isHardClose(endpoint: Endpoint): bool {
  const linger = lingerOf(endpoint);
  return linger != null && linger.isOn && linger.seconds == 0;
}

function lingerOf(endpoint: Endpoint): Linger | null {
  return endpoint.linger ? at<Linger>(endpoint.linger, 0) : null;
}

/** Whether a close has to wait: SO_LINGER has a time, and not all is acknowledged. Locks: none. */
export function mustLinger(endpoint: Endpoint): bool {
  const own = lingerOf(endpoint);
  if (own == null || !own.isOn || own.seconds == 0) return false;
  const irql = KeAcquireSpinLock(endpoint.lock);
  const waits = isUnacknowledgedLocked(endpoint);
  KeReleaseSpinLock(endpoint.lock, irql);
  return waits;
}

function isUnacknowledgedLocked(endpoint: Endpoint): bool {
  mustHold(endpoint.lock);
  return endpoint.state == EndpointState.CONNECTED && endpoint.sendQueued != 0;
}

/**
 * Lingers, once no more can be sent. PENDING: LINGERED tells when all is acknowledged, or when the
 * time is up: then the connection is reset. SUCCESS: all is acknowledged now. IRQL: PASSIVE_LEVEL.
 * Locks: none.
 */
export function beginLinger(endpoint: Endpoint): NTSTATUS {
  const own = at<Linger>(endpoint.linger, 0);
  const irql = KeAcquireSpinLock(endpoint.lock);
  const waits = isUnacknowledgedLocked(endpoint);
  if (waits && (endpoint.flags & EndpointFlag.LINGERING) == 0) {
    endpoint.flags |= <u16>EndpointFlag.LINGERING;
    endpoint.status = Status.SUCCESS;
    referenceEndpoint(endpoint);
    KeSetTimerEx(own.timer, own.seconds * TICKS_PER_SECOND, 0, own.dpc);
  }
  KeReleaseSpinLock(endpoint.lock, irql);
  return waits ? Status.PENDING : Status.SUCCESS;
}

/** It lingers no more. The caller has a reference: its timer's is not the last. */
export function stopLingerLocked(endpoint: Endpoint): void {
  mustHold(endpoint.lock);
  const own = lingerOf(endpoint);
  if (own == null || (endpoint.flags & EndpointFlag.LINGERING) == 0) return;
  endpoint.flags &= ~(<u16>EndpointFlag.LINGERING);
  if (KeCancelTimer(own.timer)) {
    InterlockedDecrement(changetype<usize>(endpoint) + offsetof<Endpoint>("references"));
  }
}

/**
 * A send of `endpoint` has ended with `status`: whether that was what a lingering socket waits for,
 * and no octet is on its way any more.
 */
export function hasLingeredLocked(endpoint: Endpoint, status: NTSTATUS): bool {
  mustHold(endpoint.lock);
  if ((endpoint.flags & EndpointFlag.LINGERING) == 0) return false;
  if (!NT_SUCCESS(status)) endpoint.status = status;
  return endpoint.sendQueued == 0;
}

/** The time is up. Its reference goes to the worker, which a socket has once: it lingers once. */
function expired(dpc: Kdpc, context: usize): void {
  ExQueueWorkItem(at<Linger>(at<Endpoint>(context, 0).linger, 0).item);
}

/** The worker thread: what is not acknowledged is lost, and the peer is told by a reset. */
function giveUp(context: usize): void {
  const endpoint = at<Endpoint>(context, 0);
  // In its turn: the socket is not closed meanwhile.
  KeWaitForSingleObject(endpoint.turn, INFINITE);
  const irql = KeAcquireSpinLock(endpoint.lock);
  const lingers = (endpoint.flags & EndpointFlag.LINGERING) != 0;
  stopLingerLocked(endpoint);
  if (lingers) endpoint.status = Status.IO_TIMEOUT;
  KeReleaseSpinLock(endpoint.lock, irql);
  const file = lingers ? endpoint.connectionFile : null;
  // Without memory for it the close that follows does it.
  if (file != null) disconnectFile(file, DisconnectFlag.ABORT);
  if (lingers) signal(endpoint, SocketEvent.LINGERED);
  leaveHandle(endpoint);
}
