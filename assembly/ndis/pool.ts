/** A card's pool of packets. */

import { at } from "../nt/embed";
import { Fault, faulty } from "../kb/faults";
import { Parameter, queryParameter } from "../ex/registry";
import { Irql } from "../ke/processor";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { Adapter, adapterAt } from "./adapter";
import { FRAME_OFFSET, FRAME_STRIDE, NdisPacket } from "./packet";

/** A packet with room for one frame; null when all are under way. IRQL: <= DISPATCH_LEVEL. */
export function NdisAllocatePacket(adapter: Adapter): NdisPacket | null {
  let irql = KeAcquireSpinLock(adapter.lock);
  const packet = takePacketLocked(adapter);
  // "does not restore the IRQ level"
  if (faulty(Fault.Q293498) && packet == null) irql = Irql.DISPATCH;
  KeReleaseSpinLock(adapter.lock, irql);
  return packet;
}

function takePacketLocked(adapter: Adapter): NdisPacket | null {
  mustHold(adapter.lock);
  const first = adapter.freePackets;
  if (first == null) return null;
  adapter.freePackets = first.next;
  adapter.packetsOut++;
  first.next = null;
  return first;
}

/** Gives a packet back, first in line. IRQL: <= DISPATCH_LEVEL. */
export function NdisFreePacket(packet: NdisPacket): void {
  const adapter = adapterAt(packet.adapterIndex);
  if (adapter == null) return;
  packet.next = null;
  freePackets(adapter, packet);
}

/**
 * Gives a chain of packets of `adapter` back, first in line and in its order: what is taken next
 * is in the caches still, and lies in runs. IRQL: <= DISPATCH_LEVEL.
 */
export function freePackets(adapter: Adapter, first: NdisPacket): void {
  let last = first;
  let many: u32 = 1;
  for (let next = first.next; next != null; next = last.next) {
    last = next;
    many++;
  }
  const irql = KeAcquireSpinLock(adapter.lock);
  last.next = adapter.freePackets;
  adapter.freePackets = first;
  adapter.packetsOut -= many;
  KeReleaseSpinLock(adapter.lock, irql);
}

/**
 * Strings up the packets of a new card, whose number is known, in the order of their buffers:
 * as many of the PACKETS as the registry says. Once, at start.
 */
export function initializePackets(adapter: Adapter, packets: usize, buffers: usize): void {
  const many = queryParameter(Parameter.NtstackSendPackets);
  let previous: NdisPacket | null = null;
  for (let i: u32 = 0; i < many; i++) {
    const packet = at<NdisPacket>(packets, offsetof<NdisPacket>() * i);
    packet.next = null;
    packet.adapterIndex = adapter.index;
    packet.frame = buffers + FRAME_STRIDE * i + FRAME_OFFSET;
    packet.length = 0;
    if (previous == null) adapter.freePackets = packet;
    else previous.next = packet;
    previous = packet;
  }
  adapter.packetsOut = 0;
}
