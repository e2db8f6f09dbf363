/** The wheel as exports: wheels and entries by their addresses. */

import { InitializeListHead, IsListEmpty, ListEntry } from "../../../assembly/nt/list";
import { Wheel, WheelEntry } from "../../../assembly/ke/wheel";

export {
  WHEEL_OCTETS, advanceWheel, initializeWheel, isRunning, nextDue, startEntry, stopEntry,
  takeExpired,
} from "../../../assembly/ke/wheel";
export { scratch, scratchOctets } from "../routine";

/** Makes `entry` one that does not run, or `entry` an empty list. */
export function initializeList(entry: ListEntry): void {
  InitializeListHead(entry);
}

export function isEmpty(list: ListEntry): bool {
  return IsListEmpty(list);
}

export function tickOf(wheel: Wheel): u32 {
  return wheel.tick;
}

export function countOf(wheel: Wheel): u32 {
  return wheel.count;
}

export function dueOf(entry: WheelEntry): u32 {
  return entry.dueTick;
}
