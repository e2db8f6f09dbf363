/** Lists, structures inside others, memory, time and status as exports. */

import { ListEntry } from "../../../assembly/nt/list";
import { addressOf, at, containing } from "../../../assembly/nt/embed";

export {
  InitializeListHead, InsertTailList, IsListEmpty, RemoveEntryList, RemoveHeadList,
} from "../../../assembly/nt/list";
export { NT_SUCCESS, Status } from "../../../assembly/nt/status";
export { scratch, scratchOctets } from "../routine";

/** Octets of a list entry. */
export const LIST_ENTRY_OCTETS: u32 = <u32>offsetof<ListEntry>();

export function flinkOf(entry: ListEntry): ListEntry {
  return entry.flink;
}

export function blinkOf(entry: ListEntry): ListEntry {
  return entry.blink;
}

/** A structure with another in it. */
@unmanaged
class Outer {
  before: u64;
  flink: usize;
  blink: usize;
}

/** From a structure to the entry in it and back: 1 where it is the same structure. */
export function thereAndBack(base: usize): bool {
  const entry = at<ListEntry>(base, offsetof<Outer>("flink"));
  const outer = containing<Outer>(addressOf(entry), offsetof<Outer>("flink"));
  return addressOf(entry) == base + 8 && addressOf(outer) == base;
}
