/**
 * The pool of connection blocks (Q142641; nt-facts 1.3): two and what its clients add. Their number
 * is fixed, or grows with the calls that come (BacklogIncrement). Opening and closing is the
 * worker's.
 */

import { InsertTailList, IsListEmpty, RemoveEntryList, RemoveHeadList } from "../../nt/list";
import { Parameter, queryParameter } from "../../ex/registry";
import { ExQueueWorkItem } from "../../ex/workitem";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { FileObject } from "../../io/file";
import { NetbtDevice, boundDevice } from "../device";
import { Block, referenceBlock } from "./block";

/** Blocks that NetBT has without any client. */
const OWN_BLOCKS: u32 = 2;

/** Blocks that `device` is to have, apart from those of sessions where these do not count. */
function wantedLocked(device: NetbtDevice): u32 {
  mustHold(device.lock);
  return OWN_BLOCKS + device.added + device.grown;
}

/** Blocks that it has of these. */
function countedLocked(device: NetbtDevice): u32 {
  mustHold(device.lock);
  const all = device.free + device.inbound;
  return queryParameter(Parameter.NtstackSessionBlocks) ? all : all - device.sessions;
}

/** A block for a connection that comes; null: there is none. IRQL: DISPATCH_LEVEL. Locks: none. */
export function takeFree(device: NetbtDevice): Block | null {
  const irql = KeAcquireSpinLock(device.lock);
  const grows = growLocked(device);
  const block = takeFreeLocked(device);
  KeReleaseSpinLock(device.lock, irql);
  if (grows) ExQueueWorkItem(device.worker);
  return block;
}

/** "If fewer than two are free": asked at each call that comes. */
function growLocked(device: NetbtDevice): bool {
  mustHold(device.lock);
  const increment = queryParameter(Parameter.BacklogIncrement);
  if (increment == 0 || device.free >= OWN_BLOCKS) return false;
  const most = queryParameter(Parameter.MaxConnBackLog);
  const wanted = wantedLocked(device);
  if (wanted >= most) return false;
  device.grown += increment < most - wanted ? increment : most - wanted;
  return true;
}

function takeFreeLocked(device: NetbtDevice): Block | null {
  mustHold(device.lock);
  if (IsListEmpty(device.freeBlocks)) return null;
  const block = changetype<Block>(RemoveHeadList(device.freeBlocks));
  device.free--;
  device.inbound++;
  block.inbound = 1;
  InsertTailList(device.busyBlocks, block);
  return block;
}

/** A new block waits for a connection. The caller's reference is the list's. IRQL: any. */
export function putFree(block: Block): void {
  const device = block.device;
  const irql = KeAcquireSpinLock(device.lock);
  InsertTailList(device.freeBlocks, block);
  device.free++;
  KeReleaseSpinLock(device.lock, irql);
}

/** An outgoing one begins. The caller's reference is the list's. IRQL: <= DISPATCH_LEVEL. */
export function putBusy(block: Block): void {
  const device = block.device;
  const irql = KeAcquireSpinLock(device.lock);
  InsertTailList(device.busyBlocks, block);
  KeReleaseSpinLock(device.lock, irql);
}

/** An outgoing one knows where to: the worker opens its connection. IRQL: <= DISPATCH_LEVEL. */
export function putOpening(block: Block): void {
  const device = block.device;
  const irql = KeAcquireSpinLock(device.lock);
  RemoveEntryList(block);
  InsertTailList(device.openingBlocks, block);
  KeReleaseSpinLock(device.lock, irql);
  ExQueueWorkItem(device.worker);
}

/** One that is to be opened, among the busy again; null: none is. IRQL: PASSIVE_LEVEL. */
export function takeOpening(device: NetbtDevice): Block | null {
  let block: Block | null = null;
  const irql = KeAcquireSpinLock(device.lock);
  if (!IsListEmpty(device.openingBlocks)) {
    block = changetype<Block>(RemoveHeadList(device.openingBlocks));
    InsertTailList(device.busyBlocks, block);
  }
  KeReleaseSpinLock(device.lock, irql);
  return block;
}

