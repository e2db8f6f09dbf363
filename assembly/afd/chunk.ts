/** Octets of a socket: in one block of pool, a head and then the octets. */

import { at } from "../nt/embed";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { Mdl, describe } from "../io/mdl";

/** A run of octets, or one datagram. */
@unmanaged
export class Chunk {
  next: Chunk | null;
  /** Where the first octet that is left lies, and how many are left. */
  data: usize;
  length: u32;
  /** The socket it belongs to while a request has it. */
  owner: usize;
  remoteAddress: u32;
  remotePort: u32;
  private mdlWord0: u32;
  private mdlWord1: u32;
  private mdlWord2: u32;
  /** Describes the octets, for a request. */
  get mdl(): Mdl {
    return at<Mdl>(changetype<usize>(this), offsetof<this>("mdlWord0"));
  }
}
const HEAD: u32 = <u32>offsetof<Chunk>();
if (offsetof<Mdl>() > 12) ERROR("a Chunk has room for an Mdl");

/** A chunk with room for `length` octets; null: no memory. */
export function allocateChunk(length: u32): Chunk | null {
  const block = ExAllocatePoolWithTag(HEAD + length, Tag.SocketBuffer);
  if (block == 0) return null;
  const chunk = at<Chunk>(block, 0);
  chunk.next = null;
  chunk.data = block + HEAD;
  chunk.length = length;
  chunk.owner = 0;
  chunk.remoteAddress = 0;
  chunk.remotePort = 0;
  describe(chunk.mdl, chunk.data, length);
  return chunk;
}

/** Gives a chunk back. */
export function freeChunk(chunk: Chunk): void {
  ExFreePool(changetype<usize>(chunk));
}

/** Lets a whole chain go. */
export function freeChunks(first: Chunk | null): void {
  let chunk = first;
  while (chunk != null) {
    const next: Chunk | null = chunk.next;
    freeChunk(chunk);
    chunk = next;
  }
}
