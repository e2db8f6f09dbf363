/**
 * Ticks, milliseconds and 100-nanosecond units. A tick is 10 ms, NT's on one processor (nt-facts
 * 3.8).
 */

export const TICK_MS: u32 = 10;
/** Ticks of one second. */
export const TICKS_PER_SECOND: u32 = 1000 / TICK_MS;

/** Ticks that cover `ms` milliseconds, never fewer. */
export function ticksOf(ms: u32): u32 {
  return ms / TICK_MS + (ms % TICK_MS != 0 ? 1 : 0);
}

/** True when tick `a` is before tick `b`; ticks go round after 497 days. */
export function tickBefore(a: u32, b: u32): bool {
  return <i32>(a - b) < 0;
}
