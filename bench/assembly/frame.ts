/** Frames of remote ends, in the receive ring: made as a card leaves them, outside any timing. */

import { at } from "../../assembly/nt/embed";
import { ArpOperation, ArpPacket } from "../../assembly/wire/arp";
import { complement, copyAndSum, pseudoHeader, sum } from "../../assembly/wire/checksum";
import {
  ETHERNET_HEADER, EtherType, copyAddress, destinationOf, setEtherType, sourceOf,
} from "../../assembly/wire/ethernet";
import { Fragment, IPV4_HEADER, Ipv4Header, Protocol } from "../../assembly/wire/ipv4";
import { TCP_HEADER, TcpFlag, TcpHeader } from "../../assembly/wire/tcp";
import { MSS_OPTION, writeMss } from "../../assembly/wire/tcpoption";
import { FRAME_OFFSET, FRAME_STRIDE } from "../../assembly/ndis/packet";
import { Card } from "../../assembly/miniport/card";
import { Ring, descriptorAt } from "../../assembly/miniport/ring";
import { adapterAt } from "../../assembly/ndis/adapter";
import { GATEWAY_ADDRESS, LOCAL_ADDRESS, LOCAL_PORT, addressOf, indexOf } from "./remote";
import { portOf, remoteAt, remoteCount } from "./remote";

/** What is before the TCP header. */
const HEADERS: u32 = ETHERNET_HEADER + IPV4_HEADER;
/** What a remote end says in its SYN: a full segment on Ethernet. */
const MSS: u32 = 1460;
/** The time to live of its datagrams. */
const TTL: u32 = 128;
/** Octets for payloads: none are alike for long. */
const PAYLOAD: usize = memory.data(1536, 16);
/** 02-00-00-00-00-02: the gateway's station. */
const GATEWAY_MAC: usize = memory.data<u8>([2, 0, 0, 0, 0, 2, 0, 0]);

/** Descriptors that are filled and not yet the kernel's. */
let built: u32 = 0;
/** Transmit descriptors that have been looked at. */
let seen: u32 = 0;

/** The one card; it must be there. */
export function theCard(): Card {
  return changetype<Card>(adapterAt(0));
}

/** How many frames have been built; they are the kernel's from here on. */
export function takeBuilt(): u32 {
  const count = built;
  built = 0;
  return count;
}

/** Fills the payloads. Once. */
export function preparePayload(): void {
  for (let i: usize = 0; i < 1536; i += 4) store<u32>(PAYLOAD + i, <u32>i * 0x9e3779b1 + 0x55);
}

/** Where the next frame belongs. */
function nextFrame(ring: Ring): usize {
  const slot = (ring.produced + built) & (ring.slots - 1);
  return ring.buffers + slot * FRAME_STRIDE + FRAME_OFFSET;
}

function finishFrame(ring: Ring, frame: usize, length: u32): void {
  const descriptor = descriptorAt(ring, ring.produced + built);
  copyAddress(destinationOf(frame), theCard().mac);
  copyAddress(sourceOf(frame), GATEWAY_MAC);
  descriptor.length = <u16>length;
  // Nobody has verified the checksums.
  descriptor.flags = 0;
  built++;
}

/** A segment with `length` octets of text from remote end `index`, whose next octet moves on. */
export function buildSegment(index: u32, flags: u32, length: u32): void {
  buildText(index, flags, PAYLOAD, length);
}

/** The same with the octets at `text`. */
export function buildText(index: u32, flags: u32, text: usize, length: u32): void {
  const ring = theCard().receiveRing;
  const remote = remoteAt(index);
  const frame = nextFrame(ring);
  const tcp = at<TcpHeader>(frame, HEADERS);
  const header: u32 = flags & TcpFlag.SYN ? TCP_HEADER + MSS_OPTION : TCP_HEADER;
  const base = changetype<usize>(tcp);
  setEtherType(frame, EtherType.IPV4);
  const ip = at<Ipv4Header>(frame, ETHERNET_HEADER);
  const total = IPV4_HEADER + header + length;
  ip.write(total, 0, Fragment.DONT, TTL, Protocol.TCP, addressOf(index), LOCAL_ADDRESS);
  const ports = (portOf(index) << 16) | LOCAL_PORT;
  const ack = flags & TcpFlag.ACK ? remote.expected : 0;
  let partial = tcp.write(ports, remote.next, ack, header, flags, 0xffff);
  if (flags & TcpFlag.SYN) {
    writeMss(base + TCP_HEADER, MSS);
    partial += sum(base + TCP_HEADER, MSS_OPTION);
  }
  if (length) partial += copyAndSum(base + header, text, length);
  const head = pseudoHeader(addressOf(index), LOCAL_ADDRESS, Protocol.TCP, header + length);
  tcp.checksum = complement(head + partial);
  remote.next += length + (flags & (TcpFlag.SYN | TcpFlag.FIN) ? 1 : 0);
  finishFrame(ring, frame, HEADERS + header + length);
}

/** The gateway asks for our station, so that we know its. */
export function buildArp(): void {
  const ring = theCard().receiveRing;
  const frame = nextFrame(ring);
  const arp = at<ArpPacket>(frame, ETHERNET_HEADER);
  memory.fill(frame, 0, 60);
  setEtherType(frame, EtherType.ARP);
  arp.begin();
  arp.operation = ArpOperation.REQUEST;
  copyAddress(arp.senderHardware, GATEWAY_MAC);
  arp.senderProtocol = GATEWAY_ADDRESS;
  arp.targetProtocol = LOCAL_ADDRESS;
  finishFrame(ring, frame, 60);
}

/** What the kernel has sent: each remote end notes what it is to acknowledge, but for bare ACKs. */
export function readSent(): void {
  const ring = theCard().transmitRing;
  for (; seen != ring.produced; seen++) {
    const frame = descriptorAt(ring, seen).address;
    const ip = at<Ipv4Header>(frame, ETHERNET_HEADER);
    const tcp = at<TcpHeader>(frame, HEADERS);
    if (ip.version != 4 || ip.protocol != Protocol.TCP) continue;
    const length = ip.totalLength - IPV4_HEADER - tcp.length;
    const flags = tcp.flags & (TcpFlag.SYN | TcpFlag.FIN);
    if (length == 0 && flags == 0) continue;
    const index = indexOf(ip.destination, tcp.destinationPort);
    if (index >= remoteCount()) continue;
    remoteAt(index).expected = tcp.sequenceNumber + length + (flags ? 1 : 0);
    if (flags & TcpFlag.SYN) synAcks++;
  }
}

let synAcks: u32 = 0;

/** SYN-ACKs that the kernel has sent. */
export function benchSynAcks(): u32 {
  readSent();
  return synAcks;
}
