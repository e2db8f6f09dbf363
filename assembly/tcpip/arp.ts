/**
 * ARP (RFC 826; RFC 1122, 2.3.2): neighbours, and the one datagram that waits for each.
 *
 * NT: an entry lives 2 minutes unused and 10 minutes in use (Q139415 and Q166750 in nt-facts 3.7);
 * at most one datagram waits for an address, and the newest replaces the older (Q194881).
 *
 * Not done: the requests for its own address that a machine sends at start (ArpRetryCount of
 * Q219374; RFC 5227, 2.1), because a machine here is there before its links carry anything.
 */

import { RtlCopyMemory, RtlZeroMemory } from "../nt/memory";
import { Parameter, queryParameter } from "../ex/registry";
import { Event } from "../trace/event";
import { trace } from "../trace/ring";
import { at } from "../nt/embed";
import { TICKS_PER_SECOND, tickBefore } from "../nt/time";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeQueryTickCount } from "../trace/ring";
import { Kdpc } from "../ke/dpc";
import { KeAcquireSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock } from "../ke/spinlock";
import { mustHold } from "../ke/spinlock";
import { adapterAt } from "../ndis/adapter";
import { NdisPacket } from "../ndis/packet";
import { NdisAllocatePacket, NdisFreePacket } from "../ndis/pool";
import { NdisSendPackets } from "../ndis/send";
import { ARP_PACKET, ArpOperation, ArpPacket } from "../wire/arp";
import { copyAddress, destinationOf, ETHERNET_HEADER, EtherType } from "../wire/ethernet";
import { isGroup, setBroadcast, setEtherType, sourceOf } from "../wire/ethernet";
import { Counter, count, Drop, drop } from "./counters";
import { Interface, isBroadcast } from "./interface";
import { isMulticast } from "../wire/ipv4";
import { Neighbour, state, bucketAt, Bucket, findNeighbourLocked } from "./neighbour";
import { addNeighbourLocked, freeNeighbour, BUCKETS } from "./neighbour";
import { initializeNeighbours, stopWhenEmpty } from "./neighbour";

/** Makes an empty table of neighbours. Once, at start. */
export function initializeArp(): void {
  initializeNeighbours(ageNeighbours);
}

/**
 * Sends a chain of datagrams, each with its next hop, whose frames lack the Ethernet header.
 * IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function sendResolved(via: Interface, first: NdisPacket): void {
  const irql = KeAcquireSpinLock(state().lock);
  const ready = resolveChainLocked(via, first);
  KeReleaseSpinLock(state().lock, irql);
  if (ready != null) NdisSendPackets(via.adapter, ready);
}

/** The packets of the chain that can go, and requests for those that cannot. */
function resolveChainLocked(via: Interface, first: NdisPacket): NdisPacket | null {
  mustHold(state().lock);
  let head: NdisPacket | null = null;
  let tail: NdisPacket | null = null;
  let known: Neighbour | null = null;
  let packet: NdisPacket | null = first;
  while (packet != null) {
    const next: NdisPacket | null = packet.next;
    packet.next = null;
    const hop = packet.nextHop;
    let ready: NdisPacket | null = packet;
    if (known != null && known.address == hop) {
      writeHeader(packet, known.mac, via);
    } else if (isBroadcast(via, hop) || isMulticast(hop)) {
      setBroadcast(destinationOf(packet.frame));
      finishHeader(packet, via);
    } else {
      known = findNeighbourLocked(hop);
      if (known != null && known.resolved) {
        known.usedTick = KeQueryTickCount();
        writeHeader(packet, known.mac, via);
      } else {
        ready = parkLocked(via, packet, known);
        known = null;
      }
    }
    if (ready != null) {
      if (tail == null) head = ready;
      else tail.next = ready;
      tail = ready;
    }
    packet = next;
  }
  return head;
}

function writeHeader(packet: NdisPacket, mac: usize, via: Interface): void {
  copyAddress(destinationOf(packet.frame), mac);
  finishHeader(packet, via);
}

function finishHeader(packet: NdisPacket, via: Interface): void {
  copyAddress(sourceOf(packet.frame), via.adapter.mac);
  setEtherType(packet.frame, EtherType.IPV4);
}

/** Parks a datagram whose neighbour is not known; returns the request to send, if it is time. */
function parkLocked(
  via: Interface,
  packet: NdisPacket,
  known: Neighbour | null,
): NdisPacket | null {
  mustHold(state().lock);
  const isNew = known == null;
  const neighbour = isNew ? addNeighbourLocked(via, packet.nextHop) : known;
  if (neighbour == null) {
    NdisFreePacket(packet);
    return null;
  }
  replaceParkedLocked(neighbour, packet);
  // The frame is safe in the pool: the packet may carry the request.
  if (isNew) return buildRequestLocked(neighbour, packet);
  NdisFreePacket(packet);
  return null;
}

