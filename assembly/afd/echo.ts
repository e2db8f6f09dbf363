/** ping: an ICMP echo for user mode, as icmp.dll asks for it. */

import { NTSTATUS, Status } from "../nt/status";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveEntryList } from "../nt/list";
import { ExAllocate, ExFree } from "../ex/pool";
import { Tag } from "../ex/tag";
import { IoCallDriver } from "../io/call";
import { IoCancelIrp } from "../io/cancel";
import { DeviceName, IoGetDeviceObjectPointer } from "../io/device";
import { Major } from "../io/driver";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { IoGetNextIrpStackLocation, IoSetCompletionRoutine } from "../io/stack";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { at } from "../nt/embed";
import { signalEcho } from "./ready";

/** An echo that user mode waits for. Under the echo lock: its place in the list. */
@unmanaged
class Echo extends ListEntry {
  irp: Irp;
  context: u32;
  // Under `lock()`:
  /** Its cancellation is under way. */
  cancelling: u8;
  /** It has ended, and is in the list no more. */
  ended: u8;
}

const LOCK: usize = memory.data(4);
const PENDING: usize = memory.data(8);

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Echoes that user mode waits for. Under `lock()`. */
function pending(): ListEntry {
  return changetype<ListEntry>(PENDING);
}

/** Makes the list empty. Once, at start. */
export function initializeEchoes(): void {
  KeInitializeSpinLock(lock(), LockRank.AfdEcho);
  InitializeListHead(pending());
}

/** Where its lock lies, for the host. */
export function echoesLock(): usize {
  return LOCK;
}

/**
 * Sends an echo of `length` octets; an ECHO event with `context` tells how it ended.
 * INSUFFICIENT_RESOURCES: it was not sent, and none follows. IRQL: PASSIVE_LEVEL.
 */
export function sendEcho(
  remoteAddress: u32,
  identifier: u32,
  sequence: u32,
  length: u32,
  timeoutTicks: u32,
  context: u32,
): NTSTATUS {
  const device = IoGetDeviceObjectPointer(DeviceName.Ip);
  if (device == null) return Status.NO_SUCH_DEVICE;
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const echo = ExAllocate<Echo>(Tag.Echo);
  if (echo == null) {
    IoFreeIrp(irp);
    return Status.INSUFFICIENT_RESOURCES;
  }
  echo.irp = irp;
  echo.context = context;
  const next = IoGetNextIrpStackLocation(irp);
  IoSetCompletionRoutine(irp, echoDone, changetype<usize>(echo));
  next.major = <u8>Major.DEVICE_CONTROL;
  next.parameter0 = remoteAddress;
  next.parameter1 = identifier;
  next.parameter2 = sequence;
  next.parameter3 = length;
  next.parameter4 = timeoutTicks;
  const irql = KeAcquireSpinLock(lock());
  InsertTailList(pending(), echo);
  KeReleaseSpinLock(lock(), irql);
  return IoCallDriver(device, irp);
}

/** The request waits until user mode has read of it. */
function echoDone(irp: Irp, context: usize): NTSTATUS {
  const echo = at<Echo>(context, 0);
  const irql = KeAcquireSpinLock(lock());
  RemoveEntryList(echo);
  echo.ended = 1;
  const cancelling = echo.cancelling;
  KeReleaseSpinLock(lock(), irql);
  if (!cancelling) tellOf(echo);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** An echo has ended, and nobody has it any more. */
function tellOf(echo: Echo): void {
  const irp = echo.irp;
  irp.driverContext = echo.context;
  ExFree(echo);
  signalEcho(irp);
}

/** Cancels the echo with that context, if it still waits. IRQL: PASSIVE_LEVEL. Locks: none. */
export function cancelEcho(context: u32): NTSTATUS {
  const irql = KeAcquireSpinLock(lock());
  const echo = findLocked(context);
  if (echo != null) echo.cancelling = 1;
  KeReleaseSpinLock(lock(), irql);
  if (echo == null) return Status.INVALID_HANDLE;
  const cancelled = IoCancelIrp(echo.irp);
  if (hasEnded(echo)) tellOf(echo);
  return cancelled ? Status.SUCCESS : Status.UNSUCCESSFUL;
}

/** Its cancellation is over; true when it ended meanwhile, and was left to the caller. */
function hasEnded(echo: Echo): bool {
  const irql = KeAcquireSpinLock(lock());
  echo.cancelling = 0;
  const ended = echo.ended != 0;
  KeReleaseSpinLock(lock(), irql);
  return ended;
}

/** The echo with that context that is not being cancelled, or null. */
function findLocked(context: u32): Echo | null {
  mustHold(lock());
  if (IsListEmpty(pending())) return null;
  let entry = pending().flink;
  while (entry != pending()) {
    const echo = changetype<Echo>(entry);
    if (echo.context == context && !echo.cancelling) return echo;
    entry = entry.flink;
  }
  return null;
}
