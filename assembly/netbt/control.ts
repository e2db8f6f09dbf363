/** IRP_MJ_DEVICE_CONTROL: what programs such as nbtstat ask of NetBT, and what they set. */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { TICKS_PER_SECOND, tickBefore } from "../nt/time";
import { KeQueryTickCount } from "../trace/ring";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { IoCompleteRequest } from "../io/complete";
import { DeviceObject } from "../io/device";
import { Irp } from "../io/irp";
import { copyToMdl, mdlLength } from "../io/mdl";
import { IoMarkIrpPending, parametersOf } from "../io/stack";
import { CACHE_ROW, NAME_ROW, NetbtControl } from "../tdi/netbt";
import { CacheRow, NameRow, NetbtParameters } from "../tdi/netbt";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../ke/processor";
import { NetbiosName, copyName } from "../wire/nbname";
import { askStatus } from "./adapterstatus";
import { ANSWER_OCTETS, NameAnswer } from "./answer";
import { CacheEntry, nextCachedLocked, purgeCache } from "./cache";
import { NetbtDevice, extensionOf } from "./device";
import { LocalName } from "./names";
import { findName } from "./resolve";
import { names } from "./state";

/** One row for each processor, on its way to a client's buffer. */
const ROWS: usize = memory.data(512);
const ROW_PLACE: u32 = 64;
if (NAME_ROW > ROW_PLACE || CACHE_ROW > ROW_PLACE) ERROR("ROWS");
if (ROW_PLACE * MAXIMUM_PROCESSORS > 512) ERROR("ROWS: one for each processor");

/** The request is kept where its answer comes from the net. IRQL: <= DISPATCH_LEVEL. */
export function deviceControl(device: usize, irp: Irp): NTSTATUS {
  const on = extensionOf(at<DeviceObject>(device, 0));
  const parameters = parametersOf<NetbtParameters>(irp);
  let status: NTSTATUS = Status.INVALID_DEVICE_REQUEST;
  let octets: u32 = 0;
  switch (parameters.code) {
    case NetbtControl.FIND_NAME:
    case NetbtControl.ADAPTER_STATUS:
      return ask(on, irp, parameters);
    case NetbtControl.NAMES:
      octets = namesOf(on, irp);
      status = Status.SUCCESS;
      break;
    case NetbtControl.CACHE:
      octets = cacheOf(irp);
      status = Status.SUCCESS;
      break;
    case NetbtControl.PURGE_CACHE:
      purgeCache();
      status = Status.SUCCESS;
      break;
  }
  IoCompleteRequest(irp, status, octets);
  return status;
}

function ask(on: NetbtDevice, irp: Irp, parameters: NetbtParameters): NTSTATUS {
  const name = at<NetbiosName>(<usize>parameters.name, 0);
  const isFind = parameters.code == NetbtControl.FIND_NAME;
  const context = changetype<usize>(irp);
  IoMarkIrpPending(irp);
  const status = isFind
    ? findName(on, name, found, context)
    : askStatus(on, parameters.address, name, told, context);
  if (status != Status.PENDING) IoCompleteRequest(irp, status, 0);
  return Status.PENDING;
}

/** FindCompletion: the flags, how many addresses, and these. */
function found(context: usize, status: NTSTATUS, answer: NameAnswer): void {
  const irp = at<Irp>(context, 0);
  let octets: u32 = 0;
  if (status == Status.SUCCESS) {
    octets = copyToMdl(irp.mdl, 0, changetype<usize>(answer), <u32>ANSWER_OCTETS);
  }
  IoCompleteRequest(irp, status, octets);
}

/** StatusCompletion: the data of the answer as it came. */
function told(context: usize, status: NTSTATUS, data: usize, length: u32): void {
  const irp = at<Irp>(context, 0);
  IoCompleteRequest(irp, status, copyToMdl(irp.mdl, 0, data, length));
}

function ownRow(): usize {
  return ROWS + <usize>(KeGetCurrentProcessorNumber() * ROW_PLACE);
}

/** This machine's names, as many as have room; how many octets they are. */
function namesOf(on: NetbtDevice, irp: Irp): u32 {
  const irql = KeAcquireSpinLock(names().lock);
  const octets = writeNamesLocked(on, irp);
  KeReleaseSpinLock(names().lock, irql);
  return octets;
}

function writeNamesLocked(on: NetbtDevice, irp: Irp): u32 {
  mustHold(names().lock);
  const room = mdlLength(irp.mdl);
  const row = at<NameRow>(ownRow(), 0);
  let octets: u32 = 0;
  const head = names().locals;
  for (let entry = head.flink; entry != head && octets + NAME_ROW <= room; entry = entry.flink) {
    const local = changetype<LocalName>(entry);
    if (local.device != on) continue;
    copyName(row, local.name);
    row.flags = local.statusFlags;
    row.state = local.state;
    octets += copyToMdl(irp.mdl, octets, changetype<usize>(row), NAME_ROW);
  }
  return octets;
}

/** Names of others that are known; how many octets they are. */
function cacheOf(irp: Irp): u32 {
  const irql = KeAcquireSpinLock(names().lock);
  const octets = writeCacheLocked(irp);
  KeReleaseSpinLock(names().lock, irql);
  return octets;
}

function writeCacheLocked(irp: Irp): u32 {
  mustHold(names().lock);
  const room = mdlLength(irp.mdl);
  const row = at<CacheRow>(ownRow(), 0);
  const now = KeQueryTickCount();
  let octets: u32 = 0;
  let one: CacheEntry | null = nextCachedLocked(null);
  for (; one != null && octets + CACHE_ROW <= room; one = nextCachedLocked(one)) {
    if (!one.permanent && !tickBefore(now, one.dueTick)) continue;
    copyName(row, one.name);
    row.flags = one.answer.flags;
    row.address = one.answer.addressAt(0);
    row.seconds = one.permanent ? 0xffffffff : (one.dueTick - now) / TICKS_PER_SECOND;
    octets += copyToMdl(irp.mdl, octets, changetype<usize>(row), CACHE_ROW);
  }
  return octets;
}
