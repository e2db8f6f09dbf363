/** What time does to sessions: SESSION KEEP ALIVE when they are silent, the end when they wait. */

import { ListEntry } from "../../nt/list";
import { Status } from "../../nt/status";
import { TICKS_PER_SECOND, ticksOf } from "../../nt/time";
import { KeQueryTickCount } from "../../trace/ring";
import { Parameter, queryParameter } from "../../ex/registry";
import { InterlockedExchange } from "../../ex/interlocked";
import { Kdpc, KeInitializeDpc } from "../../ke/dpc";
import { KTimer, KeCancelTimer, KeInitializeTimer, KeSetTimerEx } from "../../ke/timer";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../../ke/spinlock";
import { SessionType } from "../../wire/nbsession";
import { DEVICES, NetbtDevice, netbtDevice } from "../device";
import { Block, dereferenceBlock, referenceBlock } from "./block";
import { End, endSession } from "./close";
import { sendHeader } from "./control";
import { SessionState } from "./state";

/** Between two looks at all sessions. */
const LOOK_TICKS: u32 = 5 * TICKS_PER_SECOND;
/** A session request and its response are waited for as long: SSN_CLOSE_TIMEOUT (RFC 1002, 6). */
const WAIT_TICKS: u32 = 30 * TICKS_PER_SECOND;
/** SessionKeepAlive's word for never. */
const NEVER: u32 = 0xffffffff;

const TIMER: usize = memory.data(48);
const DPC: usize = memory.data(32);
/** [0]: 1 while the timer runs. */
const RUNS: usize = memory.data(4);
if (offsetof<KTimer>() > 48) ERROR("TIMER");
if (offsetof<Kdpc>() > 32) ERROR("DPC");

/** Prepares the timer. Once, at start. */
export function initializeSessionTimer(): void {
  KeInitializeTimer(changetype<KTimer>(TIMER));
  KeInitializeDpc(changetype<Kdpc>(DPC), look, 0);
}

/** A session begins: they are looked at from here on. IRQL: <= DISPATCH_LEVEL. */
export function watchSessions(): void {
  if (InterlockedExchange(RUNS, 1) != 0) return;
  KeSetTimerEx(changetype<KTimer>(TIMER), LOOK_TICKS, 0, changetype<Kdpc>(DPC));
}

/** No more. At the end. */
export function stopSessionTimer(): void {
  KeCancelTimer(changetype<KTimer>(TIMER));
  InterlockedExchange(RUNS, 0);
}

function look(dpc: Kdpc, context: usize): void {
  InterlockedExchange(RUNS, 0);
  for (let i: u32 = 0; i < DEVICES; i++) lookAt(netbtDevice(i));
}

function lookAt(device: NetbtDevice): void {
  const irql = KeAcquireSpinLock(device.lock);
  let due = collectLocked(device);
  const any = device.busyBlocks.flink != device.busyBlocks;
  KeReleaseSpinLock(device.lock, irql);
  if (any) watchSessions();
  while (due != null) {
    const next: Block | null = due.chain;
    due.chain = null;
    attend(due);
    dereferenceBlock(due);
    due = next;
  }
}

/** Those that have been silent, or have waited, too long: referenced, as a chain. */
function collectLocked(device: NetbtDevice): Block | null {
  mustHold(device.lock);
  const now = KeQueryTickCount();
  const keepAlive = queryParameter(Parameter.SessionKeepAlive);
  const silence = keepAlive == NEVER ? NEVER : ticksOf(keepAlive);
  const head: ListEntry = device.busyBlocks;
  let chain: Block | null = null;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const block = changetype<Block>(entry);
    const age = now - block.stamp;
    const waits = block.state == SessionState.CALLING || block.state == SessionState.ACCEPTING;
    const due = block.state == SessionState.CONNECTED ? age >= silence : waits && age >= WAIT_TICKS;
    if (!due) continue;
    referenceBlock(block);
    block.chain = chain;
    chain = block;
  }
  return chain;
}

function attend(block: Block): void {
  if (block.state == SessionState.CONNECTED) {
    block.stamp = KeQueryTickCount();
    sendHeader(block, SessionType.KEEP_ALIVE);
  } else {
    endSession(block, Status.IO_TIMEOUT, End.ABORT | End.CUT);
  }
}
