/** NCBs that are complete: user mode reads of them, runs post routines and sets events. */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, IsListEmpty, ListEntry } from "../nt/list";
import { RemoveHeadList } from "../nt/list";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";

const LOCK: usize = memory.data(4);
const LIST: usize = memory.data(8);

function lock(): KSpinLock {
  return changetype<KSpinLock>(LOCK);
}

/** Where its lock lies, for the host. */
export function netbiosReadyLock(): usize {
  return LOCK;
}

function list(): ListEntry {
  return at<ListEntry>(LIST, 0);
}

/** An empty list. Once, at start. */
export function initializeNcbs(): void {
  KeInitializeSpinLock(lock(), LockRank.NetbiosReady);
  InitializeListHead(list());
}

/** Puts the `link` of a request behind the others. IRQL: <= DISPATCH_LEVEL. */
export function putReady(link: ListEntry): void {
  const irql = KeAcquireSpinLock(lock());
  InsertTailList(list(), link);
  KeReleaseSpinLock(lock(), irql);
}

/** The first of them, taken; null: there are none. IRQL: <= DISPATCH_LEVEL. */
export function takeReady(): ListEntry | null {
  const irql = KeAcquireSpinLock(lock());
  const taken = !IsListEmpty(list()) ? RemoveHeadList(list()) : null;
  KeReleaseSpinLock(lock(), irql);
  return taken;
}
