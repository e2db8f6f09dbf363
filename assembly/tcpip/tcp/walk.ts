/** The connections of the table one by one: for the end of the driver, and for who looks at it. */

import { KeAcquireSpinLockAtDpcLevel, KeReleaseSpinLockFromDpcLevel } from "../../ke/spinlock";
import { partitionAt, partitionCount, slotAt } from "./table";
import { Tcb, referenceTcb } from "./tcb";

/** What `nextConnection` answers when there are no more. */
export const NO_POSITION: u32 = 0xffffffff;

/**
 * The connections one by one, for the host: the position of the first at or after `position`, in
 * all partitions laid end to end; NO_POSITION: there are no more. Writes nothing. IRQL: any.
 */
export function nextConnection(position: u32): u32 {
  let left = position;
  let base: u32 = 0;
  for (let i: u32 = 0; i < partitionCount(); i++) {
    const partition = partitionAt(i);
    const slots = partition.mask + 1;
    for (; left < slots; left++) {
      if (slotAt(partition, left).tcb != null) return base + left;
    }
    left -= slots;
    base += slots;
  }
  return NO_POSITION;
}

/** The connection at a position that `nextConnection` gave; 0: it is gone. IRQL: any. */
export function connectionAt(position: u32): usize {
  let left = position;
  for (let i: u32 = 0; i < partitionCount(); i++) {
    const partition = partitionAt(i);
    if (left <= partition.mask) return changetype<usize>(slotAt(partition, left).tcb);
    left -= partition.mask + 1;
  }
  return 0;
}

/** The connection at `position`, referenced; null: there is none. IRQL: DISPATCH_LEVEL. */
export function takeConnectionAt(position: u32): Tcb | null {
  let left = position;
  for (let i: u32 = 0; i < partitionCount(); i++) {
    const partition = partitionAt(i);
    const slots = partition.mask + 1;
    if (left >= slots) {
      left -= slots;
      continue;
    }
    KeAcquireSpinLockAtDpcLevel(partition.lock);
    const tcb = slotAt(partition, left).tcb;
    if (tcb != null) referenceTcb(tcb);
    KeReleaseSpinLockFromDpcLevel(partition.lock);
    return tcb;
  }
  return null;
}
