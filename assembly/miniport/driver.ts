/** The miniport: the driver of the card that the host plays. */

import { RtlZeroMemory } from "../nt/memory";
import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeInitializeDpc } from "../ke/dpc";
import { IoConnectInterrupt, IoDisconnectInterrupt } from "../ke/interrupt";
import { MAXIMUM_ADAPTERS, PacketFilter, adapterAt } from "../ndis/adapter";
import { NdisMDeregisterAdapter, NdisMRegisterAdapter } from "../ndis/adapter";
import { FRAME_OFFSET, FRAME_STRIDE, NdisPacket, PACKETS } from "../ndis/packet";
import { initializePackets } from "../ndis/pool";
import { Card, cardOf } from "./card";
import { receiveDpc } from "./receive";
import { interruptService } from "./isr";
import { reclaim, transmit } from "./send";
import { RING_SLOTS, descriptorAt } from "./ring";

const DESCRIPTORS: u32 = RING_SLOTS * 8;
const PACKET_OCTETS: u32 = <u32>offsetof<NdisPacket>() * PACKETS;
const RECEIVE_OCTETS: u32 = RING_SLOTS * FRAME_STRIDE;
const SEND_OCTETS: u32 = PACKETS * FRAME_STRIDE;
const BLOCK_OCTETS: u32 =
  DESCRIPTORS * 2 + RING_SLOTS * 4 + PACKET_OCTETS + RECEIVE_OCTETS + SEND_OCTETS + 64;

/**
 * MiniportInitialize: a card with the six octets of its address in two words, its datagrams at
 * most `mtu` octets. The card's number is its interrupt line. IRQL: PASSIVE_LEVEL.
 */
export function initializeCard(index: u32, macHigh: u32, macLow: u32, mtu: u32): NTSTATUS {
  if (index >= MAXIMUM_ADAPTERS || adapterAt(index) != null) return Status.INVALID_PARAMETER;
  const length = <u32>offsetof<Card>();
  const base = ExAllocatePoolWithTag(length, Tag.Adapter);
  if (base == 0) return Status.INSUFFICIENT_RESOURCES;
  const block = ExAllocatePoolWithTag(BLOCK_OCTETS, Tag.PacketPool);
  if (block == 0) {
    ExFreePool(base);
    return Status.INSUFFICIENT_RESOURCES;
  }
  RtlZeroMemory(base, length);
  const card = at<Card>(base, 0);
  card.block = block;
  card.mtu = mtu;
  card.filter = PacketFilter.DIRECTED | PacketFilter.BROADCAST;
  card.send = transmit;
  card.reclaim = reclaim;
  writeMac(card.mac, macHigh, macLow);
  KeInitializeDpc(card.dpc, receiveDpc, base);
  NdisMRegisterAdapter(card, index);
  layOut(card, (block + 63) & ~63);
  IoConnectInterrupt(index, interruptService, base);
  return Status.SUCCESS;
}

function writeMac(mac: usize, high: u32, low: u32): void {
  store<u16>(mac, bswap<u16>(<u16>high));
  store<u32>(mac + 2, bswap<u32>(low));
}

/** Descriptors first, then the packets, then the frames: receive, send. */
function layOut(card: Card, start: usize): void {
  const receive = card.receiveRing;
  const send = card.transmitRing;
  receive.slots = RING_SLOTS;
  send.slots = RING_SLOTS;
  receive.descriptors = start;
  send.descriptors = start + DESCRIPTORS;
  send.packets = send.descriptors + DESCRIPTORS;
  const packets = send.packets + RING_SLOTS * 4;
  receive.buffers = (packets + PACKET_OCTETS + 15) & ~15;
  for (let i: u32 = 0; i < RING_SLOTS; i++) {
    descriptorAt(receive, i).address = receive.buffers + FRAME_STRIDE * i + FRAME_OFFSET;
  }
  initializePackets(card, packets, receive.buffers + RECEIVE_OCTETS);
}

/** MiniportHalt: the card goes. IRQL: PASSIVE_LEVEL. */
export function haltCard(index: u32): void {
  const adapter = adapterAt(index);
  if (adapter == null) return;
  const card = cardOf(adapter);
  IoDisconnectInterrupt(index);
  NdisMDeregisterAdapter(card);
  ExFreePool(card.block);
  ExFreePool(changetype<usize>(card));
}
