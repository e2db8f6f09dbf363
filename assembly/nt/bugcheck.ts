/** Stop codes, and KeBugCheckEx: the one way in which the kernel stops. */

import { onBugCheck } from "../host";

/** The names and numbers of the Windows debugger's reference. */
export const enum Stop {
  IRQL_NOT_LESS_OR_EQUAL = 0x0a,
  SPIN_LOCK_ALREADY_OWNED = 0x0f,
  SPIN_LOCK_NOT_OWNED = 0x10,
  NO_MORE_IRP_STACK_LOCATIONS = 0x35,
  MULTIPLE_IRP_COMPLETE_REQUESTS = 0x44,
  INVALID_WORK_QUEUE_ITEM = 0x96,
  BAD_POOL_CALLER = 0xc2,
  DRIVER_VERIFIER_DETECTED_VIOLATION = 0xc4,
  TIMER_OR_DPC_INVALID = 0xc7,
  IRQL_UNEXPECTED_VALUE = 0xc8,
  DPC_WATCHDOG_VIOLATION = 0x133,
  KERNEL_SECURITY_CHECK_FAILURE = 0x139,
}

/**
 * Stops the machine. Does not return: the host throws, and linear memory is the crash dump.
 * IRQL: any. Locks: any.
 */
export function KeBugCheckEx(code: Stop, p1: u32, p2: u32, p3: u32, p4: u32): void {
  onBugCheck(code, p1, p2, p3, p4);
  unreachable();
}
