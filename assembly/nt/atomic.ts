/** A word that processors of their own memory views use at once: the atomics of `smp`. */

/** Puts `bits` where none of `taken` is set, and gives true; false: one is, and nothing changes. */
export function takeWord(address: usize, taken: u32, bits: u32): bool {
  const word = atomic.load<u32>(address);
  return (word & taken) == 0 && atomic.cmpxchg<u32>(address, word, word | bits) == word;
}

/** Sets `bits`. */
export function setBits(address: usize, bits: u32): void {
  atomic.or<u32>(address, bits);
}

/** Takes `bits` away, and gives the word as it was. */
export function clearBits(address: usize, bits: u32): u32 {
  return atomic.and<u32>(address, ~bits);
}

/** Wakes one who waits for a change of the word. */
export function wakeOne(address: usize): void {
  atomic.notify(address, 1);
}
