/** Octets that user mode looks at and leaves where they are (MSG_PEEK). */

import { RtlCopyMemory } from "../nt/memory";
import { Status } from "../nt/status";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCallDriver } from "../io/call";
import { FileObject } from "../io/file";
import { IoAllocateIrp, IoFreeIrp } from "../io/irp";
import { TdiBuildReceive } from "../tdi/build";
import { keepRequest } from "../tdi/client";
import { ReceiveFlag } from "../tdi/request";
import { Chunk, allocateChunk, freeChunk } from "./chunk";
import { Endpoint, SocketKind, isUnbuffered } from "./endpoint";
import { endLocked } from "./transfer";

/**
 * Copies at most `length` octets of what `receive` would give, and answers as it does. What the
 * transport keeps beyond a buffer that is not empty is not looked at. IRQL: PASSIVE_LEVEL.
 */
export function peek(endpoint: Endpoint, address: usize, length: u32): i32 {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const copied = copyLocked(endpoint, address, length);
  const end = endpoint.kind == SocketKind.DATAGRAM ? Status.NO_MORE_ENTRIES : endLocked(endpoint);
  const found = endpoint.first != null;
  KeReleaseSpinLock(endpoint.lock, irql);
  const file = isUnbuffered(endpoint) && copied < length ? endpoint.connectionFile : null;
  const held = file != null ? peekHeld(file, address + copied, length - copied) : 0;
  return found || held != 0 || length == 0 ? <i32>(copied + held) : end;
}

function copyLocked(endpoint: Endpoint, address: usize, length: u32): u32 {
  mustHold(endpoint.lock);
  let copied: u32 = 0;
  let chunk = endpoint.first;
  while (chunk != null && copied < length) {
    const take = length - copied < chunk.length ? length - copied : chunk.length;
    RtlCopyMemory(address + copied, chunk.data, take);
    copied += take;
    const next: Chunk | null = chunk.next;
    chunk = endpoint.kind == SocketKind.DATAGRAM ? null : next;
  }
  return copied;
}

/** What the transport keeps, by a request that it answers at once; 0 without memory. */
function peekHeld(file: FileObject, address: usize, length: u32): u32 {
  const chunk = allocateChunk(length);
  if (chunk == null) return 0;
  const irp = IoAllocateIrp(1);
  if (irp == null) {
    freeChunk(chunk);
    return 0;
  }
  TdiBuildReceive(irp, file, keepRequest, 0, chunk.mdl, length, ReceiveFlag.PEEK);
  const status = IoCallDriver(file.device, irp);
  const copied: u32 = status == Status.SUCCESS ? irp.information : 0;
  RtlCopyMemory(address, chunk.data, copied);
  IoFreeIrp(irp);
  freeChunk(chunk);
  return copied;
}
