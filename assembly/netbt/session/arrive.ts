/** TCP's listener has a connection: a block for it, or RST (nt-facts 1.3 and 4.4). */

import { at } from "../../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../../nt/status";
import { Event } from "../../trace/event";
import { trace } from "../../trace/ring";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../../ke/spinlock";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../../io/irp";
import { TdiBuildAccept } from "../../tdi/build";
import { ConnectIndication } from "../../tdi/event";
import { NbtDrop, nbtDrop } from "../counters";
import { NetbtDevice } from "../device";
import { Block, dereferenceBlock, referenceBlock, stepLocked } from "./block";
import { End, endSession } from "./close";
import { answerDirect } from "./listen";
import { takeFree } from "./pool";
import { resume } from "./receive";
import { SessionState, SessionStep } from "./state";
import { watchSessions } from "./timer";

/** ClientEventConnect of \\Device\\Tcp. IRQL: DISPATCH_LEVEL. Locks: none. */
export function connectEvent(context: usize, indication: ConnectIndication): NTSTATUS {
  const device = at<NetbtDevice>(context, 0);
  const irp = IoAllocateIrp(1);
  if (irp == null) return Status.INSUFFICIENT_RESOURCES;
  const block = takeFree(device);
  const file = block != null ? block.file : null;
  if (block == null || file == null) {
    IoFreeIrp(irp);
    nbtDrop(NbtDrop.SESSION_NO_BLOCK);
    trace(Event.NBT_NO_BLOCK, indication.remoteAddress, indication.remotePort, device.index);
    return Status.CONNECTION_REFUSED;
  }
  block.remoteAddress = indication.remoteAddress;
  block.remotePort = indication.remotePort;
  step(block, SessionStep.SYN);
  watchSessions();
  referenceBlock(block);
  TdiBuildAccept(irp, file, accepted, changetype<usize>(block));
  indication.connectionContext = changetype<usize>(block);
  indication.irp = irp;
  return Status.MORE_PROCESSING_REQUIRED;
}

function step(block: Block, to: SessionStep): void {
  const irql = KeAcquireSpinLock(block.lock);
  stepLocked(block, to);
  KeReleaseSpinLock(block.lock, irql);
}

/** TCP's handshake is over, or has failed: then the block goes. */
function accepted(irp: Irp, context: usize): NTSTATUS {
  const block = at<Block>(context, 0);
  const status = irp.status;
  IoFreeIrp(irp);
  if (NT_SUCCESS(status)) {
    const irql = KeAcquireSpinLock(block.lock);
    if (block.state == SessionState.INBOUND) stepLocked(block, SessionStep.TCP_UP);
    KeReleaseSpinLock(block.lock, irql);
    if (!block.device.hasNames) answerDirect(block);
    resume(block);
  } else {
    endSession(block, status, End.GONE);
  }
  dereferenceBlock(block);
  return Status.MORE_PROCESSING_REQUIRED;
}
