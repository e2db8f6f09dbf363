/**
 * IP on the way out: header, route, card.
 *
 * Packets are queued on the running processor and go down in chains, when no lock is held any more
 * (`flushSends`): at the end of a batch, of a request, of a timer.
 */

import { RtlZeroMemory } from "../../nt/memory";
import { Kdpc, KeInitializeDpc, KeInsertQueueDpc } from "../../ke/dpc";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { at } from "../../nt/embed";
import { adapterAt } from "../../ndis/adapter";
import { NdisPacket } from "../../ndis/packet";
import { NdisAllocatePacket, NdisFreePacket } from "../../ndis/pool";
import { reclaimPackets } from "../../ndis/send";
import { FLAG_LOOPED, FLAG_VERIFIED, NdisMIndicateReceivePacket } from "../../ndis/receive";
import { ReceiveDescriptor } from "../../ndis/receive";
import { copyAddress, ETHERNET_HEADER, EtherType } from "../../wire/ethernet";
import { destinationOf, setEtherType, sourceOf } from "../../wire/ethernet";
import { Fragment, IPV4_HEADER, Ipv4Header } from "../../wire/ipv4";
import { SourceRoute, writeSourceRoute } from "../../wire/sourceroute";
import { Parameter, queryParameter } from "../../ex/registry";
import { sendResolved } from "../arp";
import { Counter, count, Drop, drop } from "../counters";
import { Interface, interfaceAt, isLoopback, takeIdentification } from "../interface";

/** What one processor has queued for one card, or for itself. */
@unmanaged
class Chain {
  first: NdisPacket | null;
  last: NdisPacket | null;
  count: u32;
  reserved: u32;
}
/** One chain for each card, and the last for what is sent to ourselves. */
const CHAINS_EACH: u32 = 16;
const CHAINS: usize = memory.data(2048);
if (CHAINS_EACH * MAXIMUM_PROCESSORS * 16 > 2048) ERROR("CHAINS");
const OWN: u32 = CHAINS_EACH - 1;
/** One bit for each card with something queued, a word for each processor. */
const QUEUED: usize = memory.data(32);

@unmanaged
class Word {
  value: u32;
}

/** A DPC for each processor that receives what was sent to ourselves, and its descriptor. */
const LOOP_DPCS: usize = memory.data(256);
const LOOP_OCTETS: usize = 32;
if (offsetof<Kdpc>() + offsetof<ReceiveDescriptor>() > LOOP_OCTETS) ERROR("LOOP_DPCS");

function chainOf(processor: u32, index: u32): Chain {
  return changetype<Chain>(CHAINS + (<usize>(processor * CHAINS_EACH + index) << 4));
}

function queuedOn(processor: u32): Word {
  return changetype<Word>(QUEUED + (<usize>processor << 2));
}

function loopDpcOf(processor: u32): Kdpc {
  return changetype<Kdpc>(LOOP_DPCS + <usize>processor * LOOP_OCTETS);
}

/** Makes the queues empty. Once, at start. */
export function initializeSends(): void {
  RtlZeroMemory(CHAINS, 2048);
  RtlZeroMemory(QUEUED, 32);
  for (let processor: u32 = 0; processor < MAXIMUM_PROCESSORS; processor++) {
    KeInitializeDpc(loopDpcOf(processor), receiveOwn, processor);
  }
}

/** A packet for a datagram on `via`; null and counted when all are under way. */
export function allocateDatagram(via: Interface): NdisPacket | null {
  let packet = NdisAllocatePacket(via.adapter);
  if (packet != null) return packet;
  reclaimPackets(via.adapter);
  packet = NdisAllocatePacket(via.adapter);
  if (packet == null) drop(Drop.NO_PACKET);
  return packet;
}

/** The IP header of a packet. */
function ipHeaderOf(packet: NdisPacket): Ipv4Header {
  return at<Ipv4Header>(packet.frame, ETHERNET_HEADER);
}

/** Where the payload of a packet's datagram begins; options, if any, come before it. */
export function payloadOf(packet: NdisPacket): usize {
  return packet.frame + ETHERNET_HEADER + IPV4_HEADER;
}

/**
 * Writes the IP header before `length` octets of payload and queues the packet for `nextHop`.
 * `fragment` is the word of flags and offset, above it the type of service. IRQL: <=
 * DISPATCH_LEVEL.
 */
export function queueDatagram(
  packet: NdisPacket,
  via: Interface,
  nextHop: u32,
  source: u32,
  destination: u32,
  protocol: u32,
  length: u32,
  fragment: u32,
): void {
  const identification = takeIdentification(via);
  writeIpHeader(packet, source, destination, protocol, length, identification, fragment);
  queuePacket(packet, via, nextHop, destination);
}

