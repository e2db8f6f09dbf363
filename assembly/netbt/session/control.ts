/** The session service's own packets on their way out (RFC 1002, 4.3). */

import { at } from "../../nt/embed";
import { NTSTATUS, Status } from "../../nt/status";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { IoCallDriver } from "../../io/call";
import { Irp, IoAllocateIrp, IoFreeIrp } from "../../io/irp";
import { Mdl, describe } from "../../io/mdl";
import { TdiBuildSend } from "../../tdi/build";
import { SendFlag } from "../../tdi/request";
import { setOctet } from "../../wire/bytes";
import { NetbiosName, nameOctets, writeName } from "../../wire/nbname";
import { NEGATIVE_OCTETS, SESSION_HEADER, SessionError, SessionHeader } from
  "../../wire/nbsession";
import { SessionType } from "../../wire/nbsession";
import { ownScope } from "../state";
import { Block } from "./block";
import { enterFile, leaveFile } from "./close";

/** Octets of an Mdl in front of a packet. */
const HEAD: u32 = 12;
if (offsetof<Mdl>() > HEAD) ERROR("HEAD");

/** A packet of `length` octets behind its header; 0: no memory. */
function makePacket(type: SessionType, length: u32): usize {
  const packet = ExAllocatePoolWithTag(HEAD + SESSION_HEADER + length, Tag.NetbtBlock);
  if (packet == 0) return 0;
  describe(at<Mdl>(packet, 0), packet + HEAD, SESSION_HEADER + length);
  at<SessionHeader>(packet, HEAD).set(type, length);
  return packet;
}

/** Sends it; it goes when TCP has done with it. False: no memory, or no connection. */
function sendPacket(block: Block, packet: usize): bool {
  if (packet == 0) return false;
  const irp = IoAllocateIrp(1);
  const file = irp != null ? enterFile(block) : null;
  if (irp == null || file == null) {
    if (irp != null) IoFreeIrp(irp);
    ExFreePool(packet);
    return false;
  }
  const mdl = at<Mdl>(packet, 0);
  TdiBuildSend(irp, file, packetSent, packet, mdl, mdl.length, SendFlag.NONE);
  IoCallDriver(file.device, irp);
  leaveFile(block);
  return true;
}

/** What became of it TCP tells with the connection. */
function packetSent(irp: Irp, packet: usize): NTSTATUS {
  ExFreePool(packet);
  IoFreeIrp(irp);
  return Status.MORE_PROCESSING_REQUIRED;
}

/** A packet that is a header alone. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function sendHeader(block: Block, type: SessionType): bool {
  return sendPacket(block, makePacket(type, 0));
}

/** NEGATIVE SESSION RESPONSE. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function sendRefusal(block: Block, error: SessionError): bool {
  const packet = makePacket(SessionType.NEGATIVE_RESPONSE, NEGATIVE_OCTETS);
  if (packet != 0) setOctet(packet, HEAD + SESSION_HEADER, error);
  return sendPacket(block, packet);
}

/** SESSION REQUEST, both names in our scope. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function sendRequest(block: Block, called: NetbiosName, calling: NetbiosName): bool {
  const each = nameOctets(ownScope());
  const packet = makePacket(SessionType.REQUEST, each * 2);
  if (packet == 0) return false;
  const names = packet + HEAD + SESSION_HEADER;
  writeName(names, called, ownScope());
  writeName(names + each, calling, ownScope());
  return sendPacket(block, packet);
}
