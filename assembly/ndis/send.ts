/** Packets downward, completions upward. */

import { Boundary } from "../vf/rule";
import { mustHoldNothing } from "../ke/spinlock";
import { Adapter } from "./adapter";
import { NdisPacket } from "./packet";
import { freePackets } from "./pool";

/** Sends a chain of packets, each with its whole frame. IRQL: DISPATCH_LEVEL. Locks: none. */
export function NdisSendPackets(adapter: Adapter, first: NdisPacket): void {
  mustHoldNothing(Boundary.NDIS_SEND);
  adapter.send(adapter, first);
}

/** The card has let a chain of packets go. IRQL: DISPATCH_LEVEL. Locks: none. */
export function NdisMSendComplete(adapter: Adapter, first: NdisPacket): void {
  if (adapter.bound) adapter.sendComplete(adapter.protocolContext, first);
  else freePackets(adapter, first);
}

/** Lets go of what the card has sent by now. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function reclaimPackets(adapter: Adapter): void {
  adapter.reclaim(adapter);
}
