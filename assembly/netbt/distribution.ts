/**
 * UDP 138: a datagram to every client that has opened its name; datagrams in parts (RFC 1002,
 * 5.3.2). A part that does not follow the one before it ends its datagram: they come from one host
 * on one net, and nobody sends one again.
 */

import { at } from "../nt/embed";
import { InitializeListHead, InsertTailList, ListEntry, RemoveEntryList } from "../nt/list";
import { RtlCopyMemory } from "../nt/memory";
import { NTSTATUS, Status } from "../nt/status";
import { TICKS_PER_SECOND } from "../nt/time";
import { KeQueryTickCount } from "../trace/ring";
import { Boundary } from "../vf/rule";
import { ExAllocatePoolWithTag, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../ke/processor";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold, mustHoldNothing } from "../ke/spinlock";
import { NetbiosAddress, NetbiosNameType } from "../tdi/address";
import { DatagramIndication, EventHandlers } from "../tdi/event";
import { DATAGRAM_ERROR, DATAGRAM_PACKET, DatagramError } from "../wire/nbdatagram";
import { DatagramFault, DatagramFlag, DatagramHeader, DatagramPacket } from "../wire/nbdatagram";
import { DatagramType } from "../wire/nbdatagram";
import { DATAGRAM_PORT, NetbiosName, copyName, isSameScope } from "../wire/nbname";
import { nextAddress } from "./address";
import { NbtCounter, NbtDrop, nbtCount, nbtDrop } from "./counters";
import { NetbtDevice } from "./device";
import { findOwnedLocked } from "./names";
import { deviceFor } from "./nameservice";
import { makeOutgoingLocked, queueOutgoingLocked } from "./outgoing";
import { names, ownScope } from "./state";
import { settle } from "./tracker";

/** One packet taken apart, one indication and one name for each processor. */
const PACKETS: usize = memory.data(4608);
const PACKET_PLACE: u32 = 576;
if (DATAGRAM_PACKET > PACKET_PLACE) ERROR("PACKETS");
if (PACKET_PLACE * MAXIMUM_PROCESSORS > 4608) ERROR("PACKETS: one for each processor");
const INDICATIONS: usize = memory.data(512);
const INDICATION_PLACE: u32 = 64;
const NAME_AT: usize = 32;
if (offsetof<DatagramIndication>() > NAME_AT) ERROR("INDICATIONS: the name is behind it");
if (offsetof<NetbiosAddress>() > 32) ERROR("INDICATIONS: a name has 32 octets");
if (INDICATION_PLACE * MAXIMUM_PROCESSORS > 512) ERROR("INDICATIONS: one for each processor");

/** FRAGMENT_TO (RFC 1002, 6). */
const PART_TICKS: u32 = 2 * TICKS_PER_SECOND;
/** Datagrams in parts at once, and octets of each. */
const MOST_PARTIALS: u32 = 16;
const PARTIAL_OCTETS: u32 = 8192;

/** A datagram not yet whole: this head, then PARTIAL_OCTETS. */
@unmanaged
class Partial extends ListEntry {
  // Under `NameState.lock` of state.ts:
  source: u32;
  port: u32;
  datagramId: u32;
  firstTick: u32;
  // Its taker's, once it is whole:
  gathered: u32;
}
const PARTIAL_HEAD: usize = 32;
if (offsetof<Partial>() > PARTIAL_HEAD) ERROR("PARTIAL_HEAD");
const PARTIALS: usize = memory.data(8);
/** [0]: how many there are. */
const COUNT: usize = memory.data(4);

@unmanaged
class Word {
  value: u32;
}

function partials(): ListEntry {
  return changetype<ListEntry>(PARTIALS);
}

function count(): Word {
  return changetype<Word>(COUNT);
}

/** No datagrams in parts. Once, at start. */
export function initializeDistribution(): void {
  InitializeListHead(partials());
  count().value = 0;
}

/** Gives up all datagrams in parts. At the end. */
export function cleanUpDistribution(): void {
  const irql = KeAcquireSpinLock(names().lock);
  expireLocked(KeQueryTickCount() + PART_TICKS + 1);
  KeReleaseSpinLock(names().lock, irql);
}

/** The handlers of the address object on port 138. */
export function fillDatagramHandlers(handlers: EventHandlers, context: usize): void {
  handlers.receiveDatagram = receiveDatagram;
  handlers.receiveDatagramContext = context;
}

/** ClientEventReceiveDatagram of port 138. */
function receiveDatagram(context: usize, indication: DatagramIndication): NTSTATUS {
  const own = <usize>KeGetCurrentProcessorNumber() * PACKET_PLACE;
  const packet = at<DatagramPacket>(PACKETS, own);
  const fault = packet.read(at<DatagramHeader>(indication.tsdu, 0), indication.length);
  nbtCount(NbtCounter.DATAGRAMS_IN);
  if (fault != DatagramFault.NONE) {
    nbtDrop(NbtDrop.DATAGRAM_SHORT + fault - 1);
    return Status.SUCCESS;
  }
  const device = deviceFor(indication.remoteAddress);
  if (device == null || indication.remoteAddress == device.address) return Status.SUCCESS;
  const type = <i32>packet.header.type;
  if (type >= DatagramType.ERROR) {
    nbtDrop(NbtDrop.DATAGRAM_ERROR);
    return Status.SUCCESS;
  }
  if (!isSameScope(packet.scope, ownScope())) {
    nbtDrop(NbtDrop.DATAGRAM_SCOPE);
    return Status.SUCCESS;
  }
  if (type == DatagramType.BROADCAST || isOurs(device, packet, indication)) {
    deliver(device, packet, indication);
  }
  return Status.SUCCESS;
}

/** Whether the name is ours; DATAGRAM ERROR tells who sent to us alone that it is not (4.4.3). */
function isOurs(
  device: NetbtDevice,
  packet: DatagramPacket,
  indication: DatagramIndication,
): bool {
  const irql = KeAcquireSpinLock(names().lock);
  const found = findOwnedLocked(device, packet.to) != null;
  if (!found) refuseLocked(device, packet, indication);
  KeReleaseSpinLock(names().lock, irql);
  if (!found) settle();
  return found;
}

function refuseLocked(
  device: NetbtDevice,
  packet: DatagramPacket,
  indication: DatagramIndication,
): void {
  mustHold(names().lock);
  nbtDrop(NbtDrop.DATAGRAM_NOT_OURS);
  if (indication.toGroup || packet.header.type != DatagramType.DIRECT_UNIQUE) return;
  const out = makeOutgoingLocked(
    names().datagramFile, indication.remoteAddress, indication.remotePort, DATAGRAM_ERROR,
  );
  if (out == null) return;
  const header = at<DatagramHeader>(out.packet, 0);
  header.begin(
    DatagramType.ERROR, DatagramFlag.FIRST, packet.header.datagramId, device.address, DATAGRAM_PORT,
  );
  header.errorCode = DatagramError.DESTINATION_NOT_PRESENT;
  queueOutgoingLocked(out, DATAGRAM_ERROR);
}

/** A whole datagram, or one of its parts. */
function deliver(
  device: NetbtDevice,
  packet: DatagramPacket,
  indication: DatagramIndication,
): void {
  const header = packet.header;
  const toGroup = header.type != DatagramType.DIRECT_UNIQUE;
  const from = indication.remoteAddress;
  const whole = (header.flags & (DatagramFlag.FIRST | DatagramFlag.MORE)) == DatagramFlag.FIRST;
  if (whole && header.offset == 0) {
    distribute(device, packet.from, packet.to, from, packet.data, packet.dataLength, toGroup);
    return;
  }
  const irql = KeAcquireSpinLock(names().lock);
  const partial = takePartLocked(packet, indication);
  KeReleaseSpinLock(names().lock, irql);
  if (partial == null) return;
  const data = changetype<usize>(partial) + PARTIAL_HEAD;
  distribute(device, packet.from, packet.to, from, data, partial.gathered, toGroup);
  ExFreePool(changetype<usize>(partial));
}

/** The datagram that a part makes whole, the caller's to free; null: none, or not yet. */
function takePartLocked(packet: DatagramPacket, indication: DatagramIndication): Partial | null {
  mustHold(names().lock);
  expireLocked(KeQueryTickCount());
  const header = packet.header;
  let partial = findPartialLocked(header, indication);
  if ((header.flags & DatagramFlag.FIRST) != 0) {
    if (partial != null) removeLocked(partial);
    partial = makePartialLocked(header, indication);
  }
  if (partial == null) {
    nbtDrop(NbtDrop.DATAGRAM_PART);
    return null;
  }
  if (header.offset != partial.gathered || header.offset + packet.dataLength > PARTIAL_OCTETS) {
    nbtDrop(NbtDrop.DATAGRAM_PART);
    removeLocked(partial);
    return null;
  }
  const place = changetype<usize>(partial) + PARTIAL_HEAD + partial.gathered;
  RtlCopyMemory(place, packet.data, packet.dataLength);
  partial.gathered += packet.dataLength;
  if ((header.flags & DatagramFlag.MORE) != 0) return null;
  RemoveEntryList(partial);
  count().value--;
  return partial;
}

function findPartialLocked(
  header: DatagramHeader,
  indication: DatagramIndication,
): Partial | null {
  mustHold(names().lock);
  const head = partials();
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const one = changetype<Partial>(entry);
    const isSame =
      one.source == indication.remoteAddress && one.port == indication.remotePort &&
      one.datagramId == header.datagramId;
    if (isSame) return one;
  }
  return null;
}

