/** The accessors of the headers as exports: each structure by its address, then a value. */

import { ArpPacket } from "../../../assembly/wire/arp";
import { Ipv4Header } from "../../../assembly/wire/ipv4";
import { IcmpHeader } from "../../../assembly/wire/icmp";
import { UdpHeader } from "../../../assembly/wire/udp";
import { TcpHeader } from "../../../assembly/wire/tcp";

export { ARP_PACKET, ArpOperation } from "../../../assembly/wire/arp";
export {
  ETHERNET_HEADER, EtherType, SNAP_HEADER, copyAddress, destinationOf, etherType, isGroup,
  isSameAddress, isSnap, linkHeaderLength, setBroadcast, setEtherType, snapType, sourceOf,
} from "../../../assembly/wire/ethernet";
export { Fragment, Protocol, isInvalidSource, isMulticast } from
  "../../../assembly/wire/ipv4";
export { IcmpType, Unreachable } from "../../../assembly/wire/icmp";
export { TcpFlag } from "../../../assembly/wire/tcp";
export { TcpOption, optionKind, optionLength, optionMss, writeMss } from
  "../../../assembly/wire/tcpoption";
export { checksum, combine, complement, pseudoHeader, sum } from
  "../../../assembly/wire/checksum";
export { scratch, scratchOctets } from "../routine";

export function arpIsIpv4OnEthernet(at: ArpPacket): bool {
  return at.isIpv4OnEthernet;
}

export function arpOperation(at: ArpPacket): u32 {
  return at.operation;
}

export function arpSenderProtocol(at: ArpPacket): u32 {
  return at.senderProtocol;
}

export function arpTargetProtocol(at: ArpPacket): u32 {
  return at.targetProtocol;
}

export function arpSenderHardware(at: ArpPacket): usize {
  return at.senderHardware;
}

export function arpTargetHardware(at: ArpPacket): usize {
  return at.targetHardware;
}

export function arpSetOperation(at: ArpPacket, value: u32): void {
  at.operation = value;
}

export function arpSetSenderProtocol(at: ArpPacket, value: u32): void {
  at.senderProtocol = value;
}

export function arpSetTargetProtocol(at: ArpPacket, value: u32): void {
  at.targetProtocol = value;
}

export function arpBegin(at: ArpPacket): void {
  at.begin();
}

export function ipv4Version(at: Ipv4Header): u32 {
  return at.version;
}

export function ipv4HeaderLength(at: Ipv4Header): u32 {
  return at.headerLength;
}

export function ipv4TypeOfService(at: Ipv4Header): u32 {
  return at.typeOfService;
}

export function ipv4TotalLength(at: Ipv4Header): u32 {
  return at.totalLength;
}

export function ipv4Identification(at: Ipv4Header): u32 {
  return at.identification;
}

export function ipv4Fragment(at: Ipv4Header): u32 {
  return at.fragment;
}

export function ipv4TimeToLive(at: Ipv4Header): u32 {
  return at.timeToLive;
}

export function ipv4Protocol(at: Ipv4Header): u32 {
  return at.protocol;
}

export function ipv4Source(at: Ipv4Header): u32 {
  return at.source;
}

export function ipv4Destination(at: Ipv4Header): u32 {
  return at.destination;
}

export function ipv4HeaderSum(at: Ipv4Header): u32 {
  return at.headerSum;
}

export function ipv4SetTypeOfService(at: Ipv4Header, value: u32): void {
  at.typeOfService = value;
}

export function ipv4SetTotalLength(at: Ipv4Header, value: u32): void {
  at.totalLength = value;
}

export function ipv4SetIdentification(at: Ipv4Header, value: u32): void {
  at.identification = value;
}

export function ipv4SetFragment(at: Ipv4Header, value: u32): void {
  at.fragment = value;
}

export function ipv4SetTimeToLive(at: Ipv4Header, value: u32): void {
  at.timeToLive = value;
}

export function ipv4SetProtocol(at: Ipv4Header, value: u32): void {
  at.protocol = value;
}

export function ipv4SetSource(at: Ipv4Header, value: u32): void {
  at.source = value;
}

