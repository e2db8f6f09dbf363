/** Opening and closing objects, by requests that do not wait. */

import { KeBugCheckEx, Stop } from "../nt/bugcheck";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { Tag } from "../ex/tag";
import { ExAllocate, ExFree } from "../ex/pool";
import { KeLowerIrql, KeRaiseIrql } from "../ke/irql";
import { Irql, KeGetCurrentProcessorNumber } from "../ke/processor";
import { DeviceObject } from "./device";
import { Major } from "./driver";
import { FileObject } from "./file";
import { IRP_OCTETS, Irp, IoInitializeIrp, STACK_OCTETS } from "./irp";
import { IoGetNextIrpStackLocation, StackLocation } from "./stack";
import { IoCallDriver } from "./call";

/*
 * An object must close even when there is no memory: requests to open, clean up and close do not
 * wait, so each processor keeps a few IRPs for them (NT: NonPagedPoolMustSucceed).
 */
const RESERVED_DEPTH: u32 = 4;
const RESERVED_OCTETS: usize = 128;
if (IRP_OCTETS + STACK_OCTETS > RESERVED_OCTETS) ERROR("a reserved IRP has one stack location");
const RESERVED: usize = memory.data(4096);
const DEPTHS: usize = memory.data(8);

function takeReserved(): Irp {
  const processor = <usize>KeGetCurrentProcessorNumber();
  const depth = readDepth(processor);
  if (depth >= RESERVED_DEPTH) {
    KeBugCheckEx(Stop.NO_MORE_IRP_STACK_LOCATIONS, depth, <u32>processor, 0, 0);
  }
  writeDepth(processor, depth + 1);
  const index = processor * RESERVED_DEPTH + depth;
  const irp = changetype<Irp>(RESERVED + index * RESERVED_OCTETS);
  IoInitializeIrp(irp, 1);
  return irp;
}

@unmanaged
class Depth {
  value: u8;
}

function readDepth(processor: usize): u32 {
  return changetype<Depth>(DEPTHS + processor).value;
}

function writeDepth(processor: usize, depth: u32): void {
  changetype<Depth>(DEPTHS + processor).value = <u8>depth;
}

function putReserved(): void {
  const processor = <usize>KeGetCurrentProcessorNumber();
  writeDepth(processor, readDepth(processor) - 1);
}

/** Sends a request that does not wait, and returns its status. */
function callAtOnce(file: FileObject, major: Major, kind: u32, word0: u32, word1: u32): NTSTATUS {
  // No thread of this processor may come in between: the IRPs are given back in order.
  const irql = KeRaiseIrql(Irql.DISPATCH);
  const irp = takeReserved();
  const next = IoGetNextIrpStackLocation(irp);
  next.major = <u8>major;
  next.file = file;
  next.parameter0 = kind;
  next.parameter1 = word0;
  next.parameter2 = word1;
  next.completion = keep;
  const status = IoCallDriver(file.device, irp);
  putReserved();
  KeLowerIrql(irql);
  return status;
}

function keep(irp: Irp, context: usize): NTSTATUS {
  return Status.MORE_PROCESSING_REQUIRED;
}

/** How the last opening on each processor ended. */
const STATUSES: usize = memory.data(32);

@unmanaged
class Outcome {
  status: NTSTATUS;
}

function outcome(): Outcome {
  return changetype<Outcome>(STATUSES + (<usize>KeGetCurrentProcessorNumber() << 2));
}

/** Why IoCreateFile has just answered null. IRQL: <= DISPATCH_LEVEL. */
export function createStatus(): NTSTATUS {
  return outcome().status;
}

/**
 * Opens an object of `device`: `kind` is the name of its extended attribute, the words its value.
 * Null when the driver refuses or there is no memory: `createStatus` says which. IRQL: <=
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
  const status = callAtOnce(file, Major.CREATE, kind, word0, word1);
  outcome().status = status;
  if (NT_SUCCESS(status)) return file;
  ExFree(file);
  return null;
}

/** Closes an object: its requests are completed, then it is gone. IRQL: <= DISPATCH_LEVEL. */
export function IoCloseFile(file: FileObject): void {
  callAtOnce(file, Major.CLEANUP, file.fsContext2, 0, 0);
  callAtOnce(file, Major.CLOSE, file.fsContext2, 0, 0);
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
