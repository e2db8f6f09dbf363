/**
 * Packets on their way out: written under the lock, sent once it is let go. No lock is held across
 * IoCallDriver.
 */

import { at } from "../nt/embed";
import { InsertTailList, IsListEmpty, ListEntry, RemoveHeadList } from "../nt/list";
import { NT_SUCCESS } from "../nt/status";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCallDriver } from "../io/call";
import { FileObject } from "../io/file";
import { IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { Mdl, describe } from "../io/mdl";
import { TdiBuildSendDatagram } from "../tdi/build";
import { keepRequest } from "../tdi/client";
import { NbtCounter, NbtDrop, nbtAdd, nbtCount, nbtDrop } from "./counters";
import { names } from "./state";

/** One packet: this head, then its octets. */
@unmanaged
export class Outgoing extends ListEntry {
  file: FileObject | null;
  address: u32;
  port: u32;
  /** Octets of the packet. */
  length: u32;
  private mdlWords0: u64;
  private mdlWords1: u32;
  get mdl(): Mdl {
    return at<Mdl>(changetype<usize>(this), offsetof<this>("mdlWords0"));
  }
  /** Where the packet begins. */
  get packet(): usize {
    return changetype<usize>(this) + HEAD;
  }
}
/** A multiple of 8 behind the structure. */
const HEAD: usize = 48;
if (offsetof<Outgoing>() > HEAD) ERROR("HEAD");

/** Octets that may wait to be sent. */
const MOST_OCTETS: u32 = 0x40000;

/** Room for a packet of at most `octets` octets to `address`; null: no memory, and counted. */
export function makeOutgoingLocked(
  file: FileObject | null,
  address: u32,
  port: u32,
  octets: u32,
): Outgoing | null {
  mustHold(names().lock);
  let block: usize = 0;
  if (names().outgoingOctets + octets <= MOST_OCTETS) {
    block = ExAllocatePoolWithTag(<u32>HEAD + octets, Tag.NetbtPacket);
  }
  if (block == 0) {
    nbtDrop(NbtDrop.NAME_MEMORY);
    return null;
  }
  const out = at<Outgoing>(block, 0);
  out.file = file;
  out.address = address;
  out.port = port;
  return out;
}

/** `out` is written, `length` octets of it: it goes with the next `flushOutgoing`. */
export function queueOutgoingLocked(out: Outgoing, length: u32): void {
  mustHold(names().lock);
  out.length = length;
  names().outgoingOctets += length;
  InsertTailList(names().outgoing, out);
}

/** Sends what waits. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function flushOutgoing(): void {
  for (let out = takeOutgoing(); out != null; out = takeOutgoing()) {
    send(out);
    ExFreePool(changetype<usize>(out));
  }
}

function takeOutgoing(): Outgoing | null {
  const state = names();
  let out: Outgoing | null = null;
  const irql = KeAcquireSpinLock(state.lock);
  if (!IsListEmpty(state.outgoing)) {
    out = changetype<Outgoing>(RemoveHeadList(state.outgoing));
    state.outgoingOctets -= out.length;
  }
  KeReleaseSpinLock(state.lock, irql);
  return out;
}

/** The transport copies a datagram before it answers. */
function send(out: Outgoing): void {
  const file = out.file;
  const irp = IoAllocateIrp(1);
  if (irp == null || file == null) {
    nbtDrop(NbtDrop.NAME_MEMORY);
    if (irp != null) IoFreeIrp(irp);
    return;
  }
  describe(out.mdl, out.packet, out.length);
  TdiBuildSendDatagram(
    irp, file, keepRequest, 0, out.mdl, out.length, out.address, out.port,
  );
  const sent = NT_SUCCESS(IoCallDriver(file.device, irp));
  IoFreeIrp(irp);
  if (!sent) nbtDrop(NbtDrop.NAME_MEMORY);
  else if (file == names().datagramFile) nbtCount(NbtCounter.DATAGRAMS_OUT);
  else {
    nbtCount(NbtCounter.NAME_PACKETS_OUT);
    nbtAdd(NbtCounter.NAME_OCTETS_OUT, out.length);
  }
}
