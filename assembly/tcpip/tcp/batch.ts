/**
 * A batch of segments in stages: read, hash and verify all, find all, ask for what lies behind all,
 * then each in the order in which it came. What one stage waits for in memory is loaded for many
 * segments at once.
 */

import { addressOf } from "../../nt/embed";
import { touch } from "../../nt/memory";
import { KeGetCurrentProcessorNumber } from "../../ke/processor";
import { fold, pseudoHeader, sum } from "../../wire/checksum";
import { Ipv4Header, Protocol } from "../../wire/ipv4";
import { TCP_HEADER, TcpHeader } from "../../wire/tcp";
import { Drop, drop } from "../counters";
import { Interface } from "../interface";
import { hashTuple } from "./hash";
import { receiveSegment } from "./receive";
import { BATCH, Segment, firstSegment, readSegment, segmentAfter } from "./segment";
import { segmentFrom } from "./segment";
import { TcpState } from "./state";
import { findTcb, tableGeneration } from "./table";
import { dereferenceTcb } from "./tcb";

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

/**
 * Stage c, after `findBatch`: asks for what lies behind the connections, their endpoints and
 * routes. Between its finding and its turn a connection may have lost them, so nothing that is read
 * here is believed.
 */
export function touchBatch(count: u32): void {
  let touched: u32 = 0;
  const end = segmentFrom(firstSegment(), count);
  for (let segment = firstSegment(); segment != end; segment = segmentAfter(segment)) {
    const tcb = segment.tcb;
    if (segment.whole == 0 || tcb == null) continue;
    touched ^= touch(addressOf(tcb.connection)) ^ touch(addressOf(tcb.route));
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
  const segment = segmentFrom(firstSegment(), BATCH - 1);
  if (!readTcp(segment, on, ip, tcp, whole, verified)) return;
  segment.tcb = findTcb(segment.source, segment.ports, segment.destination);
  processSegment(segment, tableGeneration());
}