function replaceParkedLocked(neighbour: Neighbour, packet: NdisPacket): void {
  mustHold(state().lock);
  const copy = ExAllocatePoolWithTag(packet.length, Tag.Parked);
  if (copy == 0) {
    drop(Drop.NO_MEMORY);
    return;
  }
  RtlCopyMemory(copy, packet.frame, packet.length);
  if (neighbour.parked) {
    drop(Drop.ARP_REPLACED);
    trace(Event.ARP_REPLACED_PARKED, neighbour.address, 0, 0);
    ExFreePool(neighbour.parked);
  }
  neighbour.parked = copy;
  neighbour.parkedLength = packet.length;
}

function beginPacket(packet: NdisPacket, via: Interface, operation: ArpOperation): ArpPacket {
  const frame = packet.frame;
  const arp = at<ArpPacket>(frame, ETHERNET_HEADER);
  // Padding to the shortest frame goes out as zero, not as what lay there before.
  RtlZeroMemory(frame, 60);
  copyAddress(sourceOf(frame), via.adapter.mac);
  setEtherType(frame, EtherType.ARP);
  arp.begin();
  arp.operation = operation;
  copyAddress(arp.senderHardware, via.adapter.mac);
  arp.senderProtocol = via.address;
  packet.length = ETHERNET_HEADER + ARP_PACKET;
  packet.next = null;
  return arp;
}

function buildRequestLocked(neighbour: Neighbour, packet: NdisPacket): NdisPacket {
  mustHold(state().lock);
  const arp = beginPacket(packet, neighbour.via, ArpOperation.REQUEST);
  setBroadcast(destinationOf(packet.frame));
  arp.targetProtocol = neighbour.address;
  neighbour.tries++;
  neighbour.learnedTick = KeQueryTickCount();
  count(Counter.ARP_OUT_REQUESTS);
  trace(Event.ARP_REQUEST, neighbour.address, neighbour.tries, 0);
  return packet;
}

/** An ARP packet of `length` octets came in. IRQL: DISPATCH_LEVEL. Locks: none. */
export function receiveArp(via: Interface, arp: ArpPacket, length: u32): void {
  if (length < ARP_PACKET || !arp.isIpv4OnEthernet) {
    drop(Drop.ARP_MALFORMED);
    return;
  }
  const sender = arp.senderProtocol;
  const forUs = arp.targetProtocol == via.address;
  const asks = forUs && arp.operation == ArpOperation.REQUEST;
  if (sender == via.address || sender == 0) {
    // Another has our address, or means to: it hears that we have (RFC 5227, 2.1.1 and 2.4).
    if (sender != 0) trace(Event.ARP_CONFLICT, sender, 0, 0);
    if (asks && !isGroup(arp.senderHardware)) reply(via, arp);
    else drop(Drop.ARP_NOT_OURS);
    return;
  }
  const local = ((sender ^ via.address) & via.mask) == 0;
  if (!local || isBroadcast(via, sender) || isGroup(arp.senderHardware)) {
    drop(Drop.ARP_NOT_OURS);
    return;
  }
  const irql = KeAcquireSpinLock(state().lock);
  const released = learnLocked(via, sender, arp.senderHardware, forUs);
  KeReleaseSpinLock(state().lock, irql);
  if (released != null) NdisSendPackets(via.adapter, released);
  if (asks) reply(via, arp);
  else if (forUs) count(Counter.ARP_IN_REPLIES);
}

/** RFC 826's merge: an entry there is brought up to date, a new one made only if it is for us. */
function learnLocked(via: Interface, sender: u32, mac: usize, forUs: bool): NdisPacket | null {
  mustHold(state().lock);
  let neighbour = findNeighbourLocked(sender);
  if (neighbour == null) {
    if (!forUs) return null;
    neighbour = addNeighbourLocked(via, sender);
    if (neighbour == null) return null;
  }
  copyAddress(neighbour.mac, mac);
  neighbour.learnedTick = KeQueryTickCount();
  if (neighbour.resolved) return null;
  neighbour.resolved = 1;
  neighbour.tries = 0;
  neighbour.usedTick = neighbour.learnedTick;
  trace(Event.ARP_RESOLVED, sender, 0, 0);
  return unparkLocked(via, neighbour);
}

