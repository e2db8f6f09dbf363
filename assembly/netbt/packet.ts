/** The packets of the name service that a node sends (RFC 1002, 4.2). */

import { at } from "../nt/embed";
import { mustHold } from "../ke/spinlock";
import { NAME_HEADER, NB_ENTRY, NameFlag, NameHeader, NameOpcode } from "../wire/nbname";
import { NetbiosName, QUESTION_FIELDS, RECORD_FIELDS, RecordType } from "../wire/nbname";
import { nameOctets, writeName, writeNbEntry, writeQuestion } from "../wire/nbname";
import { writeQuestionPointer, writeRecord } from "../wire/nbname";
import { Outgoing, makeOutgoingLocked, queueOutgoingLocked } from "./outgoing";
import { names, ownScope } from "./state";

/** Octets of a pointer to the question's name. */
const POINTER_OCTETS: u32 = 2;

/** Asks `address` at `port` for a name, or (NBSTAT) for the names of a node. */
export function queryLocked(
  address: u32,
  port: u32,
  transactionId: u32,
  flags: u32,
  name: NetbiosName,
  type: RecordType,
): void {
  mustHold(names().lock);
  const out = beginLocked(address, port, NAME_HEADER + nameOctets(ownScope()) + QUESTION_FIELDS);
  if (out == null) return;
  queueOutgoingLocked(out, writeAsked(out, transactionId, NameOpcode.QUERY, flags, name, type));
}

/** Registers, refreshes or releases: a question, and a record with one address. */
export function recordRequestLocked(
  address: u32,
  port: u32,
  transactionId: u32,
  opcode: u32,
  flags: u32,
  name: NetbiosName,
  ttl: u32,
  nbFlags: u32,
  own: u32,
): void {
  mustHold(names().lock);
  const asked = NAME_HEADER + nameOctets(ownScope()) + QUESTION_FIELDS;
  const room = asked + POINTER_OCTETS + RECORD_FIELDS + NB_ENTRY;
  const out = beginLocked(address, port, room);
  if (out == null) return;
  let length = writeAsked(out, transactionId, opcode, flags, name, RecordType.NB);
  at<NameHeader>(out.packet, 0).additionals = 1;
  length += writeQuestionPointer(out.packet + length);
  queueAddressLocked(out, length, ttl, nbFlags, own);
}

/** One address behind the name of a record, with which the packet ends. */
function queueAddressLocked(
  out: Outgoing,
  begun: u32,
  ttl: u32,
  nbFlags: u32,
  own: u32,
): void {
  mustHold(names().lock);
  let length = begun + writeRecord(out.packet + begun, RecordType.NB, ttl, NB_ENTRY);
  length += writeNbEntry(out.packet + length, nbFlags, own);
  queueOutgoingLocked(out, length);
}

/** Octets of an answer with one address, or with none. */
export function answerOctets(entries: u32): u32 {
  return NAME_HEADER + nameOctets(ownScope()) + RECORD_FIELDS + entries * NB_ENTRY;
}

/** Answers with one address. */
export function answerLocked(
  address: u32,
  port: u32,
  transactionId: u32,
  opcode: u32,
  flags: u32,
  name: NetbiosName,
  ttl: u32,
  nbFlags: u32,
  own: u32,
): void {
  mustHold(names().lock);
  const out = beginLocked(address, port, answerOctets(1));
  if (out == null) return;
  const length = writeAnswer(out.packet, transactionId, opcode, flags, name);
  queueAddressLocked(out, length, ttl, nbFlags, own);
}

/** Writes the header and the record's name of an answer; returns their octets. */
export function writeAnswer(
  packet: usize,
  transactionId: u32,
  opcode: u32,
  flags: u32,
  name: NetbiosName,
): u32 {
  const header = at<NameHeader>(packet, 0);
  header.begin(transactionId, opcode, flags | NameFlag.RESPONSE | NameFlag.AUTHORITATIVE);
  header.answers = 1;
  return NAME_HEADER + writeName(packet + NAME_HEADER, name, ownScope());
}

/** Room for a packet of the name service. */
export function beginLocked(address: u32, port: u32, octets: u32): Outgoing | null {
  mustHold(names().lock);
  return makeOutgoingLocked(names().nameFile, address, port, octets);
}

function writeAsked(
  out: Outgoing,
  transactionId: u32,
  opcode: u32,
  flags: u32,
  name: NetbiosName,
  type: RecordType,
): u32 {
  const header = at<NameHeader>(out.packet, 0);
  header.begin(transactionId, opcode, flags);
  header.questions = 1;
  const length = NAME_HEADER + writeName(out.packet + NAME_HEADER, name, ownScope());
  return length + writeQuestion(out.packet + length, type);
}
