/** The trace ring as exports. */

export { Event } from "../../../assembly/trace/event";
export { KeQueryTickCount, TRACE_SLOTS, shared, trace, traceRing } from
  "../../../assembly/trace/ring";
export { scratch, scratchOctets } from "../routine";

import { SharedData, nowUs, shared } from "../../../assembly/trace/ring";

/** Octets of what host and kernel share. */
export const SHARED_OCTETS: u32 = <u32>offsetof<SharedData>();
/** Where in it the count of events lies. */
export const CURSOR_OFFSET: u32 = <u32>offsetof<SharedData>("traceCursor");
/** Where in it the tick lies. */
export const TICK_OFFSET: u32 = <u32>offsetof<SharedData>("tick");

/** Sets the time in microseconds, from two words. */
export function setTime(high: u32, low: u32): void {
  shared().timeUs = <u64>high << 32 | <u64>low;
}

export function setTick(tick: u32): void {
  shared().tick = tick;
}

export function nowLow(): u32 {
  return <u32>nowUs();
}

export function nowHigh(): u32 {
  return <u32>(nowUs() >>> 32);
}
