/** Threads: which one runs, and whether kernel APCs may come to it. */

import { at } from "../nt/embed";
import { checkEnded } from "../vf/locks";
import { checkEndedOwner } from "../vf/owned";
import { noteEnterRegion, noteLeaveRegion } from "../vf/irql";
import { Irql, KeGetCurrentPrcb } from "./processor";

/** KTHREAD, as far as it is known here. */
@unmanaged
export class KThread {
  /** Critical regions that it is in. */
  apcDisable: u32;
}

/** One for each thread of an explored program, or for each processor's worker; 0 is nobody. */
const THREADS: usize = memory.data(EXPLORE ? 520 : 40);

/**
 * The number of the thread that runs, or that an interrupt keeps from running, counted from 1: its
 * own where threads are told apart, else its processor's. IRQL: any.
 */
export function currentThread(): u32 {
  const prcb = KeGetCurrentPrcb();
  return prcb.thread ? prcb.thread : prcb.number + 1;
}

/** The thread that runs, or that an interrupt keeps from running. IRQL: any. */
export function KeGetCurrentThread(): KThread {
  return at<KThread>(THREADS, <usize>currentThread() * offsetof<KThread>());
}

/**
 * Keeps normal kernel APCs from the running thread until KeLeaveCriticalRegion; regions nest. What
 * acquires an ERESOURCE is in one, else the thread may be suspended with it. IRQL: <= APC_LEVEL.
 */
export function KeEnterCriticalRegion(): void {
  if (VERIFIER) noteEnterRegion(KeGetCurrentPrcb().currentIrql);
  KeGetCurrentThread().apcDisable++;
}

/** Leaves the region that was entered last. IRQL: <= APC_LEVEL. */
export function KeLeaveCriticalRegion(): void {
  const thread = KeGetCurrentThread();
  if (VERIFIER) noteLeaveRegion(KeGetCurrentPrcb().currentIrql, thread.apcDisable, currentThread());
  if (thread.apcDisable) thread.apcDisable--;
}

/** Whether no normal kernel APC can come to the running thread. IRQL: any. */
export function KeAreApcsDisabled(): bool {
  return KeGetCurrentPrcb().currentIrql >= Irql.APC || KeGetCurrentThread().apcDisable != 0;
}

/** The running thread is about to end: it may hold no lock, and own none. Nothing in `free`. */
export function noteThreadEnd(): void {
  if (!VERIFIER) return;
  checkEnded(KeGetCurrentPrcb().number, currentThread());
  checkEndedOwner(currentThread());
}
