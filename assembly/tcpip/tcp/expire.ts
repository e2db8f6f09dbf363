/** A connection's timer has expired: which of its deadlines has come? */

import { Status } from "../../nt/status";
import { tickBefore } from "../../nt/time";
import { KeQueryTickCount } from "../../trace/ring";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { mustHold } from "../../ke/spinlock";
import { dieLocked } from "./close";
import { keepAliveExpiredLocked } from "./keepalive";
import { persistExpiredLocked } from "./persist";
import { outputLocked } from "./output";
import { reorderExpiredLocked } from "./recovery";
import { retransmitExpiredLocked } from "./retransmit";
import { settle } from "./settle";
import { TcpState } from "./state";
import { tailExpiredLocked } from "./tail";
import { Tcb, TcpTimer } from "./tcb";
import { armLocked } from "./timer";

/** The caller has a reference. IRQL: DISPATCH_LEVEL. Locks: none. */
export function expire(tcb: Tcb): void {
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  if (tcb.state != TcpState.CLOSED) expireLocked(tcb);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  if (tcb.todo) settle(tcb);
}

function expireLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const now = KeQueryTickCount();
  if (tcb.timer != TcpTimer.NONE && !tickBefore(now, tcb.timerDue)) mainExpiredLocked(tcb);
  if (tcb.state == TcpState.CLOSED) return;
  if (tcb.timer != TcpTimer.NONE) armLocked(tcb, tcb.timerDue);
}

function mainExpiredLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  const kind: TcpTimer = tcb.timer;
  tcb.timer = <u8>TcpTimer.NONE;
  switch (kind) {
    case TcpTimer.RETRANSMIT:
      retransmitExpiredLocked(tcb);
      break;
    case TcpTimer.PERSIST:
      persistExpiredLocked(tcb);
      break;
    case TcpTimer.KEEP_ALIVE:
      keepAliveExpiredLocked(tcb);
      break;
    case TcpTimer.TAIL:
      tailExpiredLocked(tcb);
      break;
    case TcpTimer.REORDER:
      reorderExpiredLocked(tcb);
      outputLocked(tcb);
      break;
    case TcpTimer.TIME_WAIT:
      dieLocked(tcb, Status.SUCCESS, false);
      break;
  }
}
