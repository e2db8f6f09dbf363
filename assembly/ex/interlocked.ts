/**
 * Words that several processors use: interlocked operations, and plain reads and writes that are
 * meant to meet others'. One processor runs at a time except in `smp`, where they are atomics.
 */

import { Point, schedulingPoint } from "../ke/point";

/** Adds 1 and returns the sum. IRQL: any. */
export function InterlockedIncrement(address: usize): u32 {
  schedulingPoint(Point.INTERLOCKED, address);
  if (SMP) return atomic.add<u32>(address, 1) + 1;
  const sum = load<u32>(address) + 1;
  store<u32>(address, sum);
  return sum;
}

/** Takes 1 away and returns the rest. IRQL: any. */
export function InterlockedDecrement(address: usize): u32 {
  schedulingPoint(Point.INTERLOCKED, address);
  if (SMP) return atomic.sub<u32>(address, 1) - 1;
  const rest = load<u32>(address) - 1;
  store<u32>(address, rest);
  return rest;
}

/** Writes `value` and returns what was there. IRQL: any. */
export function InterlockedExchange(address: usize, value: u32): u32 {
  schedulingPoint(Point.INTERLOCKED, address);
  if (SMP) return atomic.xchg<u32>(address, value);
  const before = load<u32>(address);
  store<u32>(address, value);
  return before;
}

/** Adds `value` and returns what was there. IRQL: any. */
export function InterlockedExchangeAdd(address: usize, value: u32): u32 {
  schedulingPoint(Point.INTERLOCKED, address);
  if (SMP) return atomic.add<u32>(address, value);
  const before = load<u32>(address);
  store<u32>(address, before + value);
  return before;
}

/** Sets the bits of `mask` and returns what was there. IRQL: any. */
export function InterlockedOr(address: usize, mask: u32): u32 {
  schedulingPoint(Point.INTERLOCKED, address);
  if (SMP) return atomic.or<u32>(address, mask);
  const before = load<u32>(address);
  store<u32>(address, before | mask);
  return before;
}

/** Leaves the bits of `mask` and returns what was there. IRQL: any. */
export function InterlockedAnd(address: usize, mask: u32): u32 {
  schedulingPoint(Point.INTERLOCKED, address);
  if (SMP) return atomic.and<u32>(address, mask);
  const before = load<u32>(address);
  store<u32>(address, before & mask);
  return before;
}

/** Writes `value` where `comparand` is; returns what was there. IRQL: any. */
export function InterlockedCompareExchange(address: usize, value: u32, comparand: u32): u32 {
  schedulingPoint(Point.INTERLOCKED, address);
  if (SMP) return atomic.cmpxchg<u32>(address, comparand, value);
  const before = load<u32>(address);
  if (before == comparand) store<u32>(address, value);
  return before;
}

/** Reads a word that others may write; what its writer did before is seen. IRQL: any. */
export function ReadULongAcquire(address: usize): u32 {
  schedulingPoint(Point.READ, address);
  return SMP ? atomic.load<u32>(address) : load<u32>(address);
}

/** Writes a word that others may read; who reads it sees what was done before. IRQL: any. */
export function WriteULongRelease(address: usize, value: u32): void {
  schedulingPoint(Point.WRITE, address);
  if (SMP) atomic.store<u32>(address, value);
  else store<u32>(address, value);
}

/** The same of one octet. IRQL: any. */
export function WriteUCharRelease(address: usize, value: u8): void {
  schedulingPoint(Point.WRITE, address);
  if (SMP) atomic.store<u8>(address, value);
  else store<u8>(address, value);
}
