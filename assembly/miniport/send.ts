/** From packets to descriptors. */

import { at } from "../nt/embed";
import { onTransmit } from "../host";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { Adapter } from "../ndis/adapter";
import { NdisPacket } from "../ndis/packet";
import { NdisMSendComplete } from "../ndis/send";
import { Card, cardOf } from "./card";
import { Ring, descriptorAt } from "./ring";

/**
 * MiniportSendPackets: every packet gets a descriptor; when the ring is full, the host takes all.
 */
export function transmit(adapter: Adapter, first: NdisPacket): void {
  const card = cardOf(adapter);
  const ring = card.transmitRing;
  let packet: NdisPacket | null = first;
  while (packet != null) {
    const irql = KeAcquireSpinLock(card.lock);
    packet = fillLocked(card, ring, packet);
    KeReleaseSpinLock(card.lock, irql);
    if (packet != null) {
      onTransmit(card.index);
      reclaim(card);
      if (ring.produced - ring.reclaimed >= ring.slots) break;
    }
  }
  if (packet != null) NdisMSendComplete(card, packet);
}

/** Fills descriptors as long as there are any; returns the first packet that has none. */
function fillLocked(card: Card, ring: Ring, first: NdisPacket): NdisPacket | null {
  mustHold(card.lock);
  let packet: NdisPacket | null = first;
  while (packet != null && ring.produced - ring.reclaimed < ring.slots) {
    const next: NdisPacket | null = packet.next;
    const descriptor = descriptorAt(ring, ring.produced);
    descriptor.address = packet.frame;
    descriptor.length = <u16>packet.length;
    descriptor.flags = 0;
    writePacket(ring, ring.produced, packet);
    ring.produced++;
    packet = next;
  }
  return packet;
}

function packetSlot(ring: Ring, count: u32): usize {
  return ring.packets + (<usize>(count & (ring.slots - 1)) << 2);
}

function writePacket(ring: Ring, count: u32, packet: NdisPacket): void {
  store<usize>(packetSlot(ring, count), changetype<usize>(packet));
}

/** Lets go of the packets that the host has taken. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function reclaim(adapter: Adapter): void {
  const card = cardOf(adapter);
  const ring = card.transmitRing;
  const irql = KeAcquireSpinLock(card.lock);
  const first = takeSentLocked(card, ring);
  KeReleaseSpinLock(card.lock, irql);
  if (first != null) NdisMSendComplete(card, first);
}

/** A chain of the packets that the host has taken, oldest first. */
function takeSentLocked(card: Card, ring: Ring): NdisPacket | null {
  mustHold(card.lock);
  let first: NdisPacket | null = null;
  let last: NdisPacket | null = null;
  while (ring.reclaimed != ring.consumed) {
    const packet = at<NdisPacket>(load<usize>(packetSlot(ring, ring.reclaimed)), 0);
    packet.next = null;
    if (last == null) first = packet;
    else last.next = packet;
    last = packet;
    ring.reclaimed++;
  }
  return first;
}
