/**
 * The remote ends: everybody that a frame may come from, behind one gateway. End `i` is 11.0.0.0 + i
 * with a port of its own, as in bench/peers/lwip/frame.c.
 */

import { ExAllocatePoolWithTag } from "../../assembly/ex/pool";
import { Tag } from "../../assembly/ex/tag";
import { at } from "../../assembly/nt/embed";

/** This machine: what the connections are to. */
export const LOCAL_ADDRESS: u32 = 0x0a000001;
export const LOCAL_PORT: u32 = 139;
/** The neighbour through whom all remote ends speak. */
export const GATEWAY_ADDRESS: u32 = 0x0a000002;
const REMOTE_BASE: u32 = 0x0b000000;

/** One remote end. */
@unmanaged
export class Remote {
  /** Sequence number of its next octet. */
  next: u32;
  /** Sequence number that it expects: what it acknowledges. */
  expected: u32;
}

let remotes: usize = 0;
let many: u32 = 0;

/**
 * Makes `count` remote ends, once. They lie in the pool, for which nobody else may grow memory;
 * their octets are the tag `User`. False: there are some, or no memory.
 */
export function makeRemotes(count: u32): bool {
  if (remotes) return false;
  remotes = ExAllocatePoolWithTag(count << 3, Tag.User);
  if (remotes == 0) return false;
  many = count;
  for (let i: u32 = 0; i < count; i++) remoteAt(i).next = chance();
  return true;
}

export function remoteCount(): u32 {
  return many;
}

export function remoteAt(index: u32): Remote {
  return at<Remote>(remotes + (<usize>index << 3), 0);
}

export function addressOf(index: u32): u32 {
  return REMOTE_BASE + index;
}

export function portOf(index: u32): u32 {
  return 1024 + ((index * 7919) % 60000);
}

/** Which remote end has `address`; not less than `remoteCount()`: none. */
export function indexOf(address: u32): u32 {
  return address - REMOTE_BASE;
}

let state: u32 = 0x9e3779b9;

/** A seeded random word (xorshift). */
export function chance(): u32 {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state;
}

/** A random number below `limit`. */
export function below(limit: u32): u32 {
  return <u32>((<u64>chance() * <u64>limit) >>> 32);
}
