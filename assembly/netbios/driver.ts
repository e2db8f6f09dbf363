/** netbios.sys: Netbios(NCB) for programs, over \Device\NetBT. Begin reading here (nt-facts 6). */

import { at } from "../nt/embed";
import { RtlZeroMemory } from "../nt/memory";
import { enterGate, forceGate } from "./gate";
import { setOctet } from "../wire/bytes";
import { startTurn } from "./command";
import { Environment } from "./environment";
import { LANAS, deviceOf, initializeLanas, lanaAt } from "./lana";
import { Ncb, NcbCommand, NcbReturn, isChain, isCommand } from "./ncb";
import { initializeNcbs, takeReady } from "./ready";
import { Request, createRequest, dereferenceRequest, ncbOf, referenceRequest } from "./request";
import { endProgram } from "./reset";

/** DriverEntry: LANAs come with NetBT's devices. IRQL: PASSIVE_LEVEL. */
export function DriverEntry(): void {
  initializeLanas();
  initializeNcbs();
}

/** Unloads the driver: every program is at its end. IRQL: PASSIVE_LEVEL. */
export function unloadDriver(): void {
  for (let number: u32 = 0; number < LANAS; number++) {
    const lana = lanaAt(number);
    // Who keeps it would wait for what does not come any more.
    forceGate(lana);
    const head = lana.environments;
    for (let left = PROGRAMS; left != 0 && head.flink != head; left--) {
      endProgram(lana, Environment.ofLink(head.flink).process, startTurn);
    }
  }
  for (let link = takeReady(); link != null; link = takeReady()) {
    dereferenceRequest(Request.ofLink(link));
  }
}

/** Programs at most that the end of the machine waits for. */
const PROGRAMS: u32 = 65536;
/** Pages of linear memory have so many octets. */
const PAGE_OCTETS: u64 = 65536;

/*
 * What user mode calls; a program is a number of its own choice. IRQL: PASSIVE_LEVEL. Locks: none.
 */

/**
 * Netbios(): the NCB at `address` is PENDING, and `readNcbs` tells of its end, also where it has
 * ended at once. Any other answer is its return code, and that is all. ASYNCH is user mode's: who
 * does not ask for it waits.
 */
export function netbiosSubmit(process: u32, address: usize): u32 {
  const ncb = at<Ncb>(address, 0);
  const command = <u32>ncb.command & ~(<u32>NcbCommand.ASYNCH);
  const refusal = judge(ncb, command);
  ncb.retcode = <u8>refusal;
  ncb.cmdCplt = <u8>refusal;
  if (refusal != NcbReturn.PENDING) return refusal;
  const lana = lanaAt(ncb.lana);
  const request = createRequest(lana, process, address, command, startTurn);
  if (request == null) {
    ncb.retcode = <u8>NcbReturn.NORES;
    ncb.cmdCplt = <u8>NcbReturn.NORES;
    return NcbReturn.NORES;
  }
  referenceRequest(request);
  enterGate(lana, request);
  return NcbReturn.PENDING;
}

/** The return code of an NCB that needs no LANA, or cannot be; PENDING: it may pass. */
function judge(ncb: Ncb, command: u32): NcbReturn {
  if (!isCommand(command) || (ncb.post != 0 && ncb.event != 0)) return NcbReturn.ILLCMD;
  if (!isMemory(ncb.buffer, ncb.length)) return NcbReturn.BADDR;
  if (isChain(command) && !isMemory(ncb.chainBuffer, ncb.chainLength)) return NcbReturn.BADDR;
  if (command == NcbCommand.ENUM) return enumerate(ncb);
  return deviceOf(ncb.lana) == null ? NcbReturn.BRIDGE : NcbReturn.PENDING;
}

function isMemory(address: u32, length: u32): bool {
  if (length == 0) return true;
  return address != 0 && <u64>address + <u64>length <= <u64>memory.size() * PAGE_OCTETS;
}

/** ENUM: LANA_ENUM, a count and as many numbers. */
function enumerate(ncb: Ncb): NcbReturn {
  let count: u32 = 0;
  for (let number: u32 = 0; number < LANAS; number++) if (deviceOf(number) != null) count++;
  const room: u32 = ncb.length;
  if (room < count + 1) return NcbReturn.BUFLEN;
  const list = <usize>ncb.buffer;
  RtlZeroMemory(list, room);
  setOctet(list, 0, count);
  let place = list + 1;
  for (let number: u32 = 0; number < LANAS; number++) {
    if (deviceOf(number) == null) continue;
    setOctet(place, 0, number);
    place++;
  }
  ncb.length = <u16>(count + 1);
  return NcbReturn.GOODRET;
}

/** What user mode reads of an NCB that is complete. */
@unmanaged
class NcbRecord {
  process: u32;
  ncb: u32;
}

/** Writes at most `limit` records to `target`; returns how many. IRQL: <= DISPATCH_LEVEL. */
export function readNcbs(target: usize, limit: u32): u32 {
  let written: u32 = 0;
  while (written < limit) {
    const link = takeReady();
    if (link == null) break;
    const request = Request.ofLink(link);
    const record = at<NcbRecord>(target + (<usize>written << 3), 0);
    record.process = request.process;
    record.ncb = <u32>ncbOf(request);
    dereferenceRequest(request);
    written++;
  }
  return written;
}

/** The program is gone, and its memory is its own again. */
export function netbiosEnd(process: u32): void {
  for (let number: u32 = 0; number < LANAS; number++) {
    endProgram(lanaAt(number), process, startTurn);
  }
}
