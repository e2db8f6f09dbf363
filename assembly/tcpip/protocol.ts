/** NDIS entry points: batches of frames in, packets let go. */

import { at } from "../nt/embed";
import { mustBeAt } from "../ke/irql";
import { Irql } from "../ke/processor";
import { NdisPacket } from "../ndis/packet";
import { freePackets } from "../ndis/pool";
import { FLAG_LOOPED, FLAG_VERIFIED, ReceiveDescriptor } from "../ndis/receive";
import { ARP_PACKET, ArpPacket } from "../wire/arp";
import { ETHERNET_HEADER, EtherType, SNAP_HEADER, destinationOf } from "../wire/ethernet";
import { etherType } from "../wire/ethernet";
import { isGroup, isSameAddress, isSnap, linkHeaderLength, snapType } from "../wire/ethernet";
import { Ipv4Header } from "../wire/ipv4";
import { receiveArp } from "./arp";
import { Drop, drop } from "./counters";
import { Interface, isBroadcast } from "./interface";
import { Kind, classify, prepare, receiveDatagram } from "./ip/receive";
import { flushSends } from "./ip/send";
import { askForBatch, findSingle, processSegment } from "./tcp/batch";
import { flushScheduled } from "./tcp/delayedack";
import { BATCH, Segment, firstSegment, segmentAfter } from "./tcp/segment";
import { findBatch, tableGeneration } from "./tcp/table";

/** Frames of one pass: one place of the batch stays free for a segment put together from pieces. */
const PASS: u32 = BATCH - 1;

/** ProtocolReceivePacket. IRQL: DISPATCH_LEVEL. Locks: none. */
export function receivePackets(context: usize, descriptors: usize, count: u32): void {
  mustBeAt(Irql.DISPATCH);
  const on = at<Interface>(context, 0);
  for (let done: u32 = 0; done < count; done += PASS) {
    const left = count - done;
    receivePass(on, descriptors + (<usize>done << 3), left < PASS ? left : PASS);
  }
  flushScheduled(on);
  flushSends();
}

function receivePass(on: Interface, descriptors: usize, count: u32): void {
  let segments: u32 = 0;
  let segment = firstSegment();
  for (let i: u32 = 0; i < count; i++) {
    const descriptor = at<ReceiveDescriptor>(descriptors, <usize>i << 3);
    segment.whole = 0;
    segments += stageFrame(on, descriptor, segment);
    segment = segmentAfter(segment);
  }
  // Before the lookup: what another processor inserts meanwhile is looked for again.
  const generation = segments != 0 ? tableGeneration() : 0;
  if (count == 1 && segments == 1) findSingle(firstSegment());
  else if (segments != 0) {
    askForBatch(count);
    findBatch(count);
  }
  segment = firstSegment();
  for (let i: u32 = 0; i < count; i++) {
    if (segment.whole != 0) processSegment(segment, generation);
    else if (segment.absent) receiveOther(on, at<ReceiveDescriptor>(descriptors, <usize>i << 3));
    segment = segmentAfter(segment);
  }
}

/** The type of a frame; 0 when it is not for us or too short, and then it is counted. */
function typeOf(on: Interface, descriptor: ReceiveDescriptor): u32 {
  const frame = descriptor.address;
  const length: u32 = descriptor.length;
  if (length < ETHERNET_HEADER) {
    drop(Drop.ETHERNET_SHORT);
    return 0;
  }
  if (!isGroup(frame) && !isSameAddress(destinationOf(frame), on.adapter.mac)) {
    drop(Drop.ETHERNET_OTHER_STATION);
    return 0;
  }
  const type = etherType(frame);
  if (type == EtherType.IPV4 || type == EtherType.ARP) return type;
  const inner: u32 = isSnap(frame, length) ? snapType(frame) : 0;
  if (inner == EtherType.IPV4 || inner == EtherType.ARP) return inner;
  drop(Drop.ETHERNET_TYPE);
  return 0;
}

/** Stage a: 1 when the frame is a TCP segment, now in its place of the batch. */
function stageFrame(on: Interface, descriptor: ReceiveDescriptor, segment: Segment): u32 {
  const type = typeOf(on, descriptor);
  segment.absent = type == EtherType.ARP ? 1 : 0;
  if (type != EtherType.IPV4) return 0;
  const frame = descriptor.address;
  const header = linkHeaderLength(frame);
  const ip = at<Ipv4Header>(frame, header);
  const flags = <u32>descriptor.flags;
  const length = <u32>descriptor.length - header;
  const kind = classify(on, ip, length, (flags & FLAG_LOOPED) != 0);
  if (isGroup(frame) && kind != Kind.BAD && !isBroadcast(on, ip.destination)) {
    // One address, but every station's frame: nobody means that (RFC 1122, 3.3.6).
    drop(Drop.IP_NOT_OURS);
    return 0;
  }
  if (kind == Kind.TCP) return prepare(segment, on, ip, (flags & FLAG_VERIFIED) != 0) ? 1 : 0;
  segment.absent = kind == Kind.OTHER ? 1 : 0;
  return 0;
}

/** Stage d, for what is not a TCP segment. */
function receiveOther(on: Interface, descriptor: ReceiveDescriptor): void {
  const frame = descriptor.address;
  const header = linkHeaderLength(frame);
  const length = <u32>descriptor.length - header;
  const type = header == ETHERNET_HEADER ? etherType(frame) : snapType(frame);
  if (type == EtherType.ARP) {
    if (length < ARP_PACKET) drop(Drop.ARP_MALFORMED);
    else receiveArp(on, at<ArpPacket>(frame, header), length);
    return;
  }
  const flags = <u32>descriptor.flags;
  receiveDatagram(on, at<Ipv4Header>(frame, header), (flags & FLAG_VERIFIED) != 0);
}

/** ProtocolSendComplete. IRQL: DISPATCH_LEVEL. Locks: none. */
export function sendComplete(context: usize, first: NdisPacket): void {
  freePackets(at<Interface>(context, 0).adapter, first);
}
