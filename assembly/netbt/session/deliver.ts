/**
 * A message to the client (nt-facts 4.3): indicated where it lies, or copied into the request that
 * waits for it. What the client does not take it must ask for; until then it hears of no more.
 */

import { at } from "../../nt/embed";
import { IsListEmpty, RemoveHeadList } from "../../nt/list";
import { NTSTATUS, Status } from "../../nt/status";
import { checkDelivered } from "../../vf/indications";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { IoSetNextIrpStackLocation } from "../../io/call";
import { IoSetCancelRoutine } from "../../io/cancel";
import { IoCompleteRequest } from "../../io/complete";
import { Irp, irpOfQueue } from "../../io/irp";
import { copyToMdl, mdlLength } from "../../io/mdl";
import { IoMarkIrpPending, parametersOf } from "../../io/stack";
import { ReceiveIndication } from "../../tdi/event";
import { indicateReceive } from "../../tdi/indicate";
import { TdiTransfer } from "../../tdi/parameters";
import { ReceiveFlag } from "../../tdi/request";
import { Block, BlockFlag, NetbtConnection } from "./block";
import { beginCall, endCall } from "./endpoint";

/** Octets that an indication has at least, or the whole message (nt-facts 4.3). */
const LOOKAHEAD: u32 = 128;
/** Nothing more can be delivered now. */
export const STOP: i32 = -1;

/** One indication for each processor: it lives during the call. */
const INDICATIONS: usize = memory.data(256);
const INDICATION_OCTETS: usize = 32;
if (offsetof<ReceiveIndication>() > INDICATION_OCTETS) ERROR("INDICATIONS");
if (<u32>INDICATION_OCTETS * MAXIMUM_PROCESSORS > 256) ERROR("INDICATIONS: one a processor");

/**
 * Delivers `run` octets at `data` of a message of which `block.left` are left. Returns how many are
 * dealt with; STOP: the client must ask, or more must come. The caller is BUSY. IRQL: <=
 * DISPATCH_LEVEL. Locks: none.
 */
export function deliver(block: Block, data: usize, run: u32): i32 {
  const irql = KeAcquireSpinLock(block.lock);
  const endpoint = block.endpoint;
  const irp = currentLocked(block);
  const may = irp == null && endpoint != null && mayIndicateLocked(block, run);
  if (may && endpoint != null) beginCall(endpoint);
  KeReleaseSpinLock(block.lock, irql);
  if (irp != null) return <i32>fill(block, irp, data, run);
  // The client has gone: nobody hears of it.
  if (endpoint == null) return <i32>take(block, run);
  return may ? indicate(block, endpoint, data, run) : STOP;
}

/** The request that is being filled, or the next one that waits; null: there is none. */
function currentLocked(block: Block): Irp | null {
  mustHold(block.lock);
  while (block.current == null && !IsListEmpty(block.receives)) {
    const irp = irpOfQueue(RemoveHeadList(block.receives));
    // Who takes the cancel routine away owns the completion (nt-facts 9.4).
    if (IoSetCancelRoutine(irp, null) != null) beginFill(block, irp);
  }
  return block.current;
}

/** The request into which the next octets of the message go; null: none waits. Locks: none. */
export function nextRequest(block: Block): Irp | null {
  const irql = KeAcquireSpinLock(block.lock);
  const irp = currentLocked(block);
  KeReleaseSpinLock(block.lock, irql);
  return irp;
}

function beginFill(block: Block, irp: Irp): void {
  irp.driverOffset = 0;
  block.current = irp;
}

function mayIndicateLocked(block: Block, run: u32): bool {
  mustHold(block.lock);
  if (block.flags & BlockFlag.OWED) return false;
  return run >= LOOKAHEAD || run == block.left;
}

/** `octets` of the message are dealt with (I3). */
function take(block: Block, octets: u32): u32 {
  if (VERIFIER) checkDelivered(changetype<u32>(block), octets, block.left);
  block.left -= octets;
  return octets;
}

/** Octets that the request that is being filled still has room for. IRQL: any. */
export function roomOf(irp: Irp): u32 {
  const length = parametersOf<TdiTransfer>(irp).length;
  const room = mdlLength(irp.mdl);
  return (length < room ? length : room) - irp.driverOffset;
}

function fill(block: Block, irp: Irp, data: usize, run: u32): u32 {
  const room = roomOf(irp);
  const octets = run < room ? run : room;
  copyToMdl(irp.mdl, irp.driverOffset, data, octets);
  noteFilled(block, irp, octets);
  return octets;
}

/** `octets` more are in the request: it ends with the message, or when it is full. */
export function noteFilled(block: Block, irp: Irp, octets: u32): void {
  irp.driverOffset += take(block, octets);
  const over = block.left == 0;
  if (over) block.headerOctets = 0;
  if (!over && roomOf(irp) != 0) return;
  block.current = null;
  if (!over) owe(block);
  IoCompleteRequest(irp, over ? Status.SUCCESS : Status.BUFFER_OVERFLOW, irp.driverOffset);
}

/** What is left of the message waits for the client, unless it has asked already. */
function owe(block: Block): void {
  const irql = KeAcquireSpinLock(block.lock);
  if (IsListEmpty(block.receives)) block.flags |= BlockFlag.OWED;
  KeReleaseSpinLock(block.lock, irql);
}

/** ClientEventReceive. */
function indicate(block: Block, endpoint: NetbtConnection, data: usize, run: u32): i32 {
  const own = <usize>KeGetCurrentProcessorNumber() * INDICATION_OCTETS;
  const indication = at<ReceiveIndication>(INDICATIONS, own);
  const address = endpoint.address;
  let status: NTSTATUS = Status.DATA_NOT_ACCEPTED;
  indication.flags = ReceiveFlag.NORMAL;
  if (run == block.left) indication.flags |= ReceiveFlag.ENTIRE_MESSAGE;
  indication.indicated = run;
  indication.available = block.left;
  indication.tsdu = data;
  const client = endpoint.clientContext;
  if (address != null) status = indicateReceive(address.handlers, client, indication);
  const taken = indication.taken < run ? indication.taken : run;
  const irp = indication.irp;
  endCall(endpoint);
  const whole = run == block.left;
  take(block, taken);
  if (irp != null) {
    IoSetNextIrpStackLocation(irp);
    IoMarkIrpPending(irp);
    beginFill(block, irp);
    return <i32>taken;
  }
  // A message of no octets is taken by a client that says so, and by no other.
  const over = taken == run && whole && status != Status.DATA_NOT_ACCEPTED;
  if (over) return <i32>taken;
  owe(block);
  return taken ? <i32>taken : STOP;
}
