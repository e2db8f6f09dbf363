/** The end of a connection because its driver goes. */

import { Status } from "../../nt/status";
import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { dieLocked } from "./close";
import { settle } from "./settle";
import { TcpState } from "./state";
import { Tcb, Todo } from "./tcb";

/**
 * Ends `tcb`, whatever its state. The caller has a reference. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function destroy(tcb: Tcb): void {
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  if (tcb.state == TcpState.CLOSED) tcb.todo |= <u8>Todo.REMOVE;
  else dieLocked(tcb, Status.CANCELLED, false);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  settle(tcb);
}
