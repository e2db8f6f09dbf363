/** What programs ask of \Device\NetBT, as nbtstat does: requests that they look after later. */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { ExAllocate, ExAllocatePoolWithTag, ExFree, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { ReadULongAcquire, WriteULongRelease } from "../ex/interlocked";
import { RtlCopyMemory } from "../nt/memory";
import { IoCallDriver } from "../io/call";
import { DeviceObject } from "../io/device";
import { Major } from "../io/driver";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { Mdl, describe } from "../io/mdl";
import { IoGetNextIrpStackLocation, IoSetCompletionRoutine, viewOf } from "../io/stack";
import { NetbtControl, NetbtParameters } from "../tdi/netbt";
import { NetbiosName, copyName } from "../wire/nbname";

/** A request of a program. */
@unmanaged
export class Asked {
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

/** Asks; null: no memory. IRQL: PASSIVE_LEVEL. */
export function ask(
  device: DeviceObject,
  code: NetbtControl,
  name: NetbiosName,
  address: u32,
  octets: u32,
): Asked | null {
  const asked = ExAllocate<Asked>(Tag.NetbiosName);
  const buffer = ExAllocatePoolWithTag(octets + 1, Tag.NetbiosName);
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
  irp.mdl = asked.mdl;
  const next = IoGetNextIrpStackLocation(irp);
  IoSetCompletionRoutine(irp, answered, changetype<usize>(asked));
  next.major = <u8>Major.DEVICE_CONTROL;
  const parameters = viewOf<NetbtParameters>(next);
  parameters.code = code;
  parameters.name = <u32>changetype<usize>(asked.name);
  parameters.address = address;
  IoCallDriver(device, irp);
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

/** How it ended; PENDING: it has not. */
export function statusOf(asked: Asked): NTSTATUS {
  const ended = ReadULongAcquire(changetype<usize>(asked) + offsetof<Asked>("ended"));
  return ended ? asked.status : Status.PENDING;
}

/** Copies the answer of a request that has ended, as much as has room; the request is gone. */
export function takeAnswer(asked: Asked, buffer: usize, length: u32): u32 {
  const octets = asked.octets < length ? asked.octets : length;
  RtlCopyMemory(buffer, asked.buffer, octets);
  ExFreePool(asked.buffer);
  ExFree(asked);
  return octets;
}
