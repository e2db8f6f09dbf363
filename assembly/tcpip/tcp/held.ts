/** Octets that a connection keeps: a head, then the octets, in one block of pool. */

import { RtlCopyMemory } from "../../nt/memory";
import { at } from "../../nt/embed";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { Tag } from "../../ex/tag";

/** A run of octets. Under the lock of its connection. */
@unmanaged
export class Held {
  next: Held | null;
  /** Sequence number of the first octet that is left. */
  sequence: u32;
  /** Octets that are left. */
  length: u32;
  /** Where the first octet that is left lies. */
  data: usize;
}
const HEAD: u32 = <u32>offsetof<Held>();

/** A copy of `length` octets at `data`; null when there is no memory. */
export function hold(data: usize, length: u32, sequence: u32): Held | null {
  const block = ExAllocatePoolWithTag(HEAD + length, Tag.Received);
  if (block == 0) return null;
  const held = at<Held>(block, 0);
  held.next = null;
  held.sequence = sequence;
  held.length = length;
  held.data = block + HEAD;
  RtlCopyMemory(held.data, data, length);
  return held;
}

/** Gives a run back. */
export function releaseHeld(held: Held): void {
  ExFreePool(changetype<usize>(held));
}

/** Lets a whole chain go. */
export function releaseChain(first: Held | null): void {
  let held = first;
  while (held != null) {
    const next: Held | null = held.next;
    releaseHeld(held);
    held = next;
  }
}
