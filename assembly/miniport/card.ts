/** The card that the host plays, as its driver keeps it. */

import { at } from "../nt/embed";
import { Kdpc } from "../ke/dpc";
import { Adapter } from "../ndis/adapter";
import { Ring } from "./ring";

/** What the interrupt knows of the DPC, of which there is one at a time. */
export const enum Service {
  IDLE,
  /** It is queued, or runs. */
  DUE,
  /** The line was raised again meanwhile. */
  AGAIN,
}

/** A card of ours: what NDIS sees first, then what is the miniport's. */
@unmanaged
export class Card extends Adapter {
  private dpcWords0: u64;
  private dpcWords1: u64;
  private dpcWords2: u64;
  private receiveWords0: u64;
  private receiveWords1: u64;
  private receiveWords2: u64;
  private receiveWords3: u64;
  private transmitWords0: u64;
  private transmitWords1: u64;
  private transmitWords2: u64;
  private transmitWords3: u64;
  /** The block that holds descriptors, packets and buffers. */
  block: usize;
  /** Whether its DPC is due or runs; interlocked (isr.ts). */
  service: Service;
  get dpc(): Kdpc {
    return at<Kdpc>(changetype<usize>(this), offsetof<this>("dpcWords0"));
  }
  get serviceWord(): usize {
    return changetype<usize>(this) + offsetof<this>("service");
  }
  get receiveRing(): Ring {
    return at<Ring>(changetype<usize>(this), offsetof<this>("receiveWords0"));
  }
  get transmitRing(): Ring {
    return at<Ring>(changetype<usize>(this), offsetof<this>("transmitWords0"));
  }
}
if (offsetof<Kdpc>() > 24) ERROR("a Card has room for a Kdpc of 24 octets");

/** The card behind what NDIS sees. */
export function cardOf(adapter: Adapter): Card {
  return at<Card>(changetype<usize>(adapter), 0);
}