/** The first that has a connection, referenced; null: none has. IRQL: <= DISPATCH_LEVEL. */
export function referenceBusy(device: NetbtDevice): Block | null {
  const irql = KeAcquireSpinLock(device.lock);
  const empty = IsListEmpty(device.busyBlocks);
  const block = !empty ? changetype<Block>(device.busyBlocks.flink) : null;
  if (block != null) referenceBlock(block);
  KeReleaseSpinLock(device.lock, irql);
  return block;
}

/** A session that came in is agreed on. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function noteSession(block: Block): void {
  const device = block.device;
  const irql = KeAcquireSpinLock(device.lock);
  // It may be over already.
  if (block.inbound) {
    block.counted = 1;
    device.sessions++;
  }
  KeReleaseSpinLock(device.lock, irql);
  // Another may be due in its place.
  ExQueueWorkItem(device.worker);
}

/** `block` is over and nobody calls for it: the worker closes it. IRQL: <= DISPATCH_LEVEL. */
export function retire(block: Block): void {
  const device = block.device;
  const irql = KeAcquireSpinLock(device.lock);
  RemoveEntryList(block);
  device.inbound -= block.inbound;
  device.sessions -= block.counted;
  block.inbound = 0;
  block.counted = 0;
  InsertTailList(device.retiredBlocks, block);
  if (device.inbound == device.sessions) device.grown = 0;
  KeReleaseSpinLock(device.lock, irql);
  ExQueueWorkItem(device.worker);
}

/** One that is over, whose reference is the caller's; null: none is. IRQL: PASSIVE_LEVEL. */
export function takeRetired(device: NetbtDevice): Block | null {
  let block: Block | null = null;
  const irql = KeAcquireSpinLock(device.lock);
  if (!IsListEmpty(device.retiredBlocks)) {
    block = changetype<Block>(RemoveHeadList(device.retiredBlocks));
  }
  KeReleaseSpinLock(device.lock, irql);
  return block;
}

/** What can be asked of a pool. */
export const enum BlockCount {
  FREE,
  /** Taken by calls that came in, sessions included. */
  INBOUND,
  SESSIONS,
}

/** How many of the blocks of device `index` are that. IRQL: any. */
export function countBlocks(index: u32, what: u32): u32 {
  const device = boundDevice(index);
  if (device == null) return 0;
  if (what == BlockCount.FREE) return device.free;
  return what == BlockCount.INBOUND ? device.inbound : device.sessions;
}

/** Whether a block is missing, while something listens. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function isBlockMissing(device: NetbtDevice): bool {
  const irql = KeAcquireSpinLock(device.lock);
  const listens = device.listener != null;
  const missing = listens && countedLocked(device) < wantedLocked(device);
  KeReleaseSpinLock(device.lock, irql);
  return missing;
}

/** A free one that is too many, whose reference is the caller's; null: none is. */
export function takeSurplus(device: NetbtDevice): Block | null {
  let block: Block | null = null;
  const irql = KeAcquireSpinLock(device.lock);
  const over = device.listener == null || countedLocked(device) > wantedLocked(device);
  if (over && !IsListEmpty(device.freeBlocks)) {
    block = changetype<Block>(RemoveHeadList(device.freeBlocks));
    device.free--;
  }
  KeReleaseSpinLock(device.lock, irql);
  return block;
}

/** What listens for `device`: from here on blocks are wanted, or no more. IRQL: PASSIVE_LEVEL. */
export function setListener(device: NetbtDevice, file: FileObject | null): FileObject | null {
  const irql = KeAcquireSpinLock(device.lock);
  const before = device.listener;
  device.listener = file;
  KeReleaseSpinLock(device.lock, irql);
  return before;
}
