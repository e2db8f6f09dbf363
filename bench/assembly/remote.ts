/**
 * The remote ends: everybody that a frame may come from, behind one gateway. They are 65,536 hosts
 * all over 11.0.0.0/8, each with one end, then each with a second one, and so on.
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
const HOSTS: u32 = 65536;
/** From one host's address to the next. */
const DISTANCE: u32 = 251;
/** From one end's range of ports to that of the host's next end; eighteen of them fit. */
const PORT_RANGE: u32 = 3500;
const FIRST_PORT: u32 = 1024;
/** Remote ends at most. */
export const REMOTE_LIMIT: u32 = HOSTS * 18;

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
 * their octets are the tag `User`. False: too many, or no memory.
 */
export function makeRemotes(count: u32): bool {
  if (remotes != 0 || count > REMOTE_LIMIT) return false;
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
  return REMOTE_BASE + (index % HOSTS) * DISTANCE;
}

export function portOf(index: u32): u32 {
  return FIRST_PORT + (index / HOSTS) * PORT_RANGE + ((index * 7919) % PORT_RANGE);
}

/** Which remote end has that address and port; not less than `remoteCount()`: none. */
export function indexOf(address: u32, port: u32): u32 {
  const host = (address - REMOTE_BASE) / DISTANCE;
  if (host >= HOSTS) return REMOTE_LIMIT;
  return host + ((port - FIRST_PORT) / PORT_RANGE) * HOSTS;
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
