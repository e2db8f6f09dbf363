/** MDL: a chain of buffers. */

import { RtlCopyMemory } from "../nt/memory";

/** One buffer of a chain. */
@unmanaged
export class Mdl {
  next: Mdl | null;
  address: usize;
  /** Octets. */
  length: u32;
}
if (offsetof<Mdl>() != 12) ERROR("afd/buffer.ts has room for an Mdl of 12 octets");

/** Makes `mdl` a chain of one. */
export function describe(mdl: Mdl, address: usize, length: u32): void {
  mdl.next = null;
  mdl.address = address;
  mdl.length = length;
}

/** Makes `mdl` what is behind the first `offset` octets of `chain` (IoBuildPartialMdl). */
export function describePart(mdl: Mdl, chain: Mdl | null, offset: u32): void {
  let one = chain;
  while (one != null && offset >= one.length) {
    offset -= one.length;
    const next: Mdl | null = one.next;
    one = next;
  }
  if (one == null) {
    describe(mdl, 0, 0);
    return;
  }
  describe(mdl, one.address + offset, one.length - offset);
  mdl.next = one.next;
}

/**
 * Copies `length` octets from `source` to `offset` octets into the chain; returns how many
 * fitted.
 */
export function copyToMdl(chain: Mdl | null, offset: u32, source: usize, length: u32): u32 {
  let copied: u32 = 0;
  let mdl: Mdl | null = chain;
  while (mdl != null && copied < length) {
    if (offset >= mdl.length) {
      offset -= mdl.length;
      mdl = mdl.next;
      continue;
    }
    const room = mdl.length - offset;
    const take = length - copied < room ? length - copied : room;
    RtlCopyMemory(mdl.address + offset, source + copied, take);
    copied += take;
    offset = 0;
    mdl = mdl.next;
  }
  return copied;
}

/** Copies the first `length` octets of the chain to `target`; returns how many there were. */
export function copyFromMdl(target: usize, chain: Mdl | null, length: u32): u32 {
  let copied: u32 = 0;
  let mdl: Mdl | null = chain;
  while (mdl != null && copied < length) {
    const take = length - copied < mdl.length ? length - copied : mdl.length;
    RtlCopyMemory(target + copied, mdl.address, take);
    copied += take;
    mdl = mdl.next;
  }
  return copied;
}

/** Octets in the whole chain. */
export function mdlLength(chain: Mdl | null): u32 {
  let length: u32 = 0;
  let mdl: Mdl | null = chain;
  while (mdl != null) {
    length += mdl.length;
    mdl = mdl.next;
  }
  return length;
}