function makePartialLocked(
  header: DatagramHeader,
  indication: DatagramIndication,
): Partial | null {
  mustHold(names().lock);
  if (count().value >= MOST_PARTIALS) return null;
  const block = ExAllocatePoolWithTag(<u32>PARTIAL_HEAD + PARTIAL_OCTETS, Tag.NetbtDatagram);
  if (block == 0) return null;
  const partial = at<Partial>(block, 0);
  partial.source = indication.remoteAddress;
  partial.port = indication.remotePort;
  partial.datagramId = header.datagramId;
  partial.gathered = 0;
  partial.firstTick = KeQueryTickCount();
  InsertTailList(partials(), partial);
  count().value++;
  return partial;
}

function removeLocked(partial: Partial): void {
  mustHold(names().lock);
  RemoveEntryList(partial);
  count().value--;
  ExFreePool(changetype<usize>(partial));
}

/** Those that began FRAGMENT_TO before `tick` are given up; the oldest is first. */
function expireLocked(tick: u32): void {
  mustHold(names().lock);
  const head = partials();
  while (head.flink != head) {
    const oldest = changetype<Partial>(head.flink);
    if (tick - oldest.firstTick <= PART_TICKS) return;
    nbtDrop(NbtDrop.DATAGRAM_PART);
    removeLocked(oldest);
  }
}

