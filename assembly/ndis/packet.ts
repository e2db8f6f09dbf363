/** NDIS_PACKET: one frame on its way out. */


/*
 * A packet has one flat buffer, so that a frame is written once and the card takes it from there.
 * Buffers lie at a fixed stride beside one another: frames that leave in order lie in order, and
 * the host may take a whole run with one copy.
 */
@unmanaged
export class NdisPacket {
  /** The next one of a chain. */
  next: NdisPacket | null;
  /** The card whose pool it is from. */
  adapterIndex: u32;
  /** Where the frame begins: its Ethernet header. */
  frame: usize;
  /** Octets of the frame. */
  length: u32;
  /** ProtocolReserved: where to next, as IP gives it to ARP. */
  nextHop: u32;
  /** ProtocolReserved: the route cache entry, or 0. */
  route: usize;
}
if (offsetof<NdisPacket>() != 24) ERROR("a packet takes 24 octets of the pool");

/** Octets from one buffer to the next. */
export const FRAME_STRIDE: u32 = 1536;
/** Where a frame begins in its buffer: so that what follows the Ethernet header is aligned. */
export const FRAME_OFFSET: u32 = 2;
/** The longest frame: 14 octets of header and 1500 of datagram. */
export const FRAME_LIMIT: u32 = 1514;
/** Packets of a card at most: more than its transmit ring and one batch of answers hold. */
export const PACKETS: u32 = 512;