export function ipv4SetDestination(at: Ipv4Header, value: u32): void {
  at.destination = value;
}

export function ipv4Write(
  at: Ipv4Header, total: u32, identification: u32, fragment: u32, life: u32, protocol: u32,
  source: u32, destination: u32,
): void {
  at.write(total, identification, fragment, life, protocol, source, destination);
}

export function ipv4Begin(at: Ipv4Header, length: u32): void {
  at.begin(length);
}

export function ipv4Seal(at: Ipv4Header): void {
  at.seal();
}

export function icmpType(at: IcmpHeader): u32 {
  return at.type;
}

export function icmpCode(at: IcmpHeader): u32 {
  return at.code;
}

export function icmpIdentifier(at: IcmpHeader): u32 {
  return at.identifier;
}

export function icmpSequenceNumber(at: IcmpHeader): u32 {
  return at.sequenceNumber;
}

export function icmpNextHopMtu(at: IcmpHeader): u32 {
  return at.nextHopMtu;
}

export function icmpSetIdentifier(at: IcmpHeader, value: u32): void {
  at.identifier = value;
}

export function icmpSetSequenceNumber(at: IcmpHeader, value: u32): void {
  at.sequenceNumber = value;
}

export function icmpSetChecksum(at: IcmpHeader, value: u32): void {
  at.checksum = <u16>value;
}

export function icmpBegin(at: IcmpHeader, type: u32, code: u32): void {
  at.begin(type, code);
}

export function udpSourcePort(at: UdpHeader): u32 {
  return at.sourcePort;
}

export function udpDestinationPort(at: UdpHeader): u32 {
  return at.destinationPort;
}

export function udpLength(at: UdpHeader): u32 {
  return at.length;
}

export function udpChecksum(at: UdpHeader): u32 {
  return at.checksum;
}

export function udpSetSourcePort(at: UdpHeader, value: u32): void {
  at.sourcePort = value;
}

export function udpSetDestinationPort(at: UdpHeader, value: u32): void {
  at.destinationPort = value;
}

export function udpSetLength(at: UdpHeader, value: u32): void {
  at.length = value;
}

export function udpSeal(at: UdpHeader, checksum: u32): void {
  at.seal(<u16>checksum);
}

export function udpClearChecksum(at: UdpHeader): void {
  at.clearChecksum();
}

export function tcpSourcePort(at: TcpHeader): u32 {
  return at.sourcePort;
}

export function tcpDestinationPort(at: TcpHeader): u32 {
  return at.destinationPort;
}

export function tcpSequenceNumber(at: TcpHeader): u32 {
  return at.sequenceNumber;
}

export function tcpAcknowledgmentNumber(at: TcpHeader): u32 {
  return at.acknowledgmentNumber;
}

export function tcpLength(at: TcpHeader): u32 {
  return at.length;
}

export function tcpFlags(at: TcpHeader): u32 {
  return at.flags;
}

export function tcpWindow(at: TcpHeader): u32 {
  return at.window;
}

export function tcpUrgentPointer(at: TcpHeader): u32 {
  return at.urgentPointer;
}

export function tcpSetSequenceNumber(at: TcpHeader, value: u32): void {
  at.sequenceNumber = value;
}

export function tcpSetAcknowledgmentNumber(at: TcpHeader, value: u32): void {
  at.acknowledgmentNumber = value;
}

export function tcpSetWindow(at: TcpHeader, value: u32): void {
  at.window = value;
}

export function tcpSetChecksum(at: TcpHeader, value: u32): void {
  at.checksum = <u16>value;
}

export function tcpWrite(
  at: TcpHeader, ports: u32, sequence: u32, acknowledgment: u32, length: u32, flags: u32,
  window: u32,
): u32 {
  return at.write(ports, sequence, acknowledgment, length, flags, window);
}

export function tcpSetPorts(at: TcpHeader, ports: u32): void {
  at.setPorts(ports);
}

export function tcpBegin(at: TcpHeader, length: u32, flags: u32): void {
  at.begin(length, flags);
}
