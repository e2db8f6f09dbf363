/** TDI_RECEIVE to TCP, for what it keeps: into the client's request, or ahead of any. */

import { RtlCopyMemory } from "../../nt/memory";
import { ExAllocatePoolWithTag } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../ke/spinlock";
import { IoCallDriver } from "../../io/call";
import { FileObject } from "../../io/file";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../../io/irp";
import { describe, describePart } from "../../io/mdl";
import { CompletionRoutine } from "../../io/stack";
import { TdiBuildReceive } from "../../tdi/build";
import { ReceiveFlag } from "../../tdi/request";
import { SESSION_HEADER, SessionType } from "../../wire/nbsession";
import { Block, BlockFlag, dereferenceBlock, referenceBlock } from "./block";
import { enterFile, leaveFile } from "./close";
import { nextRequest, noteFilled, roomOf } from "./deliver";

/** Octets that can be asked for ahead: the longest session request, two names of 255. */
export const AHEAD_LIMIT: u32 = 512;

/**
 * A request for what TCP keeps, with a reference of `block`; null: no memory, or no connection. The
 * caller is BUSY. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function pullFor(block: Block, routine: CompletionRoutine): Irp | null {
  const file = fileOf(block);
  if (file == null || !aim(block)) return null;
  const irp = IoAllocateIrp(1);
  if (irp == null) return null;
  referenceBlock(block);
  const context = changetype<usize>(block);
  TdiBuildReceive(irp, file, routine, context, block.mdl, block.asked, ReceiveFlag.NORMAL);
  return irp;
}

/** Whom to ask for all that came until now. */
function fileOf(block: Block): FileObject | null {
  const irql = KeAcquireSpinLock(block.lock);
  const file = block.file;
  block.flags &= ~BlockFlag.AGAIN;
  KeReleaseSpinLock(block.lock, irql);
  return file;
}

/** Where it goes, and how much: as much as there is room for. False: no memory. */
function aim(block: Block): bool {
  const inBody = block.headerOctets == SESSION_HEADER && block.header.type == SessionType.MESSAGE;
  const request = inBody && block.aheadOctets == 0 ? nextRequest(block) : null;
  if (request != null) {
    const room = roomOf(request);
    block.asked = block.left < room ? block.left : room;
    describePart(block.mdl, request.mdl, request.driverOffset);
    return true;
  }
  if (block.ahead == 0) block.ahead = ExAllocatePoolWithTag(AHEAD_LIMIT, Tag.NetbtBlock);
  if (block.ahead == 0) return false;
  RtlCopyMemory(block.ahead, block.ahead + block.aheadOffset, block.aheadOctets);
  block.aheadOffset = 0;
  block.asked = AHEAD_LIMIT - block.aheadOctets;
  describe(block.mdl, block.ahead + block.aheadOctets, block.asked);
  return true;
}

/** Sends it; true: it has come back, and its octets are to be dealt with. Locks: none. */
export function pullDown(block: Block, irp: Irp): bool {
  const file = enterFile(block);
  if (file == null) {
    // The session is over.
    IoFreeIrp(irp);
    dereferenceBlock(block);
    return true;
  }
  setDown(block, true);
  IoCallDriver(file.device, irp);
  const back = setDown(block, false);
  leaveFile(block);
  return back;
}

/** Whether a request has come back on its way down. */
function setDown(block: Block, down: bool): bool {
  const irql = KeAcquireSpinLock(block.lock);
  const back = (block.flags & BlockFlag.PULLED) != 0;
  block.flags &= ~(BlockFlag.PULLED | BlockFlag.CALLING_DOWN);
  if (down) block.flags |= BlockFlag.CALLING_DOWN;
  KeReleaseSpinLock(block.lock, irql);
  return back;
}

/**
 * TCP has completed `irp`, which is freed: true when its octets are to be dealt with by the caller;
 * else whoever sent it does. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function notePulled(block: Block, irp: Irp): bool {
  const octets: u32 = irp.status < 0 ? 0 : irp.information;
  const request = block.current;
  const ahead = request == null || block.aheadOctets != 0 || isAhead(block);
  // Nothing more comes: what began ahead never gets whole.
  if (irp.status < 0) block.aheadOctets = 0;
  IoFreeIrp(irp);
  if (ahead) block.aheadOctets += octets;
  else block.outstanding -= octets < block.outstanding ? octets : block.outstanding;
  if (block.outstanding < block.aheadOctets) block.outstanding = block.aheadOctets;
  const irql = KeAcquireSpinLock(block.lock);
  // Less than was asked for: TCP has no more, unless it came meanwhile. Else it may have more.
  const empty = octets < block.asked && (block.flags & BlockFlag.AGAIN) == 0;
  if (empty) block.flags &= ~BlockFlag.HELD;
  else block.flags |= BlockFlag.HELD;
  KeReleaseSpinLock(block.lock, irql);
  if (empty) block.outstanding = block.aheadOctets;
  if (!ahead && request != null && octets != 0) noteFilled(block, request, octets);
  return !noteBack(block);
}

/** Whether what we asked for lies ahead, and not in a request. */
function isAhead(block: Block): bool {
  return block.ahead != 0 && block.mdl.address - block.ahead < AHEAD_LIMIT;
}

/** The request is back; true: whoever sent it is still on the way down, and goes on with it. */
function noteBack(block: Block): bool {
  const irql = KeAcquireSpinLock(block.lock);
  const down = (block.flags & BlockFlag.CALLING_DOWN) != 0;
  if (down) block.flags |= BlockFlag.PULLED;
  KeReleaseSpinLock(block.lock, irql);
  return down;
}
