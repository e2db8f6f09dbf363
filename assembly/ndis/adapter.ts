/** A card, as protocols see it. */

import { at } from "../nt/embed";
import { KSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { LockRank } from "../ke/lockorder";
import { NdisPacket } from "./packet";

/** MiniportSendPackets: takes a chain of packets. IRQL: DISPATCH_LEVEL. Locks: none. */
export type SendHandler = (adapter: Adapter, first: NdisPacket) => void;
/** Lets go of what was sent. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export type ReclaimHandler = (adapter: Adapter) => void;
/**
 * ProtocolReceivePacket for an array: `count` frames, whose descriptors lie at `descriptors`, in
 * order of arrival. They are the card's again when it returns. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export type ReceiveHandler = (context: usize, descriptors: usize, count: u32) => void;
/** ProtocolSendComplete: the packets of a chain are the protocol's again. */
export type SendCompleteHandler = (context: usize, first: NdisPacket) => void;

/** Packet filter bits: which frames the card lets through (OID_GEN_CURRENT_PACKET_FILTER). */
export const enum PacketFilter {
  DIRECTED = 1,
  MULTICAST = 2,
  BROADCAST = 8,
  PROMISCUOUS = 0x20,
}

/** A card. */
@unmanaged
export class Adapter {
  private lockWord: u32;
  index: u32;
  /** Its address, as six octets, and two of padding. */
  private macWord0: u32;
  private macWord1: u32;
  /** Octets of the largest datagram. */
  mtu: u32;
  filter: PacketFilter;
  send: SendHandler;
  reclaim: ReclaimHandler;
  /** The protocol bound to it; 0: none. */
  bound: u32;
  protocolContext: usize;
  receive: ReceiveHandler;
  sendComplete: SendCompleteHandler;
  /** The miniport's own structure. */
  miniportContext: usize;
  // Under `lock`:
  freePackets: NdisPacket | null;
  packetsOut: u32;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
  /** Where its address lies: six octets. */
  get mac(): usize {
    return changetype<usize>(this) + offsetof<this>("macWord0");
  }
}

/** Cards of a machine at most. */
export const MAXIMUM_ADAPTERS: u32 = 8;
const TABLE: usize = memory.data(32);
/** [0]: how many cards there are. */
const WORDS: usize = memory.data(4);

/** Adds a card that the miniport has set up. IRQL: PASSIVE_LEVEL. */
export function NdisMRegisterAdapter(adapter: Adapter, index: u32): void {
  KeInitializeSpinLock(adapter.lock, LockRank.NdisAdapter);
  adapter.index = index;
  store<usize>(TABLE + (<usize>index << 2), changetype<usize>(adapter));
  if (index >= load<u32>(WORDS)) store<u32>(WORDS, index + 1);
}

/** Takes a card away. */
export function NdisMDeregisterAdapter(adapter: Adapter): void {
  store<usize>(TABLE + (<usize>adapter.index << 2), 0);
}

/** The card of that number, or null. */
export function adapterAt(index: u32): Adapter | null {
  if (index >= MAXIMUM_ADAPTERS) return null;
  return at<Adapter | null>(load<usize>(TABLE + (<usize>index << 2)), 0);
}
