/**
 * A batch of segments in stages: hash all, find all, verify all, then each in the order in which it
 * came. What one stage waits for in memory is loaded for many segments at once.
 */

import { KeGetCurrentProcessorNumber } from "../../ke/processor";
import { fold, pseudoHeader, sum } from "../../wire/checksum";
import { Ipv4Header, Protocol } from "../../wire/ipv4";
import { TCP_HEADER, TcpHeader } from "../../wire/tcp";
import { Drop, drop } from "../counters";
import { Interface } from "../interface";
import { hashTuple } from "./hash";
import { receiveSegment } from "./receive";
import { BATCH, Segment, readSegment, segmentAt } from "./segment";
import { TcpState } from "./state";
import { findBatch, findTcb, tableGeneration } from "./table";
import { dereferenceTcb } from "./tcb";

/** Stage a: reads the header and hashes the four-tuple; false: dropped and counted. */
export function readTcp(
  segment: Segment,
  on: Interface,
  ip: Ipv4Header,
  tcp: TcpHeader,
  whole: u32,
  verified: bool,
): bool {
  segment.tcb = null;
  segment.absent = 0;
  segment.verified = verified ? 1 : 0;
  if (!readSegment(segment, tcp, whole)) {
    drop(whole < TCP_HEADER ? Drop.TCP_SHORT : Drop.TCP_OFFSET);
    segment.whole = 0;
    return false;
  }
  segment.ip = ip;
  segment.on = on;
  segment.source = ip.source;
  segment.destination = ip.destination;
  segment.ports = (tcp.sourcePort << 16) | tcp.destinationPort;
  segment.hash = hashTuple(segment.source, segment.ports, segment.destination);
  return true;
}

/** Stages b and c: finds the connections, and verifies the checksums. */
export function findAndVerify(count: u32): void {
  findBatch(count);
  touchBatch(count);
  for (let i: u32 = 0; i < count; i++) {
    const segment = segmentAt(i);
    if (segment.whole != 0 && segment.verified == 0) segment.verified = verifies(segment);
  }
}

/**
 * Asks for what lies behind the connections: their endpoints and routes. Between its finding and
 * its turn a connection may have lost them, so nothing that is read here is believed.
 */
function touchBatch(count: u32): void {
  let touched: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const segment = segmentAt(i);
    const tcb = segment.tcb;
    if (segment.whole == 0 || tcb == null) continue;
    const connection = tcb.connection;
    const route = tcb.route;
    if (connection != null) touched ^= connection.flags;
    if (route != null) touched ^= route.nextHop;
  }
  touchedOf(KeGetCurrentProcessorNumber()).value = touched;
}

/** Nothing: what was loaded early must be used for something. */
const TOUCHED: usize = memory.data(32);

@unmanaged
class Word {
  value: u32;
}

function touchedOf(processor: u32): Word {
  return changetype<Word>(TOUCHED + (<usize>processor << 2));
}

function verifies(segment: Segment): u16 {
  const whole = segment.whole;
  const head = pseudoHeader(segment.source, segment.destination, Protocol.TCP, whole);
  return fold(head + sum(changetype<usize>(segment.header), whole)) == 0xffff ? 1 : 0;
}

/**
 * Stage d, for one segment. `generation` is the table's when the batch was looked up: when it has
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
    segment.tcb = findTcb(segment.source, segment.ports, segment.destination);
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
  const segment = segmentAt(BATCH - 1);
  if (!readTcp(segment, on, ip, tcp, whole, verified)) return;
  if (!verified) segment.verified = verifies(segment);
  segment.tcb = findTcb(segment.source, segment.ports, segment.destination);
  processSegment(segment, tableGeneration());
}
