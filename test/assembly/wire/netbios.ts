/** The readers and writers of NetBIOS names and packets as exports. */

import { NAME_PACKET, NameFault, NamePacket } from "../../../assembly/wire/nbpacket";
import { DATAGRAM_PACKET, DatagramFault, DatagramHeader, DatagramPacket } from
  "../../../assembly/wire/nbdatagram";
import { NameHeader, NetbiosName } from "../../../assembly/wire/nbname";

export { DATAGRAM_PACKET, DatagramFault, NAME_PACKET, NameFault };
export {
  NameFlag, NameOpcode, NameResult, RecordType, SCOPE_LIMIT, firstLevelDecode, firstLevelEncode,
  nameOctets, nbAddress, nbFlags, readName, scopeLength, writeName, writeNbEntry, writeQuestion,
  writeQuestionPointer, writeRecord, writeStatusCount, writeStatusEntry,
} from "../../../assembly/wire/nbname";
export { DatagramFlag, DatagramType } from "../../../assembly/wire/nbdatagram";
export { scratch, scratchOctets } from "../routine";

export function packetRead(at: NamePacket, packet: NameHeader, length: u32): NameFault {
  return at.read(packet, length);
}
export function packetName(at: NamePacket): NetbiosName {
  return at.name;
}
export function packetScope(at: NamePacket): usize {
  return at.scope;
}
export function packetHasQuestion(at: NamePacket): u32 {
  return at.hasQuestion;
}
export function packetQuestionType(at: NamePacket): u32 {
  return at.questionType;
}
export function packetRecords(at: NamePacket): u32 {
  return at.records;
}
export function packetType(at: NamePacket): u32 {
  return at.type;
}
export function packetTtl(at: NamePacket): u32 {
  return at.ttl;
}
export function packetData(at: NamePacket): usize {
  return at.data;
}
export function packetDataLength(at: NamePacket): u32 {
  return at.dataLength;
}
export function packetSecondType(at: NamePacket): u32 {
  return at.secondType;
}
export function packetSecondData(at: NamePacket): usize {
  return at.secondData;
}
export function packetSecondLength(at: NamePacket): u32 {
  return at.secondLength;
}

export function headerBegin(at: NameHeader, id: u32, opcode: u32, flags: u32): void {
  at.begin(id, opcode, flags);
}
export function headerTransactionId(at: NameHeader): u32 {
  return at.transactionId;
}
export function headerFlags(at: NameHeader): u32 {
  return at.flags;
}
export function headerOpcode(at: NameHeader): u32 {
  return at.opcode;
}
export function headerResult(at: NameHeader): u32 {
  return at.result;
}
export function headerIsResponse(at: NameHeader): bool {
  return at.isResponse;
}
export function headerQuestions(at: NameHeader): u32 {
  return at.questions;
}
export function headerAnswers(at: NameHeader): u32 {
  return at.answers;
}
export function headerAuthorities(at: NameHeader): u32 {
  return at.authorities;
}
export function headerAdditionals(at: NameHeader): u32 {
  return at.additionals;
}
export function headerSetQuestions(at: NameHeader, value: u32): void {
  at.questions = value;
}
export function headerSetAnswers(at: NameHeader, value: u32): void {
  at.answers = value;
}
export function headerSetAuthorities(at: NameHeader, value: u32): void {
  at.authorities = value;
}
export function headerSetAdditionals(at: NameHeader, value: u32): void {
  at.additionals = value;
}

export function datagramBegin(
  at: DatagramHeader, type: u32, flags: u32, id: u32, address: u32, port: u32,
): void {
  at.begin(type, flags, id, address, port);
}
export function datagramType(at: DatagramHeader): u32 {
  return at.type;
}
export function datagramFlags(at: DatagramHeader): u32 {
  return at.flags;
}
export function datagramDatagramId(at: DatagramHeader): u32 {
  return at.datagramId;
}
export function datagramSourceAddress(at: DatagramHeader): u32 {
  return at.sourceAddress;
}
export function datagramSourcePort(at: DatagramHeader): u32 {
  return at.sourcePort;
}
export function datagramErrorCode(at: DatagramHeader): u32 {
  return at.errorCode;
}
export function datagramLength(at: DatagramHeader): u32 {
  return at.length;
}
export function datagramOffset(at: DatagramHeader): u32 {
  return at.offset;
}
export function datagramSetErrorCode(at: DatagramHeader, value: u32): void {
  at.errorCode = value;
}
export function datagramSetLength(at: DatagramHeader, value: u32): void {
  at.length = value;
}
export function datagramSetOffset(at: DatagramHeader, value: u32): void {
  at.offset = value;
}

export function datagramRead(
  at: DatagramPacket, packet: DatagramHeader, length: u32,
): DatagramFault {
  return at.read(packet, length);
}
export function datagramFrom(at: DatagramPacket): NetbiosName {
  return at.from;
}
export function datagramTo(at: DatagramPacket): NetbiosName {
  return at.to;
}
export function datagramScope(at: DatagramPacket): usize {
  return at.scope;
}
export function datagramData(at: DatagramPacket): usize {
  return at.data;
}
export function datagramDataLength(at: DatagramPacket): u32 {
  return at.dataLength;
}
