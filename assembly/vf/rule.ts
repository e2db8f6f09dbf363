/**
 * The verifier's rules. Numbers: the sub-code of Driver Verifier's stop code 0xC4 where it has
 * one; of another stop code, that code above and its own sub-code below (0xC90007 is 0xC9, 0x07);
 * from 0x2001 to 0x20FF those that NT has no number for.
 */

import { onFinding } from "../host";
import { Event } from "../trace/event";
import { trace } from "../trace/ring";

/** What a finding's three words are stands beside each rule. VERIFIER.md is made from this list. */
export const enum Rule {
  /** Nonpaged pool above DISPATCH_LEVEL. IRQL, tag. */
  POOL_IRQL = 0x02,
  /** Free of what was never allocated. Address. */
  POOL_BAD_ADDRESS = 0x10,
  /** Nonpaged pool freed above DISPATCH_LEVEL. IRQL, address. */
  POOL_FREE_IRQL = 0x12,
  /** Freed twice. Address, tag. */
  POOL_DOUBLE_FREE = 0x13,
  /** Freed with a timer in it that runs. Timer, block. */
  POOL_HAS_TIMER = 0x15,
  /** Freed with an ERESOURCE in it that was not deleted. Resource, block. */
  POOL_HAS_RESOURCE = 0x17,
  /** KeRaiseIrql to a lower level. Current, asked. */
  IRQL_RAISE = 0x30,
  /** KeLowerIrql to a higher level, or below DISPATCH_LEVEL in a DPC. Current, asked. */
  IRQL_LOWER = 0x31,
  /** KeReleaseSpinLock at another level than DISPATCH_LEVEL. Lock, IRQL. */
  RELEASE_BELOW_DISPATCH = 0x32,
  /** A fast mutex was acquired above APC_LEVEL. Mutex, IRQL. */
  FAST_MUTEX_ACQUIRE_IRQL = 0x33,
  /** A fast mutex was released at another level than APC_LEVEL. Mutex, IRQL. */
  FAST_MUTEX_RELEASE_IRQL = 0x34,
  /** An in-stack queued lock was released at another level than DISPATCH_LEVEL. Lock, IRQL. */
  QUEUED_RELEASE_IRQL = 0x36,
  /** An ERESOURCE was acquired outside a critical region. Resource, IRQL. */
  RESOURCE_ACQUIRE_APCS = 0x37,
  /** An ERESOURCE was released outside a critical region. Resource, IRQL. */
  RESOURCE_RELEASE_APCS = 0x38,
  /** An unsafe acquire of a fast mutex where APCs can come. Mutex, IRQL. */
  UNSAFE_ACQUIRE_APCS = 0x39,
  /** An unsafe release of a fast mutex where APCs can come. Mutex, IRQL. */
  UNSAFE_RELEASE_APCS = 0x3a,
  /** A routine that may wait was called at DISPATCH_LEVEL or above. Object, IRQL. */
  WAIT_AT_DISPATCH = 0x3b,
  /** KeLeaveCriticalRegion outside a critical region. Thread. */
  REGION_NOT_ENTERED = 0x3e,
  /** A reference count that left zero or fell below it. Object, count. */
  REFERENCE_COUNT = 0x3f,
  /** KeAcquireSpinLockAtDpcLevel below DISPATCH_LEVEL. Lock, IRQL. */
  ACQUIRE_BELOW_DISPATCH = 0x40,
  /** KeReleaseSpinLockFromDpcLevel below DISPATCH_LEVEL. Lock, IRQL. */
  DPC_RELEASE_BELOW_DISPATCH = 0x41,
  /** A spin lock was acquired above DISPATCH_LEVEL. Lock, IRQL. */
  ACQUIRE_ABOVE_DISPATCH = 0x42,
  /** A block was written past its end. Address, tag. */
  POOL_OVERRUN = 0x51,
  /** Pool left when all drivers are unloaded. Tag, blocks, octets. */
  POOL_LEAKED = 0x62,
  /** KeSetEvent above DISPATCH_LEVEL. IRQL, event. */
  EVENT_IRQL = 0x80,
  /** A dispatch routine came back with another count of regions. Boundary, before, after. */
  DISPATCH_REGION = 0xc5,
  /** An ERESOURCE that is in use was initialized. Resource. */
  RESOURCE_INITIALIZED_TWICE = 0xd0,
  /** An ERESOURCE that nobody initialized was deleted. Resource. */
  RESOURCE_NOT_INITIALIZED = 0xd1,
  /** A completion routine came back at another IRQL. Boundary, before, after. */
  COMPLETION_IRQL = 0xfa,
  /** A completion routine came back with another count of regions. Boundary, before, after. */
  COMPLETION_REGION = 0xfb,
  /** An interrupt service routine came back at another IRQL. Boundary, before, after. */
  ISR_IRQL = 0x111,
  /** KeEnterCriticalRegion above APC_LEVEL. IRQL. */
  REGION_ENTER_IRQL = 0x11a,
  /** KeLeaveCriticalRegion above APC_LEVEL. IRQL. */
  REGION_LEAVE_IRQL = 0x11b,
  /** A wait above DISPATCH_LEVEL. IRQL, object. */
  WAIT_ABOVE_DISPATCH = 0x120,
  /** A wait without an end at DISPATCH_LEVEL. IRQL, object. */
  WAIT_ENDLESS = 0x121,
  /** A wait with a timeout other than 0 at DISPATCH_LEVEL. IRQL, object. */
  WAIT_TIMEOUT = 0x122,
  /** Acquired by its owner, or exclusive by one who has it shared. Lock, processor or thread. */
  LOCK_RECURSIVE = 0x1000,
  /** Acquired against the order of lockorder.ts. Lock, the lock already held, its rank. */
  LOCK_ORDER = 0x1001,
  /** Acquired before it was initialized. Lock. */
  LOCK_NOT_INITIALIZED = 0x1002,
  /** Released while a lock acquired after it is held. Lock, the later lock. */
  LOCK_RELEASE_ORDER = 0x1003,
  /** Released by a processor or thread that does not own it. Lock, who, owner. */
  LOCK_RELEASED_BY_OTHER = 0x1004,
  /** Initialized while owned. Lock. */
  LOCK_INITIALIZED_TWICE = 0x1005,
  /** Released without having been acquired. Lock. */
  LOCK_NOT_OWNED = 0x1007,
  /** Acquired plainly and as an in-stack queued lock. Lock. */
  LOCK_ACQUIRE_KIND = 0x1008,
  /** Released as another kind than it was acquired. Lock. */
  LOCK_RELEASE_KIND = 0x1009,
  /** A thread ended that owns it. Lock, thread. */
  LOCK_THREAD_ENDED = 0x100a,
  /** Freed or deleted while owned. Lock, block. */
  LOCK_FREED = 0x100b,
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
  /** IRQL was lowered below the level of a spin lock that is held. Lock, asked. */
  IRQL_BELOW_LOCK = 0x2006,
  /** A routine came back with another count of critical regions. Boundary, before, after. */
  REGION_LEAKED = 0x2007,
  /** A queue handle in use was used for another acquire. Lock, handle. */
  LOCK_HANDLE_IN_USE = 0x2008,
  /** A semaphore was released past its limit. Semaphore, count, limit. */
  SEMAPHORE_LIMIT = 0x2009,
  /** A timer that runs, or a DPC or work item that waits, was initialized. Object, `Active`. */
  OBJECT_INITIALIZED_TWICE = 0x200a,
  /** A processor stalled too long with a spin lock held. Lock, microseconds, the most there may. */
  LOCK_HELD_LONG = 0x200b,
  /** An IRP was freed or reused while somebody owns it. IRP. */
  IRP_FREED_IN_USE = 0x2011,
  /** A client says that it took more than it was told of (I4). Connection, taken, available. */
  TDI_TAKEN = 0x2021,
  /** The end was told of before all octets were taken (I2). Connection, octets. */
  TDI_EARLY = 0x2022,
  /** A count of octets held that is not what is held (I1). Connection, counted, held. */
  TDI_OUTSTANDING = 0x2023,
  /** More octets of a message went to a client than it has (I3). Connection, octets, left. */
  TDI_COUNTED_TWICE = 0x2024,
  /** A session request was neither granted nor refused (RFC 1002, 5.2.2). Block, peer. */
  NBT_UNANSWERED = 0x2025,
  /** KeReleaseSpinLock restored another IRQL than the acquire saved. Lock, saved, restored. */
  RELEASE_IRQL = 0x20015,
  /** An IRP has no stack location left. IRP. */
  IRP_STACK = 0x350000,
  /** An IRP was completed twice. IRP, state, the first completion. */
  IRP_COMPLETED_TWICE = 0x440000,
  /** Freed with a DPC in it that waits. DPC, block. */
  POOL_HAS_DPC = 0xc70001,
  /** An IRP was completed with a status that says it is not. IRP. */
  IRP_COMPLETED_PENDING = 0xc90006,
  /** An IRP was completed with its cancel routine set. IRP. */
  IRP_CANCELABLE = 0xc90007,
  /** A dispatch routine neither completed its IRP nor kept it. IRP, status. */
  IRP_FORGOTTEN = 0xc90226,
  /** A dispatch routine marked its IRP pending and answered otherwise. IRP, status. */
  IRP_MARKED = 0xc9023d,
  /** A dispatch routine answered PENDING and did not mark its IRP. IRP. */
  IRP_NOT_MARKED = 0xc9023e,
  /** A timer runs, or a DPC or work item waits, when all drivers are unloaded. Object, `Active`. */
  LEFT_AT_UNLOAD = 0xce0000,
  /** Freed with a work item in it that waits. Item, block. */
  POOL_HAS_WORK_ITEM = 0xe40000,
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