/**
 * Indicates a datagram to every client that has opened the name it is for. IRQL: <= DISPATCH_LEVEL.
 * Locks: none.
 */
export function distribute(
  device: NetbtDevice,
  from: NetbiosName,
  to: NetbiosName,
  address: u32,
  data: usize,
  length: u32,
  toGroup: bool,
): void {
  const own = INDICATIONS + <usize>(KeGetCurrentProcessorNumber() * INDICATION_PLACE);
  const indication = at<DatagramIndication>(own, 0);
  const name = at<NetbiosAddress>(own, NAME_AT);
  let taken = false;
  let one = nextAddress(device, to, null);
  while (one != null) {
    // A client may send from its handler, and come here again: all of it is written each time.
    copyName(name, from);
    name.type = NetbiosNameType.UNIQUE;
    indication.remoteAddress = address;
    indication.remotePort = DATAGRAM_PORT;
    indication.remoteName = name;
    indication.toGroup = toGroup ? 1 : 0;
    indication.tsdu = data;
    indication.length = length;
    mustHoldNothing(Boundary.EVENT_HANDLER);
    const handlers = one.handlers;
    const status = handlers.receiveDatagram(handlers.receiveDatagramContext, indication);
    if (status == Status.SUCCESS) taken = true;
    one = nextAddress(device, to, one);
  }
  if (!taken) nbtDrop(NbtDrop.DATAGRAM_NOT_TAKEN);
}
