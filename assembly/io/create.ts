/**
 * Opening and closing objects, by requests that are there even where there is no memory. A driver
 * may keep them: who opens or closes waits for it.
 */

import { KeBugCheckEx, Stop } from "../nt/bugcheck";
import { at } from "../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { InterlockedExchange, WriteULongRelease } from "../ex/interlocked";
import { Tag } from "../ex/tag";
import { ExAllocate, ExFree } from "../ex/pool";
import { KEvent, KeInitializeEvent, KeSetEvent } from "../ke/event";
import { mustBeAtMost } from "../ke/irql";
import { Irql } from "../ke/processor";
import { currentThread } from "../ke/thread";
import { DispatcherType, INFINITE, KeWaitForSingleObject } from "../ke/wait";
import { DeviceObject } from "./device";
import { Major } from "./driver";
import { FileObject } from "./file";
import { IRP_OCTETS, Irp, IoInitializeIrp, STACK_OCTETS } from "./irp";
import { CompletionRoutine, IoGetNextIrpStackLocation, StackLocation } from "./stack";
import { IoCallDriver } from "./call";

/*
 * An object must close even when there is no memory: the IRPs that open, clean up and close are
 * reserved (NT: NonPagedPoolMustSucceed). Each has room for an event besides, on which its sender
 * waits; its word in TAKEN is 1 while somebody has it.
 */
const RESERVED_IRPS: u32 = 32;
const RESERVED_OCTETS: usize = 128;
const EVENT: usize = 96;
const RESERVED: usize = memory.data(4096);
const TAKEN: usize = memory.data(128);
if (IRP_OCTETS + STACK_OCTETS > EVENT) ERROR("a reserved IRP has one stack location");
if (EVENT + offsetof<KEvent>() > RESERVED_OCTETS) ERROR("a reserved IRP has an event");

/** A reserved IRP that nobody has: any thread of any processor may take one. */
function takeReserved(): u32 {
  for (let index: u32 = 0; index < RESERVED_IRPS; index++) {
    if (InterlockedExchange(TAKEN + (<usize>index << 2), 1) == 0) return index;
  }
  KeBugCheckEx(Stop.NO_MORE_IRP_STACK_LOCATIONS, RESERVED_IRPS, 0, 0, 0);
  return 0;
}

function putReserved(index: u32): void {
  WriteULongRelease(TAKEN + (<usize>index << 2), 0);
}

/** Sends a request, waits where the driver keeps it, and returns its status. */
function callAndWait(file: FileObject, major: Major, kind: u32, word0: u32, word1: u32): NTSTATUS {
  const index = takeReserved();
  const irp = at<Irp>(RESERVED, <usize>index * RESERVED_OCTETS);
  const event = at<KEvent>(changetype<usize>(irp), EVENT);
  IoInitializeIrp(irp, 1);
  KeInitializeEvent(event, DispatcherType.NOTIFICATION, false);
  const next = IoGetNextIrpStackLocation(irp);
  next.major = <u8>major;
  next.file = file;
  next.parameter0 = kind;
  next.parameter1 = word0;
  next.parameter2 = word1;
  next.completion = keep;
  next.context = changetype<usize>(event);
  let status = IoCallDriver(file.device, irp);
  if (status == Status.PENDING) {
    KeWaitForSingleObject(event, INFINITE);
    status = irp.status;
  }
  putReserved(index);
  return status;
}

/** The request is its sender's again, who may wait for it. */
function keep(irp: Irp, context: usize): NTSTATUS {
  if (irp.pendingReturned) KeSetEvent(at<KEvent>(context, 0));
  return Status.MORE_PROCESSING_REQUIRED;
}

/** How the last opening of each thread ended. */
const STATUSES: usize = memory.data(EXPLORE ? 520 : 40);

@unmanaged
class Outcome {
  status: NTSTATUS;
}

function outcome(): Outcome {
  return at<Outcome>(STATUSES, <usize>currentThread() << 2);
}

/** Why IoCreateFile has just answered null to this thread. IRQL: < DISPATCH_LEVEL. */
export function createStatus(): NTSTATUS {
  return outcome().status;
}

/**
 * Opens an object of `device`: `kind` is the name of its extended attribute, the words its value.
 * Null when the driver refuses or there is no memory: `createStatus` says which. IRQL: <
 * DISPATCH_LEVEL. Locks: none.
 */
export function IoCreateFile(
  device: DeviceObject,
  kind: u32,
  word0: u32,
  word1: u32,
): FileObject | null {
  const file = ExAllocate<FileObject>(Tag.File);
  outcome().status = Status.INSUFFICIENT_RESOURCES;
  if (file == null) return null;
  file.device = device;
  file.fsContext2 = kind;
  const status = callAndWait(file, Major.CREATE, kind, word0, word1);
  outcome().status = status;
  if (NT_SUCCESS(status)) return file;
  ExFree(file);
  return null;
}

/**
 * As IoCreateFile, for who does not wait: makes `irp`, which has one location, the request, and
 * `routine` hears of its end; sending it is the caller's. Null: no memory. Where it ends with no
 * success, the caller frees the file. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function beginCreateFile(
  device: DeviceObject,
  kind: u32,
  word0: u32,
  irp: Irp,
  routine: CompletionRoutine,
  context: usize,
): FileObject | null {
  const file = ExAllocate<FileObject>(Tag.File);
  if (file == null) return null;
  file.device = device;
  file.fsContext2 = kind;
  const next = IoGetNextIrpStackLocation(irp);
  next.major = <u8>Major.CREATE;
  next.file = file;
  next.parameter0 = kind;
  next.parameter1 = word0;
  next.completion = routine;
  next.context = context;
  return file;
}

/**
 * Closes an object. Once its driver has cleaned it up nobody is called for it any more, and no such
 * call is under way: waits for that. Then it is gone. IRQL: < DISPATCH_LEVEL. Locks: none.
 */
export function IoCloseFile(file: FileObject): void {
  mustBeAtMost(Irql.APC);
  callAndWait(file, Major.CLEANUP, file.fsContext2, 0, 0);
  callAndWait(file, Major.CLOSE, file.fsContext2, 0, 0);
  ExFree(file);
}

/** The parameters of IRP_MJ_CREATE: which object, and two words of its own. */
@unmanaged
export class CreateParameters extends StackLocation {
  get kind(): u32 {
    return this.parameter0;
  }
  get word0(): u32 {
    return this.parameter1;
  }
  get word1(): u32 {
    return this.parameter2;
  }
}