function unparkLocked(via: Interface, neighbour: Neighbour): NdisPacket | null {
  mustHold(state().lock);
  const parked = neighbour.parked;
  if (parked == 0) return null;
  neighbour.parked = 0;
  const packet = NdisAllocatePacket(via.adapter);
  if (packet == null) {
    drop(Drop.NO_PACKET);
  } else {
    RtlCopyMemory(packet.frame, parked, neighbour.parkedLength);
    packet.length = neighbour.parkedLength;
    packet.nextHop = neighbour.address;
    writeHeader(packet, neighbour.mac, via);
  }
  ExFreePool(parked);
  return packet;
}

function reply(via: Interface, request: ArpPacket): void {
  count(Counter.ARP_IN_REQUESTS);
  const packet = NdisAllocatePacket(via.adapter);
  if (packet == null) {
    drop(Drop.NO_PACKET);
    return;
  }
  const arp = beginPacket(packet, via, ArpOperation.REPLY);
  copyAddress(destinationOf(packet.frame), request.senderHardware);
  copyAddress(arp.targetHardware, request.senderHardware);
  arp.targetProtocol = request.senderProtocol;
  count(Counter.ARP_OUT_REPLIES);
  NdisSendPackets(via.adapter, packet);
}

/** Every second: asks again, gives up, and forgets what is old. IRQL: DISPATCH_LEVEL. */
function ageNeighbours(dpc: Kdpc, context: usize): void {
  const now = KeQueryTickCount();
  for (let i: u32 = 0; i < BUCKETS; i++) {
    if (bucketAt(i).first == null) continue;
    const irql = KeAcquireSpinLock(state().lock);
    const requests = ageBucketLocked(bucketAt(i), now);
    KeReleaseSpinLock(state().lock, irql);
    sendRequests(requests);
  }
  stopWhenEmpty();
}

/** Each goes to its own card. */
function sendRequests(first: NdisPacket | null): void {
  let packet = first;
  while (packet != null) {
    const next: NdisPacket | null = packet.next;
    packet.next = null;
    const adapter = adapterAt(packet.adapterIndex);
    if (adapter != null) NdisSendPackets(adapter, packet);
    packet = next;
  }
}

function ageBucketLocked(bucket: Bucket, now: u32): NdisPacket | null {
  mustHold(state().lock);
  let requests: NdisPacket | null = null;
  let before: Neighbour | null = null;
  let neighbour = bucket.first;
  while (neighbour != null) {
    const next: Neighbour | null = neighbour.next;
    if (isOverLocked(neighbour, now)) {
      if (before == null) bucket.first = next;
      else before.next = next;
      state().neighbours--;
      giveUpLocked(neighbour);
    } else {
      before = neighbour;
      const request = askAgainLocked(neighbour, now);
      if (request != null) {
        request.next = requests;
        requests = request;
      }
    }
    neighbour = next;
  }
  return requests;
}

function isOverLocked(neighbour: Neighbour, now: u32): bool {
  mustHold(state().lock);
  const tried = neighbour.tries >= queryParameter(Parameter.NtstackArpRequests);
  if (!neighbour.resolved) return tried && mayAskLocked(neighbour, now);
  const unused = queryParameter(Parameter.ArpCacheLife) * TICKS_PER_SECOND;
  const used = queryParameter(Parameter.ArpCacheMinReferencedLife) * TICKS_PER_SECOND;
  const idleSince = tickBefore(neighbour.usedTick, neighbour.learnedTick)
    ? neighbour.learnedTick
    : neighbour.usedTick;
  return now - idleSince >= unused || now - neighbour.learnedTick >= used;
}

/** No more than one request a second for each (RFC 1122, 2.3.2.1). */
function mayAskLocked(neighbour: Neighbour, now: u32): bool {
  mustHold(state().lock);
  return !neighbour.resolved && now - neighbour.learnedTick >= TICKS_PER_SECOND;
}

function askAgainLocked(neighbour: Neighbour, now: u32): NdisPacket | null {
  mustHold(state().lock);
  if (!mayAskLocked(neighbour, now)) return null;
  const packet = NdisAllocatePacket(neighbour.via.adapter);
  if (packet == null) {
    neighbour.tries++;
    return null;
  }
  return buildRequestLocked(neighbour, packet);
}

function giveUpLocked(neighbour: Neighbour): void {
  mustHold(state().lock);
  if (!neighbour.resolved) {
    trace(Event.ARP_FAILED, neighbour.address, neighbour.tries, 0);
    if (neighbour.parked) drop(Drop.ARP_UNRESOLVED);
  }
  freeNeighbour(neighbour);
}
