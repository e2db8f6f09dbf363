/** Packets downward, completions upward. */

import { Boundary } from "../vf/rule";
import { mustHoldNothing } from "../ke/spinlock";
import { Adapter } from "./adapter";
import { NdisPacket } from "./packet";

/** Sends a chain of packets, each with its whole frame. IRQL: DISPATCH_LEVEL. Locks: none. */
export function NdisSendPackets(adapter: Adapter, first: NdisPacket): void {
  mustHoldNothing(Boundary.NDIS_SEND);
  adapter.send(adapter, first);
}

/**
 * The card has let a chain of packets go: its protocol, which alone sends and has them reclaimed,
 * is told. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function NdisMSendComplete(adapter: Adapter, first: NdisPacket): void {
  adapter.sendComplete(adapter.protocolContext, first);
}

/** Lets go of what the card has sent by now. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function reclaimPackets(adapter: Adapter): void {
  adapter.reclaim(adapter);
}
