/** The MIB (RFC 1213): what was counted, and why frames were dropped. Counts since boot. */

import { RtlZeroMemory } from "../nt/memory";

/** What is counted: the MIB's objects by their names, and ours. */
export const enum Counter {
  IP_IN_RECEIVES,
  IP_IN_DELIVERS,
  IP_OUT_REQUESTS,
  IP_REASM_REQDS,
  IP_REASM_OKS,
  IP_REASM_FAILS,
  IP_FRAG_OKS,
  IP_FRAG_CREATES,
  ICMP_IN_ECHOS,
  ICMP_IN_ECHO_REPS,
  ICMP_IN_DEST_UNREACHS,
  ICMP_IN_TIME_EXCDS,
  ICMP_IN_PARM_PROBS,
  ICMP_OUT_ECHOS,
  ICMP_OUT_ECHO_REPS,
  ICMP_OUT_DEST_UNREACHS,
  ICMP_OUT_TIME_EXCDS,
  ARP_IN_REQUESTS,
  ARP_IN_REPLIES,
  ARP_OUT_REQUESTS,
  ARP_OUT_REPLIES,
  UDP_IN_DATAGRAMS,
  UDP_NO_PORTS,
  UDP_OUT_DATAGRAMS,
  TCP_ACTIVE_OPENS,
  TCP_PASSIVE_OPENS,
  TCP_ATTEMPT_FAILS,
  TCP_ESTAB_RESETS,
  TCP_CURR_ESTAB,
  TCP_IN_SEGS,
  TCP_OUT_SEGS,
  TCP_RETRANS_SEGS,
  TCP_OUT_RSTS,
  TCP_FAST_RETRANSMITS,
  TCP_TIMEOUTS,
  TCP_DUP_ACKS_IN,
  TCP_OUT_OF_ORDER,
  TCP_DELAYED_ACKS,
  TCP_PREDICTED,
  /** Handshakes that ended in ESTABLISHED. */
  TCP_OPENED,
  /** Connections that were open and are no more. */
  TCP_CLOSED,
  /** Connects of ours that were refused, and SYNs that we refused. */
  TCP_REFUSED,
  TCP_OCTETS_IN,
  TCP_OCTETS_OUT,
  /** Acknowledgments that asked the peer whether it was it (RFC 5961). */
  TCP_CHALLENGES,
  /** Tail loss probes (RFC 8985, 7). */
  TCP_TAIL_PROBES,
  /** Segments with text that were marked on their way (RFC 3168). */
  TCP_MARKS_IN,
  /** SYNs that are remembered without a control block, and those answered with a cookie. */
  TCP_SYNS_CACHED,
  TCP_COOKIES_SENT,
  /** Handshakes that a cookie has ended. */
  TCP_COOKIES_TAKEN,
  COUNT,
}

/** Why a frame, or what was in it, was dropped. */
export const enum Drop {
  ETHERNET_SHORT,
  ETHERNET_TYPE,
  ETHERNET_OTHER_STATION,
  ARP_MALFORMED,
  ARP_NOT_OURS,
  ARP_TABLE_FULL,
  ARP_REPLACED,
  ARP_UNRESOLVED,
  IP_SHORT,
  IP_VERSION,
  IP_HEADER_LENGTH,
  IP_TOTAL_LENGTH,
  IP_CHECKSUM,
  IP_NOT_OURS,
  IP_SOURCE,
  IP_PROTOCOL,
  IP_OPTION,
  IP_FRAGMENT_LENGTH,
  IP_FRAGMENT_OVERLAP,
  IP_FRAGMENT_LIMIT,
  IP_FRAGMENT_EXPIRED,
  IP_NO_ROUTE,
  ICMP_SHORT,
  ICMP_CHECKSUM,
  ICMP_TYPE,
  ICMP_QUOTE,
  ICMP_BROADCAST,
  UDP_SHORT,
  UDP_LENGTH,
  UDP_CHECKSUM,
  UDP_NO_PORT,
  UDP_NOT_TAKEN,
  TCP_SHORT,
  TCP_OFFSET,
  TCP_OPTION,
  TCP_CHECKSUM,
  TCP_BROADCAST,
  TCP_LAND,
  TCP_NO_CONNECTION,
  TCP_NO_BACKLOG,
  TCP_NOT_ACCEPTABLE,
  TCP_NO_ACK,
  TCP_UNSENT_ACKNOWLEDGED,
  TCP_UNEXPECTED,
  TCP_DUPLICATE,
  TCP_OUT_OF_WINDOW,
  TCP_AFTER_CLOSE,
  /** No timestamp, where all segments carry one. */
  TCP_NO_TIMESTAMP,
  /** Older than what came last, by its timestamp (RFC 7323, 5.3). */
  TCP_PAWS,
  /** An acknowledgment of what was acknowledged long ago (RFC 5961, 5). */
  TCP_OLD_ACK,
  /** The peer would have been asked, but was often enough (RFC 5961, 7). */
  TCP_NO_CHALLENGE,
  /** A SYN that there was no room to remember. */
  TCP_SYN_CACHE_FULL,
  /** An acknowledgment for no connection, while cookies are out, that is none. */
  TCP_COOKIE,
  NO_MEMORY,
  NO_PACKET,
  COUNT,
}

const COUNTERS: usize = memory.data(256);
if (Counter.COUNT * 4 > 256) ERROR("COUNTERS");
const DROPS: usize = memory.data(256);
if (Drop.COUNT * 4 > 256) ERROR("DROPS");

/** One word, for both arrays. */
@unmanaged
class Word {
  value: u32;
}

function counterWord(counter: Counter): Word {
  return changetype<Word>(COUNTERS + (<usize>counter << 2));
}

/** Counts one. IRQL: any. */
export function count(counter: Counter): void {
  counterWord(counter).value++;
}

/** Counts `amount`; the counter wraps. */
export function countMany(counter: Counter, amount: u32): void {
  counterWord(counter).value += amount;
}

/** Takes one back: for what is counted as it is now. IRQL: any. */
export function uncount(counter: Counter): void {
  counterWord(counter).value--;
}

/** Counts a drop. Malformed input has no other consequence. IRQL: any. */
export function drop(reason: Drop): void {
  changetype<Word>(DROPS + (<usize>reason << 2)).value++;
}

/** Where the counters lie: one u32 for each `Counter`. */
export function counters(): usize {
  return COUNTERS;
}

/** Where the drops lie: one u32 for each `Drop`. */
export function drops(): usize {
  return DROPS;
}

/** All back to zero. Once, at boot. */
export function initializeCounters(): void {
  RtlZeroMemory(COUNTERS, 256);
  RtlZeroMemory(DROPS, 256);
}
