/** The verifier's rules, numbered as Driver Verifier's 0xC4 sub-codes where it has one. */

import { onFinding } from "../host";
import { Event } from "../trace/event";
import { trace } from "../trace/ring";

/** What a finding's three words are stands beside each rule. */
export const enum Rule {
  /** Nonpaged pool above DISPATCH_LEVEL. IRQL, tag. */
  POOL_IRQL = 0x02,
  /** Free of what was never allocated. Address. */
  POOL_BAD_ADDRESS = 0x10,
  /** Freed twice. Address, tag. */
  POOL_DOUBLE_FREE = 0x13,
  /** KeRaiseIrql to a lower level. Current, asked. */
  IRQL_RAISE = 0x30,
  /** KeLowerIrql to a higher level. Current, asked. */
  IRQL_LOWER = 0x31,
  /** KeReleaseSpinLock below DISPATCH_LEVEL. Lock, IRQL. */
  RELEASE_BELOW_DISPATCH = 0x32,
  /** A reference count that left zero or fell below it. Object, count. */
  REFERENCE_COUNT = 0x3f,
  /** KeAcquireSpinLockAtDpcLevel below DISPATCH_LEVEL. Lock, IRQL. */
  ACQUIRE_BELOW_DISPATCH = 0x40,
  /** KeAcquireSpinLock above DISPATCH_LEVEL. Lock, IRQL. */
  ACQUIRE_ABOVE_DISPATCH = 0x42,
  /** A block was written past its end. Address, tag. */
  POOL_OVERRUN = 0x51,
  /** Pool left when all drivers are unloaded. Tag, blocks, octets. */
  POOL_LEAKED = 0x62,
  /** A completion routine came back at another IRQL. Boundary, before, after. */
  COMPLETION_IRQL = 0xfa,
  /** An interrupt service routine came back at another IRQL. Boundary, before, after. */
  ISR_IRQL = 0x111,
  /** Acquired by its owner. Lock, processor. */
  LOCK_RECURSIVE = 0x1000,
  /** Acquired against the order of lockorder.ts. Lock, the lock already held, its rank. */
  LOCK_ORDER = 0x1001,
  /** Acquired before KeInitializeSpinLock. Lock. */
  LOCK_NOT_INITIALIZED = 0x1002,
  /** Released while a lock acquired after it is held. Lock, the later lock. */
  LOCK_RELEASE_ORDER = 0x1003,
  /** Released by a processor that does not own it. Lock, processor, owner. */
  LOCK_RELEASED_BY_OTHER = 0x1004,
  /** Initialized while owned. Lock. */
  LOCK_INITIALIZED_TWICE = 0x1005,
  /** Released without having been acquired. Lock. */
  LOCK_NOT_OWNED = 0x1007,
  /** A function that needs a lock ran without it. Lock. */
  LOCK_NOT_HELD = 0x2001,
  /** A lock is held where none may be. Lock, `Boundary`. */
  LOCK_HELD_AT_BOUNDARY = 0x2002,
  /** A routine came back holding a lock it did not hold when called: leaked. Lock, `Boundary`. */
  LOCK_LEAKED = 0x2003,
  /** A routine came back at another IRQL. Boundary, before, after. */
  IRQL_LEAKED = 0x2004,
  /** A routine ran at an IRQL it must not run at. Current, wanted. */
  IRQL_WRONG = 0x2005,
  /** An IRP was completed twice. IRP. */
  IRP_COMPLETED_TWICE = 0x2010,
  /** An IRP was freed or reused while somebody owns it. IRP. */
  IRP_FREED_IN_USE = 0x2011,
  /** An IRP was completed with its cancel routine set. IRP. */
  IRP_CANCELABLE = 0x2012,
  /** An IRP has no stack location left. IRP. */
  IRP_STACK = 0x2013,
}

/** Where the verifier asks what is held: the places at which control passes between owners. */
export const enum Boundary {
  NONE,
  ISR,
  DPC,
  TIMER,
  WORK_ITEM,
  DISPATCH,
  COMPLETION,
  CANCEL,
  EVENT_HANDLER,
  NDIS_RECEIVE,
  NDIS_SEND,
  HOST,
  COUNT,
}

/** Reports a broken rule. The host stops the machine or lets it go on. IRQL: any. */
export function report(rule: Rule, p1: u32, p2: u32, p3: u32): void {
  trace(Event.FINDING, rule, p1, p2);
  onFinding(rule, p1, p2, p3);
}
