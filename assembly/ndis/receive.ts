/** Indications upward: what came from the card passes to the protocol. */

import { Boundary } from "../vf/rule";
import { mustHoldNothing } from "../ke/spinlock";
import { Adapter } from "./adapter";

/** A frame as the card left it: one descriptor of the receive ring. */
@unmanaged
export class ReceiveDescriptor {
  address: usize;
  /** Octets. */
  length: u16;
  /** FLAG_* */
  flags: u16;
}
if (offsetof<ReceiveDescriptor>() != 8) ERROR("a descriptor is 8 octets");

/** The card has verified the checksums (VIRTIO_NET_HDR_F_DATA_VALID). */
export const FLAG_VERIFIED: u32 = 1;
/** We have sent it to ourselves. */
export const FLAG_LOOPED: u32 = 2;

/**
 * Indicates `count` frames to the protocol bound to `adapter`, if there is one.
 * IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function NdisMIndicateReceivePacket(
  adapter: Adapter,
  descriptors: usize,
  count: u32,
): void {
  mustHoldNothing(Boundary.NDIS_RECEIVE);
  if (adapter.bound) adapter.receive(adapter.protocolContext, descriptors, count);
}
