/** LIST_ENTRY: doubly linked lists through their members, as in the DDK. */

/*
 *   head <-> entry <-> entry <-> head          an empty head points at itself
 */
@unmanaged
export class ListEntry {
  /** Forward link. */
  flink: ListEntry;
  /** Backward link. */
  blink: ListEntry;
}

export function InitializeListHead(head: ListEntry): void {
  head.flink = head;
  head.blink = head;
}

export function IsListEmpty(head: ListEntry): bool {
  return head.flink == head;
}

export function InsertTailList(head: ListEntry, entry: ListEntry): void {
  const last = head.blink;
  entry.flink = head;
  entry.blink = last;
  last.flink = entry;
  head.blink = entry;
}

/**
 * Takes `entry` out of the list it is in; it then is a list of its own, so that twice does no
 * harm.
 */
export function RemoveEntryList(entry: ListEntry): void {
  const next = entry.flink;
  const previous = entry.blink;
  previous.flink = next;
  next.blink = previous;
  entry.flink = entry;
  entry.blink = entry;
}

/** The first entry, taken out. The list must not be empty. */
export function RemoveHeadList(head: ListEntry): ListEntry {
  const entry = head.flink;
  RemoveEntryList(entry);
  return entry;
}

/** Moves all of `source`, which is not empty, behind what is in `head`; `source` is empty then. */
export function AppendTailList(head: ListEntry, source: ListEntry): void {
  const first = source.flink;
  const last = source.blink;
  const before = head.blink;
  before.flink = first;
  first.blink = before;
  last.flink = head;
  head.blink = last;
  InitializeListHead(source);
}
