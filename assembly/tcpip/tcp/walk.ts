/** The connections of the table one by one: for the end of the driver, and for who looks at it. */

import { addressOf } from "../../nt/embed";
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

/** What `placeOf` answers for a position behind the last. */
const NOWHERE: u64 = 0xffffffffffffffff;

/** Where `position` is: the number of its partition above, that of its slot there below. */
function placeOf(position: u32): u64 {
  let left = position;
  for (let i: u32 = 0; i < partitionCount(); i++) {
    const slots = partitionAt(i).mask + 1;
    if (left < slots) return (<u64>i << 32) | <u64>left;
    left -= slots;
  }
  return NOWHERE;
}

/** The connection at a position that `nextConnection` gave; 0: it is gone. IRQL: any. */
export function connectionAt(position: u32): usize {
  const place = placeOf(position);
  if (place == NOWHERE) return 0;
  return addressOf(slotAt(partitionAt(<u32>(place >>> 32)), <u32>place).tcb);
}

/** The connection at `position`, referenced; null: there is none. IRQL: DISPATCH_LEVEL. */
export function takeConnectionAt(position: u32): Tcb | null {
  const place = placeOf(position);
  if (place == NOWHERE) return null;
  const partition = partitionAt(<u32>(place >>> 32));
  KeAcquireSpinLockAtDpcLevel(partition.lock);
  const tcb = slotAt(partition, <u32>place).tcb;
  if (tcb != null) referenceTcb(tcb);
  KeReleaseSpinLockFromDpcLevel(partition.lock);
  return tcb;
}
