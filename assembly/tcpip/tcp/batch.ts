/**
 * A batch of segments in stages: read, hash and verify all, ask for what will be needed of all,
 * find all, then each in the order in which it came. What one stage waits for in memory is loaded
 * for many segments at once.
 */

import { touch } from "../../nt/memory";
import { fold, pseudoHeader, sum } from "../../wire/checksum";
import { IPV4_HEADER, Ipv4Header, Protocol } from "../../wire/ipv4";
import { TCP_HEADER, TcpHeader } from "../../wire/tcp";
import { Drop, drop } from "../counters";
import { Interface } from "../interface";
import { findTcb } from "./find";
import { hashTuple } from "./hash";
import { receiveSegment } from "./receive";
import { BATCH, Segment, firstSegment, readSegment, segmentAfter } from "./segment";
import { segmentFrom } from "./segment";
import { noteRoute } from "./sourceroute";
import { TcpState } from "./state";
import { guessTcb, tableGeneration } from "./table";
import { Tcb, dereferenceTcb } from "./tcb";
import { keepTouched } from "./touched";

/**
 * Stage a: reads the header, hashes the four-tuple, and verifies the checksum where the card has
 * not, while the header is at hand; false: dropped and counted.
 */
export function readTcp(
  segment: Segment,
  on: Interface,
  ip: Ipv4Header,
  tcp: TcpHeader,
  whole: u32,
  verified: bool,
): bool {
  segment.tcb = null;
  if (!readSegment(segment, tcp, whole)) {
    drop(whole < TCP_HEADER ? Drop.TCP_SHORT : Drop.TCP_OFFSET);
    segment.whole = 0;
    return false;
  }
  segment.ip = ip;
  segment.on = on;
  const source = ip.source;
  const destination = ip.destination;
  const ports = tcp.ports;
  segment.source = source;
  segment.destination = destination;
  segment.ports = ports;
  segment.hash = hashTuple(source, ports, destination);
  segment.verified = verified ? 1 : verifies(segment);
  return true;
}

/** Stages b and c, for a segment that comes alone. IRQL: DISPATCH_LEVEL. Locks: none. */
export function findSingle(segment: Segment): void {
  const source = segment.source;
  segment.tcb = findTcb(segment.hash, source, segment.ports, segment.destination);
}

/**
 * Stage b: asks the memory system for what the later stages will need of the batch: the slots of
 * all, then the connections of all, then the endpoints and routes of all. Each loop does little
 * else, so that many loads are under way at once. No lock is held, and nothing that is read here is
 * believed: it may be gone by now, but memory never goes. IRQL: DISPATCH_LEVEL.
 */
export function askForBatch(count: u32): void {
  const first = firstSegment();
  const last = segmentFrom(first, count);
  const end = <usize>memory.size() * MEMORY_PAGE - PAST;
  let asked: u32 = 0;
  for (let segment = first; segment != last; segment = segmentAfter(segment)) {
    segment.guess = guessTcb(segment.hash, end);
  }
  for (let segment = first; segment != last; segment = segmentAfter(segment)) {
    const guess = segment.guess < end ? segment.guess : 0;
    segment.guess = guess;
    asked ^= touch(guess) ^ touch(guess + SECOND_LINE);
  }
  for (let segment = first; segment != last; segment = segmentAfter(segment)) {
    const connection = touch(segment.guess + CONNECTION);
    const route = touch(segment.guess + ROUTE);
    asked ^= touch(connection < end ? connection : 0) ^ touch(route < end ? route : 0);
  }
  keepTouched(asked);
}
const MEMORY_PAGE: usize = 65536;
/** No structure that is asked for is larger. */
const PAST: usize = 256;
if (offsetof<Tcb>() > PAST) ERROR("PAST");
const SECOND_LINE: usize = offsetof<Tcb>("sndNxt");
const CONNECTION: usize = offsetof<Tcb>("connection");
const ROUTE: usize = offsetof<Tcb>("route");

function verifies(segment: Segment): u16 {
  const whole = segment.whole;
  const head = pseudoHeader(segment.source, segment.destination, Protocol.TCP, whole);
  return fold(head + sum(changetype<usize>(segment.header), whole)) == 0xffff ? 1 : 0;
}

/**
 * Stage d, for one segment. `generation` is the table's before the batch was looked up: when it has
 * changed, a connection may be there that was not. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function processSegment(segment: Segment, generation: u32): void {
  const found = segment.tcb;
  if (segment.verified == 0) {
    drop(Drop.TCP_CHECKSUM);
    segment.tcb = null;
    if (found != null) dereferenceTcb(found);
    return;
  }
  // One that an earlier segment of the batch has ended, or made.
  const gone = found == null || found.state == TcpState.CLOSED;
  if (gone && tableGeneration() != generation) {
    if (found != null) dereferenceTcb(found);
    findSingle(segment);
  }
  receiveSegment(segment);
}

/** A segment that did not come in a batch of its own: put together from pieces, or looped. */
export function receiveTcp(
  on: Interface,
  ip: Ipv4Header,
  tcp: TcpHeader,
  whole: u32,
  verified: bool,
): void {
  // The last place of the batch is kept free for it: see protocol.ts.
  const segment = segmentFrom(firstSegment(), BATCH - 1);
  if (!readTcp(segment, on, ip, tcp, whole, verified)) return;
  if (ip.headerLength != IPV4_HEADER && !noteRoute(segment)) return;
  const generation = tableGeneration();
  findSingle(segment);
  processSegment(segment, generation);
}
