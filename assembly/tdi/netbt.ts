/** What programs ask of NetBT with IRP_MJ_DEVICE_CONTROL, as nbtstat did, and what it answers. */

import { at } from "../nt/embed";
import { StackHead } from "../io/stack";
import { NbFlag, NetbiosName } from "../wire/nbname";

/** The requests; the answer is in the request's buffer, its octets in `information`. */
export const enum NetbtControl {
  /** All addresses of `name`: flags, how many, and these, a word each. */
  FIND_NAME,
  /** Node status of `address`: the data of the answer, as RFC 1002, 4.2.18, has it. */
  ADAPTER_STATUS,
  /** This machine's names: a NameRow each. */
  NAMES,
  /** Names of others that are known: a CacheRow each. */
  CACHE,
  /** Forgets them. */
  PURGE_CACHE,
}

/** One of them. */
@unmanaged
class FoundAddress {
  value: u32;
}

/** What FIND_NAME answers: the addresses of a name. */
@unmanaged
export class FoundName {
  /** NB_FLAGS of the first. */
  flags: u32;
  count: u32;
  get isGroup(): bool {
    return (this.flags & NbFlag.GROUP) != 0;
  }
  /** The address of that index, below `count`. */
  addressAt(index: u32): u32 {
    return this.word(index).value;
  }
  protected word(index: u32): FoundAddress {
    return at<FoundAddress>(changetype<usize>(this), offsetof<FoundName>() + (<usize>index << 2));
  }
}
/** Addresses of one name at most: what MS-NBTE lets a name server send (Q163883 had room for 6). */
export const MOST_ADDRESSES: u32 = 25;
/** Octets of a FoundName with all that it may have. */
export const FOUND_OCTETS: u32 = <u32>offsetof<FoundName>() + (MOST_ADDRESSES << 2);

/** The parameters of a request. */
@unmanaged
export class NetbtParameters extends StackHead {
  code: u32;
  /** Where the 16 octets of a name lie, until the request completes. */
  name: u32;
  address: u32;
}

/** A name of this machine. */
@unmanaged
export class NameRow extends NetbiosName {
  /** NAME_FLAGS of a node status answer. */
  flags: u32;
  /** 0: being registered, 1: registered, 2: in conflict. */
  state: u32;
}
/** Octets of a NameRow. */
export const NAME_ROW: u32 = <u32>offsetof<NameRow>();

/** A name of others. */
@unmanaged
export class CacheRow extends NetbiosName {
  /** NB_FLAGS of its first address. */
  flags: u32;
  address: u32;
  /** Seconds that it is still known; 0xFFFFFFFF: for ever. */
  seconds: u32;
  reserved: u32;
}
/** Octets of a CacheRow. */
export const CACHE_ROW: u32 = <u32>offsetof<CacheRow>();
