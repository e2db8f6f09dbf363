/** NT's FindTCB: the connection of a segment that comes alone; the last one is looked at first. */

import { Fault, faulty } from "../../kb/faults";
import { KeAcquireSpinLock, KeAcquireSpinLockAtDpcLevel } from "../../ke/spinlock";
import { KeReleaseSpinLock, KeReleaseSpinLockFromDpcLevel, mustHold } from "../../ke/spinlock";
import { TcpState } from "./state";
import { Partition, findTcbLocked, hasTuple, partitionOf } from "./table";
import { Tcb, dereferenceTcb, referenceTcb } from "./tcb";

/**
 * The referenced connection of a four-tuple whose hash is known; null: there is none, or it is
 * ending. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function findTcb(
  hash: u32,
  remoteAddress: u32,
  ports: u32,
  localAddress: u32,
): Tcb | null {
  const partition = partitionOf(hash);
  const irql = KeAcquireSpinLock(partition.lock);
  const tcb = findLastLocked(partition, hash, remoteAddress, ports, localAddress);
  const live = tcb != null && takeLiveLocked(partition, tcb);
  KeReleaseSpinLock(partition.lock, irql);
  // "condition between FindTCB and TCBTimeout for LastTCB"
  if (faulty(Fault.Q236794) && tcb != null) partition.last = tcb;
  return live ? tcb : null;
}

/** The one that was found last, if it is the one; else as `findTcbLocked`. */
function findLastLocked(
  partition: Partition,
  hash: u32,
  remoteAddress: u32,
  ports: u32,
  localAddress: u32,
): Tcb | null {
  mustHold(partition.lock);
  const last = partition.last;
  if (last != null && hasTuple(last, remoteAddress, ports, localAddress)) return last;
  return findTcbLocked(partition, hash, remoteAddress, ports, localAddress);
}

/** References `tcb` and keeps it in mind; false, and not so, for one that is ending. */
function takeLiveLocked(partition: Partition, tcb: Tcb): bool {
  mustHold(partition.lock);
  referenceTcb(tcb);
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  const live = tcb.state != TcpState.CLOSED;
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
  // The table has one as well: this is not the last.
  if (live) partition.last = tcb;
  else dereferenceTcb(tcb);
  return live;
}
