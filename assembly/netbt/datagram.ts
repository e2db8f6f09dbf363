/**
 * The datagram service on the way out (RFC 1001, 17; RFC 1002, 5.3): a name is found, the datagram
 * goes to its address, to the address of everybody, or to each of a group.
 *
 * Not done: datagram distribution servers (NBDD): a p node sends to the addresses that its name
 * server gives for a group, as NT does.
 */

import { at } from "../nt/embed";
import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { Parameter, queryParameter } from "../ex/registry";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCompleteRequest } from "../io/complete";
import { Irp } from "../io/irp";
import { copyFromMdl } from "../io/mdl";
import { IoMarkIrpPending, parametersOf } from "../io/stack";
import { NetbiosAddress } from "../tdi/address";
import { TdiSendDatagram } from "../tdi/parameters";
import { DATAGRAM_HEADER, DatagramFlag, DatagramHeader, DatagramType } from "../wire/nbdatagram";
import { DATAGRAM_PORT, NbFlag, NetbiosName, nameOctets, writeName } from "../wire/nbname";
import { RtlCopyMemory } from "../nt/memory";
import { NetbtAddress, dereferenceAddress, referenceAddress } from "./address";
import { NameAnswer } from "./answer";
import { NetbtDevice } from "./device";
import { distribute } from "./distribution";
import { findOwnedLocked } from "./names";
import { Outgoing, makeOutgoingLocked, queueOutgoingLocked } from "./outgoing";
import { broadcastOf } from "./stage";
import { findName } from "./resolve";
import { NodeType, names, nodeFlags, nodeType, ownScope } from "./state";
import { settle } from "./tracker";

/** Octets of a NetBIOS datagram's data at most: what UDP carries, without header and names. */
export const MOST_DATA: u32 = 0xf000;

/** A datagram whose name is being found. */
@unmanaged
class Sending {
  irp: Irp;
  address: NetbtAddress;
  length: u32;
}

/**
 * TDI_SEND_DATAGRAM: `remoteAddress` says where the NetbiosAddress lies that it is for. PENDING:
 * the name is being found. INVALID_PARAMETER: too long, or no name. IRQL: <= DISPATCH_LEVEL.
 */
export function sendDatagram(address: NetbtAddress, irp: Irp): NTSTATUS {
  const view = parametersOf<TdiSendDatagram>(irp);
  if (view.remoteAddress == 0 || view.length > MOST_DATA) return Status.INVALID_PARAMETER;
  const name = at<NetbiosAddress>(<usize>view.remoteAddress, 0);
  if (name.isWildcard || name.isGroup) {
    const type = name.isWildcard ? DatagramType.BROADCAST : DatagramType.DIRECT_GROUP;
    if (nodeType() != NodeType.P) return send(address, name, type, irp, view.length, null);
  }
  const block = ExAllocatePoolWithTag(<u32>offsetof<Sending>(), Tag.NetbtDatagram);
  if (block == 0) return Status.INSUFFICIENT_RESOURCES;
  const sending = at<Sending>(block, 0);
  sending.irp = irp;
  sending.address = address;
  sending.length = view.length;
  referenceAddress(address);
  IoMarkIrpPending(irp);
  const status = findName(address.device, name, found, block);
  if (status != Status.PENDING) finish(sending, status);
  return Status.PENDING;
}

/** FindCompletion. */
function found(context: usize, status: NTSTATUS, answer: NameAnswer): void {
  const sending = at<Sending>(context, 0);
  const address = sending.address;
  const irp = sending.irp;
  if (NT_SUCCESS(status)) {
    const view = parametersOf<TdiSendDatagram>(irp);
    const name = at<NetbiosAddress>(<usize>view.remoteAddress, 0);
    const type = answer.isGroup ? DatagramType.DIRECT_GROUP : DatagramType.DIRECT_UNIQUE;
    // Of a group on its net a node asks nobody for the members: all hear of it.
    const toAll = answer.isGroup && nodeType() != NodeType.P;
    status = send(address, name, type, irp, sending.length, toAll ? null : answer);
  }
  finish(sending, status);
}

function finish(sending: Sending, status: NTSTATUS): void {
  const irp = sending.irp;
  const address = sending.address;
  const length = NT_SUCCESS(status) ? sending.length : 0;
  ExFreePool(changetype<usize>(sending));
  dereferenceAddress(address);
  IoCompleteRequest(irp, status, length);
}

