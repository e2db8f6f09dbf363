/** What NetBT counts, and why it dropped a packet. Counts since boot. */

import { RtlZeroMemory } from "../nt/memory";
import { DatagramFault } from "../wire/nbdatagram";
import { NameFault } from "../wire/nbpacket";

/** What is counted; the first four are what `nbtstat -r` shows. */
export const enum NbtCounter {
  RESOLVED_BY_BROADCAST,
  RESOLVED_BY_SERVER,
  REGISTERED_BY_BROADCAST,
  REGISTERED_BY_SERVER,
  NAME_PACKETS_IN,
  NAME_OCTETS_IN,
  NAME_PACKETS_OUT,
  NAME_OCTETS_OUT,
  /** Others' claims that were answered with ACT. */
  NAMES_DEFENDED,
  /** Names of ours that another has as well. */
  NAMES_IN_CONFLICT,
  DATAGRAMS_IN,
  DATAGRAMS_OUT,
  COUNT,
}

/** Why a packet was dropped. */
export const enum NbtDrop {
  /** As `NameFault` counts them, from its second on. */
  NAME_SHORT,
  NAME_COUNTS,
  NAME_NAME,
  NAME_RECORD,
  NAME_CLASS,
  /** Of another scope. */
  NAME_SCOPE,
  /** An opcode or a type that a node does not know. */
  NAME_OPCODE,
  NAME_TYPE,
  /** Data that its type does not have. */
  NAME_DATA,
  /** An answer that nobody waits for, or from whom nobody asked. */
  NAME_UNASKED,
  /** About a name that is not ours. */
  NAME_NOT_OURS,
  /** Our own, that came back. */
  NAME_OWN,
  /** An answer that would have been more octets than came. */
  NAME_ANSWER_LIMIT,
  /** No memory for a packet of ours. */
  NAME_MEMORY,
  /** As `DatagramFault` counts them, from its second on. */
  DATAGRAM_SHORT,
  DATAGRAM_TYPE,
  DATAGRAM_SOURCE_NAME,
  DATAGRAM_DESTINATION_NAME,
  DATAGRAM_LENGTH,
  DATAGRAM_SCOPE,
  DATAGRAM_NOT_OURS,
  /** None of those who have the name wanted it. */
  DATAGRAM_NOT_TAKEN,
  /** A part that does not fit the others, that came too late, or for which there is no room. */
  DATAGRAM_PART,
  DATAGRAM_MEMORY,
  /** Another's error, and what a node does not answer. */
  DATAGRAM_ERROR,
  /** What may not come then, or is no packet of the session service: its session ends. */
  SESSION_PACKET,
  /** A call of a name that is not here, to which nobody listens, or that is none. */
  SESSION_REFUSED,
  /** A SYN for which there was no connection block. */
  SESSION_NO_BLOCK,
  /** One that had begun when its connection ended, or of which the rest did not come in time. */
  SESSION_CUT,
  COUNT,
}
if (NbtDrop.NAME_CLASS != NameFault.CLASS - 1) ERROR("NbtDrop begins as NameFault");
if (NbtDrop.DATAGRAM_LENGTH - NbtDrop.DATAGRAM_SHORT != DatagramFault.LENGTH - 1) {
  ERROR("NbtDrop goes on as DatagramFault");
}

@unmanaged
class Word {
  value: u32;
}

const COUNTERS: usize = memory.data(64);
const DROPS: usize = memory.data(128);
if (NbtCounter.COUNT * 4 > 64) ERROR("COUNTERS");
if (NbtDrop.COUNT * 4 > 128) ERROR("DROPS");

/** Sets all to 0. Once, at start. */
export function initializeNbtCounters(): void {
  RtlZeroMemory(COUNTERS, 64);
  RtlZeroMemory(DROPS, 128);
}

/** Where the counters lie, a word each, for the host. */
export function nbtCounters(): usize {
  return COUNTERS;
}

/** Where the drops lie, a word each, for the host. */
export function nbtDrops(): usize {
  return DROPS;
}

/** Counts one. IRQL: any. */
export function nbtCount(counter: NbtCounter): void {
  nbtAdd(counter, 1);
}

/** Counts `many`. IRQL: any. */
export function nbtAdd(counter: NbtCounter, many: u32): void {
  changetype<Word>(COUNTERS + (<usize>counter << 2)).value += many;
}

/** A packet was dropped. IRQL: any. */
export function nbtDrop(reason: NbtDrop): void {
  changetype<Word>(DROPS + (<usize>reason << 2)).value++;
}
