/** Descriptor rings, shared with the host: it is the card. */

import { ReceiveDescriptor } from "../ndis/receive";
import { at } from "../nt/embed";

/**
 * The head of a ring. Producer and consumer count descriptors since boot; the slot is the count
 * modulo `slots`. In the receive ring the host produces and each slot has a buffer of its own; in
 * the transmit ring the kernel produces and a descriptor says where the frame lies.
 */
@unmanaged
export class Ring {
  produced: u32;
  consumed: u32;
  /** A power of two. */
  slots: u32;
  /** Where the descriptors lie: 8 octets each. */
  descriptors: usize;
  /** Receive ring: where the buffers lie, FRAME_STRIDE apart, frames FRAME_OFFSET octets in. */
  buffers: usize;
  /** Transmit ring: descriptors that the kernel has let go. */
  reclaimed: u32;
  /** Transmit ring: the packet of each slot. */
  packets: usize;
  reserved: u32;
}
if (offsetof<Ring>() != 32) ERROR("host/machine/nic.ts reads Ring as 32 octets");

/** Slots of each ring. */
export const RING_SLOTS: u32 = 256;
/** Frames that one indication carries at most. */
export const BATCH_FRAMES: u32 = 64;

/** The descriptor that `count` stands for. */
export function descriptorAt(ring: Ring, count: u32): ReceiveDescriptor {
  return at<ReceiveDescriptor>(ring.descriptors, <usize>(count & (ring.slots - 1)) << 3);
}