/**
 * To each address of `answer`, or, where that is null, to everybody on the net of its device; and
 * to those on this machine.
 */
function send(
  address: NetbtAddress,
  name: NetbiosAddress,
  type: DatagramType,
  irp: Irp,
  length: u32,
  answer: NameAnswer | null,
): NTSTATUS {
  const block = ExAllocatePoolWithTag(length + 1, Tag.NetbtDatagram);
  if (block == 0) return Status.INSUFFICIENT_RESOURCES;
  copyFromMdl(block, irp.mdl, length);
  const device = address.device;
  const from = address.name;
  const irql = KeAcquireSpinLock(names().lock);
  const isOurs = isOursLocked(device, name, type, answer);
  const queued = answer == null
    ? queueLocked(broadcastOf(device), type, from, name, device, block, length)
    : queueEachLocked(answer, type, from, name, device, block, length);
  KeReleaseSpinLock(names().lock, irql);
  settle();
  const toGroup = type != DatagramType.DIRECT_UNIQUE;
  if (isOurs) distribute(device, from, name, device.address, block, length, toGroup);
  ExFreePool(block);
  return queued ? Status.SUCCESS : Status.INSUFFICIENT_RESOURCES;
}

/** Whether somebody on this machine may have the name. */
function isOursLocked(
  device: NetbtDevice,
  name: NetbiosName,
  type: DatagramType,
  answer: NameAnswer | null,
): bool {
  mustHold(names().lock);
  if (answer == null) {
    return type == DatagramType.BROADCAST || findOwnedLocked(device, name) != null;
  }
  for (let i: u32 = 0; i < answer.count; i++) {
    if (answer.addressAt(i) == device.address) return true;
  }
  return false;
}

/** Queues a datagram to each address but our own; false: no memory. */
function queueEachLocked(
  answer: NameAnswer,
  type: DatagramType,
  from: NetbiosName,
  name: NetbiosName,
  device: NetbtDevice,
  data: usize,
  length: u32,
): bool {
  mustHold(names().lock);
  let queued = true;
  for (let i: u32 = 0; i < answer.count; i++) {
    const to = answer.addressAt(i);
    if (to == device.address) continue;
    if (!queueLocked(to, type, from, name, device, data, length)) queued = false;
  }
  return queued;
}

/** Queues a datagram, in parts beyond NtstackNbDatagramOctets; false: no memory. */
function queueLocked(
  to: u32,
  type: DatagramType,
  from: NetbiosName,
  name: NetbiosName,
  device: NetbtDevice,
  data: usize,
  length: u32,
): bool {
  mustHold(names().lock);
  const head = DATAGRAM_HEADER + 2 * nameOctets(ownScope());
  const most = queryParameter(Parameter.NtstackNbDatagramOctets);
  const part = most > head + 1 ? most - head : 1;
  names().datagramId = (names().datagramId + 1) & 0xffff;
  let done: u32 = 0;
  do {
    const take = length - done < part ? length - done : part;
    const out = makeOutgoingLocked(names().datagramFile, to, DATAGRAM_PORT, head + take);
    if (out == null) return false;
    const more: u32 = done + take < length ? DatagramFlag.MORE : 0;
    const first: u32 = done == 0 ? DatagramFlag.FIRST : 0;
    writeHeadLocked(out, type, more | first, device, from, name, done, take);
    RtlCopyMemory(out.packet + head, data + done, take);
    queueOutgoingLocked(out, head + take);
    done += take;
  } while (done < length);
  return true;
}

function writeHeadLocked(
  out: Outgoing,
  type: DatagramType,
  flags: u32,
  device: NetbtDevice,
  from: NetbiosName,
  name: NetbiosName,
  offset: u32,
  length: u32,
): void {
  mustHold(names().lock);
  const header = at<DatagramHeader>(out.packet, 0);
  const node = nodeFlags() >>> NbFlag.NODE_SHIFT << DatagramFlag.NODE_SHIFT;
  header.begin(type, flags | node, names().datagramId, device.address, DATAGRAM_PORT);
  header.offset = offset;
  let place = out.packet + DATAGRAM_HEADER;
  place += writeName(place, from, ownScope());
  place += writeName(place, name, ownScope());
  header.length = <u32>(place - out.packet) - DATAGRAM_HEADER + length;
}
