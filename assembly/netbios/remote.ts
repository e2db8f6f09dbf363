/**
 * FIND NAME, and ADAPTER STATUS of another machine: NetBT asks the net who has the name, and that
 * node for its names (nt-facts 6.1 and 6.3).
 */

import { at } from "../nt/embed";
import { RtlCopyMemory, RtlZeroMemory } from "../nt/memory";
import { ExFreePool } from "../ex/pool";
import { IoAllocateIrp } from "../io/irp";
import { FOUND_OCTETS, FoundName, NetbtControl } from "../tdi/netbt";
import { setBe32, setOctet } from "../wire/bytes";
import { STATUS_ENTRY, STATUS_STATISTICS, StatusFlag, statusCount } from "../wire/nbname";
import { NbFlag, statusFlags } from "../wire/nbname";
import { NAME_BUFFER, NameBufferFlag, STATUS_OCTETS, writeAdapterStatus } from "./adapter";
import { writeNameBuffer } from "./adapter";
import { callControl } from "./control";
import { NameState } from "./environment";
import { deviceOf } from "./lana";
import { NAME_OCTETS, NcbCommand, NcbReturn, returnOf } from "./ncb";
import { Request, allocateBuffer, beginCall, completeRequest, giveAll, requestDone } from
  "./request";

/** Octets of a node status answer at most: 255 names, and their statistics. */
const ANSWER_OCTETS: u32 = 1 + 255 * STATUS_ENTRY + STATUS_STATISTICS;

/** FIND_NAME_HEADER. */
@unmanaged
class FindNameHeader {
  nodes: u16;
  private reserved: u8;
  isGroup: u8;
}
const FIND_HEADER: u32 = 4;
/** FIND_NAME_BUFFER: a length, two octets of a frame, two stations, a route. */
const FIND_BUFFER: u32 = 33;
/** Where in it the last four octets of the source lie: with NetBT, its IP address. */
const FIND_ADDRESS: u32 = 11;

/** Asks who has the name that is called. The caller has the gate. */
export function findRemote(request: Request): void {
  if (!ask(request, NetbtControl.FIND_NAME, 0, FOUND_OCTETS)) {
    completeRequest(request, NcbReturn.NORES);
  }
}

/** False: no memory. */
function ask(request: Request, code: NetbtControl, address: u32, room: u32): bool {
  const device = deviceOf(request.lana.number);
  const irp = device != null && allocateBuffer(request, room) ? IoAllocateIrp(1) : null;
  if (device == null || irp == null) return false;
  const name = request.address;
  RtlCopyMemory(changetype<usize>(name), request.block.callname, NAME_OCTETS);
  request.asks = code;
  beginCall(request);
  const context = changetype<usize>(request);
  callControl(irp, device, code, name, address, request.mdl, requestDone, context);
  return true;
}

/** NetBT has answered. The caller has the gate. */
export function remoteAnswered(request: Request): void {
  const code = returnOf(request.status);
  if (code != NcbReturn.GOODRET) completeRequest(request, code);
  else if (request.asks == NetbtControl.ADAPTER_STATUS) giveStatus(request);
  else if (request.command == NcbCommand.FIND_NAME) giveNodes(request);
  else askNode(request);
}

/** Who has the name is known: that node is asked. */
function askNode(request: Request): void {
  const found = at<FoundName>(request.buffer, 0);
  const address = found.count == 0 ? 0 : found.addressAt(0);
  if (address == 0) completeRequest(request, NcbReturn.NOCALL);
  else if (!ask(request, NetbtControl.ADAPTER_STATUS, address, ANSWER_OCTETS)) {
    completeRequest(request, NcbReturn.NORES);
  }
}

/** The answer of a node as ADAPTER_STATUS: behind its names it has told its card's address. */
function giveStatus(request: Request): void {
  const answer = request.buffer;
  const names = request.information != 0 ? statusCount(answer) : 0;
  const end: u32 = 1 + names * STATUS_ENTRY;
  const mac = request.information >= end + STATUS_STATISTICS ? answer + end : 0;
  request.buffer = 0;
  if (allocateBuffer(request, STATUS_OCTETS + names * NAME_BUFFER)) {
    writeAdapterStatus(request.buffer, mac, names, 0);
    let place = request.buffer + STATUS_OCTETS;
    for (let i: u32 = 0; i < names; i++) {
      const entry = answer + 1 + i * STATUS_ENTRY;
      place = writeNameBuffer(place, entry, i + 1, nameFlags(statusFlags(entry)));
    }
    giveAll(request, STATUS_OCTETS + names * NAME_BUFFER);
  } else {
    completeRequest(request, NcbReturn.NORES);
  }
  ExFreePool(answer);
}

/** NAME_FLAGS of the wire as `name_flags`. */
function nameFlags(flags: u32): u32 {
  let state: u32 = NameState.REGISTERED;
  if (flags & StatusFlag.CONFLICT) state = NameBufferFlag.DUPLICATE;
  else if (flags & StatusFlag.DEREGISTERING) state = NameState.DEREGISTERED;
  return flags & NbFlag.GROUP ? state | NameBufferFlag.GROUP_NAME : state;
}

/** FIND_NAME_HEADER, and a FIND_NAME_BUFFER for each address. */
function giveNodes(request: Request): void {
  const answer = request.buffer;
  const found = at<FoundName>(answer, 0);
  const octets = FIND_HEADER + found.count * FIND_BUFFER;
  request.buffer = 0;
  if (allocateBuffer(request, octets)) {
    RtlZeroMemory(request.buffer, octets);
    const header = at<FindNameHeader>(request.buffer, 0);
    header.nodes = <u16>found.count;
    header.isGroup = found.isGroup ? 1 : 0;
    for (let i: u32 = 0; i < found.count; i++) {
      const place = request.buffer + FIND_HEADER + i * FIND_BUFFER;
      setOctet(place, 0, FIND_BUFFER);
      setBe32(place, FIND_ADDRESS, found.addressAt(i));
    }
    giveAll(request, octets);
  } else {
    completeRequest(request, NcbReturn.NORES);
  }
  ExFreePool(answer);
}
