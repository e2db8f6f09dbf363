/** Interlocked operations: one processor runs at a time except in `smp`, where they are atomics. */

/** Adds 1 and returns the sum. IRQL: any. */
export function InterlockedIncrement(address: usize): u32 {
  if (SMP) return atomic.add<u32>(address, 1) + 1;
  const sum = load<u32>(address) + 1;
  store<u32>(address, sum);
  return sum;
}

/** Takes 1 away and returns the rest. IRQL: any. */
export function InterlockedDecrement(address: usize): u32 {
  if (SMP) return atomic.sub<u32>(address, 1) - 1;
  const rest = load<u32>(address) - 1;
  store<u32>(address, rest);
  return rest;
}
