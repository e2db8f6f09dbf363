/** What happened: fixed records in a ring that the host reads. The kernel writes numbers only. */

import { Event } from "./event";

/** One event. */
@unmanaged
export class TraceRecord {
  /** Counts all events since boot, from 1; 0: never written. */
  sequence: u32;
  event: Event;
  /** Microseconds of virtual time, low word. */
  timeUs: u32;
  a: u32;
  b: u32;
  c: u32;
}
if (offsetof<TraceRecord>() != 24) ERROR("host/kernel/trace.ts reads TraceRecord as 24 octets");

/** How many events are kept: a power of two. */
export const TRACE_SLOTS: u32 = 1024;
const RING: usize = memory.data(24576);

/**
 * What host and kernel both see, as NT's KUSER_SHARED_DATA: the host writes time and tick before
 * each call, the kernel counts the events.
 */
@unmanaged
export class SharedData {
  /** Virtual time in microseconds since boot. */
  timeUs: u64;
  /** Events written so far. */
  traceCursor: u32;
  /** Ticks since boot: what KeQueryTickCount tells. */
  tick: u32;
}
const SHARED: usize = memory.data(16);

/** What host and kernel both see. IRQL: any. */
export function shared(): SharedData {
  return changetype<SharedData>(SHARED);
}

/** Keeps an event. IRQL: any. Locks: any. */
export function trace(event: Event, a: u32, b: u32, c: u32): void {
  const data = shared();
  const cursor = data.traceCursor;
  const slot = <usize>(cursor & (TRACE_SLOTS - 1));
  const record = changetype<TraceRecord>(RING + slot * offsetof<TraceRecord>());
  data.traceCursor = cursor + 1;
  record.sequence = cursor + 1;
  record.event = event;
  record.timeUs = <u32>data.timeUs;
  record.a = a;
  record.b = b;
  record.c = c;
}

/** Where the ring lies. */
export function traceRing(): usize {
  return RING;
}

/** Microseconds since boot. */
export function nowUs(): u64 {
  return shared().timeUs;
}

/** Ticks since boot. IRQL: any. */
export function KeQueryTickCount(): u32 {
  return shared().tick;
}
