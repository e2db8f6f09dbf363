/** What programs ask of \Device\NetBT, as nbtstat does, and what NCBs ask of it in their stead. */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { ExAllocate, ExAllocatePoolWithTag, ExFree, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { ReadULongAcquire, WriteULongRelease } from "../ex/interlocked";
import { RtlCopyMemory } from "../nt/memory";
import { IoCallDriver } from "../io/call";
import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../io/device";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { Major } from "../io/driver";
import { Mdl, describe } from "../io/mdl";
import { CompletionRoutine, IoGetNextIrpStackLocation, IoSetCompletionRoutine } from "../io/stack";
import { viewOf } from "../io/stack";
import { NetbtControl, NetbtParameters } from "../tdi/netbt";
import { NetbiosName, copyName } from "../wire/nbname";

/** Requests under way, at most; a handle is an index counted from 1. */
const MOST: u32 = 256;
const REQUESTS: usize = memory.data(1024);

/** A request of a program. */
@unmanaged
class Asked {
  private nameWords0: u64;
  private nameWords1: u64;
  private mdlWords0: u64;
  private mdlWords1: u64;
  /** 1 once it has ended. */
  ended: u32;
  status: NTSTATUS;
  octets: u32;
  /** Where the answer is written: a block of pool. */
  buffer: usize;
  get name(): NetbiosName {
    return at<NetbiosName>(changetype<usize>(this), offsetof<this>("nameWords0"));
  }
  get mdl(): Mdl {
    return at<Mdl>(changetype<usize>(this), offsetof<this>("mdlWords0"));
  }
}
if (offsetof<Mdl>() > 16) ERROR("an Asked has room for an Mdl");

@unmanaged
class Slot {
  value: Asked | null;
}

function slotOf(handle: u32): Slot {
  return changetype<Slot>(REQUESTS + (<usize>(handle - 1) << 2));
}

function requestOf(handle: u32): Asked | null {
  return handle == 0 || handle > MOST ? null : slotOf(handle).value;
}

/**
 * IRP_MJ_DEVICE_CONTROL: `name` and the octets that `mdl` describes stay until `routine` is called.
 * IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function callControl(
  irp: Irp,
  device: DeviceObject,
  code: NetbtControl,
  name: NetbiosName,
  address: u32,
  mdl: Mdl,
  routine: CompletionRoutine,
  context: usize,
): void {
  irp.mdl = mdl;
  const next = IoGetNextIrpStackLocation(irp);
  IoSetCompletionRoutine(irp, routine, context);
  next.major = <u8>Major.DEVICE_CONTROL;
  const parameters = viewOf<NetbtParameters>(next);
  parameters.code = code;
  parameters.name = <u32>changetype<usize>(name);
  parameters.address = address;
  IoCallDriver(device, irp);
}

/*
 * What user mode calls. A call on what is no handle is answered with INVALID_HANDLE. IRQL:
 * PASSIVE_LEVEL. Locks: none.
 */

/** A NetbtControl; `octets`: room for its answer. A handle, or a negative NTSTATUS. */
export function netbiosAsk(code: i32, name: usize, address: u32, octets: u32): i32 {
  const device = IoGetDeviceObjectPointer(DeviceName.NetBT);
  if (device == null) return Status.NO_SUCH_DEVICE;
  for (let handle: u32 = 1; handle <= MOST; handle++) {
    if (slotOf(handle).value != null) continue;
    const asked = ask(device, <NetbtControl>code, at<NetbiosName>(name, 0), address, octets);
    slotOf(handle).value = asked;
    return asked == null ? Status.INSUFFICIENT_RESOURCES : <i32>handle;
  }
  return Status.INSUFFICIENT_RESOURCES;
}

/** Asks; null: no memory. */
function ask(
  device: DeviceObject,
  code: NetbtControl,
  name: NetbiosName,
  address: u32,
  octets: u32,
): Asked | null {
  const asked = ExAllocate<Asked>(Tag.Netbios);
  const buffer = ExAllocatePoolWithTag(octets + 1, Tag.NetbiosBuffer);
  const irp = IoAllocateIrp(1);
  if (asked == null || buffer == 0 || irp == null) {
    if (asked != null) ExFree(asked);
    if (buffer != 0) ExFreePool(buffer);
    if (irp != null) IoFreeIrp(irp);
    return null;
  }
  asked.buffer = buffer;
  copyName(asked.name, name);
  describe(asked.mdl, buffer, octets);
  const context = changetype<usize>(asked);
  callControl(irp, device, code, asked.name, address, asked.mdl, answered, context);
  return asked;
}

function answered(irp: Irp, context: usize): NTSTATUS {
  const asked = at<Asked>(context, 0);
  asked.status = irp.status;
  asked.octets = irp.information;
  IoFreeIrp(irp);
  WriteULongRelease(context + offsetof<Asked>("ended"), 1);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** How a request ended; PENDING: it has not. */
export function netbiosAsked(handle: u32): NTSTATUS {
  const asked = requestOf(handle);
  return asked == null ? Status.INVALID_HANDLE : statusOf(asked);
}

function statusOf(asked: Asked): NTSTATUS {
  const ended = ReadULongAcquire(changetype<usize>(asked) + offsetof<Asked>("ended"));
  return ended ? asked.status : Status.PENDING;
}

/** Octets of its answer, copied to `buffer`; the handle is gone. 0 while it has not ended. */
export function netbiosAnswer(handle: u32, buffer: usize, length: u32): u32 {
  const asked = requestOf(handle);
  if (asked == null || statusOf(asked) == Status.PENDING) return 0;
  slotOf(handle).value = null;
  const octets = asked.octets < length ? asked.octets : length;
  RtlCopyMemory(buffer, asked.buffer, octets);
  ExFreePool(asked.buffer);
  ExFree(asked);
  return octets;
}

/** What programs left of requests: once \Device\NetBT has ended them. IRQL: PASSIVE_LEVEL. */
export function deleteControls(): void {
  for (let handle: u32 = 1; handle <= MOST; handle++) netbiosAnswer(handle, 0, 0);
}