/** As `queueDatagram`, by the hops of `route`, whose octets were left free before the payload. */
export function queueRouted(
  packet: NdisPacket,
  via: Interface,
  nextHop: u32,
  source: u32,
  destination: u32,
  protocol: u32,
  length: u32,
  fragment: u32,
  route: SourceRoute,
): void {
  const identification = takeIdentification(via);
  const first = route.hopAt(0);
  const octets = route.octets;
  const whole = octets + length;
  writeIpHeader(packet, source, first, protocol, whole, identification, fragment);
  writeSourceRoute(payloadOf(packet), route, destination);
  const header = ipHeaderOf(packet);
  header.begin(IPV4_HEADER + octets);
  header.seal();
  queuePacket(packet, via, nextHop, first);
}

/** Writes the IP header before `length` octets of payload. IRQL: any. */
export function writeIpHeader(
  packet: NdisPacket,
  source: u32,
  destination: u32,
  protocol: u32,
  length: u32,
  identification: u32,
  fragment: u32,
): void {
  const ttl = queryParameter(Parameter.DefaultTTL);
  const total = IPV4_HEADER + length;
  const header = ipHeaderOf(packet);
  header.write(total, identification, fragment, ttl, protocol, source, destination);
  packet.length = ETHERNET_HEADER + IPV4_HEADER + length;
  count(Counter.IP_OUT_REQUESTS);
}

/** Queues a packet with its IP header on the running processor. */
export function queuePacket(
  packet: NdisPacket,
  via: Interface,
  nextHop: u32,
  destination: u32,
): void {
  const processor = KeGetCurrentProcessorNumber();
  const own = destination == via.address || isLoopback(destination);
  const index = own ? OWN : via.adapter.index;
  const chain = chainOf(processor, index);
  packet.nextHop = nextHop;
  packet.next = null;
  const last = chain.last;
  if (last == null) chain.first = packet;
  else last.next = packet;
  chain.last = packet;
  chain.count++;
  queuedOn(processor).value |= (<u32>1) << index;
}

/** How many packets wait on the running processor for a card. */
export function queuedFor(via: Interface): u32 {
  return chainOf(KeGetCurrentProcessorNumber(), via.adapter.index).count;
}

function takeChain(chain: Chain): NdisPacket | null {
  const first = chain.first;
  chain.first = null;
  chain.last = null;
  chain.count = 0;
  return first;
}

/** Sends what the running processor has queued. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function flushSends(): void {
  const processor = KeGetCurrentProcessorNumber();
  const word = queuedOn(processor);
  while (word.value != 0) {
    const index = ctz(word.value);
    word.value &= word.value - 1;
    if (index == OWN) {
      KeInsertQueueDpc(loopDpcOf(processor));
      continue;
    }
    const first = takeChain(chainOf(processor, index));
    const via = interfaceAt(index);
    if (first == null) continue;
    if (via != null) sendResolved(via, first);
    else freeChain(first);
  }
}

function freeChain(first: NdisPacket): void {
  let packet: NdisPacket | null = first;
  while (packet != null) {
    const next: NdisPacket | null = packet.next;
    NdisFreePacket(packet);
    packet = next;
  }
}

/** Lets go of what was queued and not sent. At the end. */
export function dropQueued(): void {
  for (let processor: u32 = 0; processor < MAXIMUM_PROCESSORS; processor++) {
    queuedOn(processor).value = 0;
    for (let index: u32 = 0; index < CHAINS_EACH; index++) {
      const first = takeChain(chainOf(processor, index));
      if (first != null) freeChain(first);
    }
  }
}

/** What was sent to ourselves comes in, frame by frame, as if from the card. */
function receiveOwn(dpc: Kdpc, context: usize): void {
  const processor = <u32>context;
  const descriptor = at<ReceiveDescriptor>(changetype<usize>(dpc), LOOP_OCTETS - 8);
  let packet = takeChain(chainOf(processor, OWN));
  while (packet != null) {
    const next: NdisPacket | null = packet.next;
    const adapter = adapterAt(packet.adapterIndex);
    if (adapter != null) {
      copyAddress(destinationOf(packet.frame), adapter.mac);
      copyAddress(sourceOf(packet.frame), adapter.mac);
      setEtherType(packet.frame, EtherType.IPV4);
      descriptor.address = packet.frame;
      descriptor.length = <u16>packet.length;
      descriptor.flags = <u16>(FLAG_VERIFIED | FLAG_LOOPED);
      NdisMIndicateReceivePacket(adapter, changetype<usize>(descriptor), 1);
    }
    NdisFreePacket(packet);
    packet = next;
  }
}

/** The word of a datagram that must not be fragmented, or may. */
export function dontFragment(on: bool): u32 {
  return on ? Fragment.DONT : 0;
}
