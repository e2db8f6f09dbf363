/** One segment, from a connection's state to a queued datagram. */

import { at } from "../../nt/embed";
import { combineOdd, complement, copyAndSum, pseudoHeader, sum } from "../../wire/checksum";
import { Protocol } from "../../wire/ipv4";
import { SourceRoute } from "../../wire/sourceroute";
import { TCP_HEADER, TcpFlag, TcpHeader } from "../../wire/tcp";
import { mustHold } from "../../ke/spinlock";
import { Irp, irpOfQueue } from "../../io/irp";
import { Mdl } from "../../io/mdl";
import { ListEntry } from "../../nt/list";
import { Counter, count, countMany } from "../counters";
import { Interface } from "../interface";
import { interfaceFor, nextHopFor } from "../route";
import { allocateDatagram, dontFragment, payloadOf, queueDatagram, queueRouted } from
  "../ip/send";
import { Parameter, queryParameter } from "../../ex/registry";
import { clearAckDeadlineLocked } from "./ackdeadline";
import { codepointLocked, ecnFlagsLocked } from "./ecn";
import { before } from "./sequence";
import { CARRIES, optionOctetsLocked, writeOptionsLocked } from "./offer";
import { mssOf } from "./options";
import { Tcb, TcbFlag } from "./tcb";
import { NO_POINTER, urgentPointerLocked } from "./urgent";
import { synWindowLocked, windowLocked } from "./window";

/** What few connections have, and what makes their headers differ. */
const RARE: u32 = TcbFlag.ECN | TcbFlag.URGENT | TcbFlag.SERVICE | TcbFlag.ROUTED;

/**
 * Queues a segment with `length` octets of text from `sequence` on; false when there was no packet
 * or no route. It carries the acknowledgment, so none is owed any more. IRQL: DISPATCH_LEVEL.
 */
export function transmitLocked(tcb: Tcb, sequence: u32, flags: u32, length: u32): bool {
  mustHold(tcb.lock);
  const route = tcb.route;
  const via: Interface | null = route != null ? route.via : interfaceFor(tcb.remoteAddress);
  if (via == null) return false;
  const packet = allocateDatagram(via);
  if (packet == null) return false;
  let service: u32 = 0;
  let pointer = NO_POINTER;
  let hops: SourceRoute | null = null;
  if (tcb.flags & RARE) {
    service = serviceLocked(tcb, sequence, length);
    if (tcb.flags & TcbFlag.ECN) flags |= ecnFlagsLocked(tcb, sequence, flags, length);
    if (tcb.flags & TcbFlag.URGENT) pointer = urgentPointerLocked(tcb, sequence);
    if (pointer != NO_POINTER) flags |= TcpFlag.URG;
    if (route != null) hops = route.sourceRoute;
  }
  let base = payloadOf(packet);
  if (hops != null) base += hops.octets;
  const tcp = at<TcpHeader>(base, 0);
  const carries = (tcb.flags & CARRIES) | (flags & TcpFlag.SYN);
  const options = carries ? optionOctetsLocked(tcb, flags, length) : 0;
  const header = TCP_HEADER + options;
  const ports = (tcb.ports << 16) | (tcb.ports >>> 16);
  const ack = flags & TcpFlag.ACK ? tcb.rcvNxt : 0;
  let partial = tcp.write(ports, sequence, ack, header, flags, announceLocked(tcb, flags));
  if (pointer != NO_POINTER) partial += tcp.pointTo(pointer);
  if (options) {
    const mtu = route != null ? route.mtu : via.mtu;
    writeOptionsLocked(tcb, base + TCP_HEADER, options, flags, mssOf(mtu));
    partial += sum(base + TCP_HEADER, options);
  }
  if (length) partial += gatherLocked(tcb, base + header, sequence, length);
  const whole = header + length;
  const head = pseudoHeader(tcb.localAddress, tcb.remoteAddress, Protocol.TCP, whole);
  tcp.checksum = complement(head + partial);
  const remote = tcb.remoteAddress;
  const hop = route != null ? route.nextHop : nextHopFor(via, remote);
  const whether = dontFragment(queryParameter(Parameter.EnablePMTUDiscovery) != 0);
  const fragment = whether | (service << 16);
  const local = tcb.localAddress;
  if (hops == null) queueDatagram(packet, via, hop, local, remote, Protocol.TCP, whole, fragment);
  else queueRouted(packet, via, hop, local, remote, Protocol.TCP, whole, fragment, hops);
  count(Counter.TCP_OUT_SEGS);
  countMany(Counter.TCP_OCTETS_OUT, length);
  return true;
}

/** The type of service of a segment, with the two bits of ECN. */
function serviceLocked(tcb: Tcb, sequence: u32, length: u32): u32 {
  mustHold(tcb.lock);
  const codepoint = tcb.flags & TcbFlag.ECN ? codepointLocked(tcb, sequence, length) : 0;
  return tcb.typeOfService | codepoint;
}

/**
 * Queues an acknowledgment without text. Its sequence number is that of the next new octet, also
 * while old ones are sent again: the peer would not take an old one's, nor what it acknowledges.
 */
export function acknowledgeNowLocked(tcb: Tcb): void {
  mustHold(tcb.lock);
  transmitLocked(tcb, tcb.sndMax, TcpFlag.ACK, 0);
}

/** The window field; what is promised with it is kept. */
function announceLocked(tcb: Tcb, flags: u32): u32 {
  mustHold(tcb.lock);
  if ((flags & TcpFlag.ACK) == 0) return synWindowLocked(tcb);
  const shift: u32 = flags & TcpFlag.SYN ? 0 : <u32>tcb.rcvShift;
  const window = windowLocked(tcb) >>> shift;
  const field: u32 = window < 0xffff ? window : 0xffff;
  const edge = tcb.rcvNxt + (field << shift);
  // A field that was rounded down takes nothing back of what was promised (RFC 7323, 2.4).
  if (before(tcb.rcvAdv, edge)) tcb.rcvAdv = edge;
  tcb.unacknowledged = 0;
  const owed = tcb.flags;
  if (owed & TcbFlag.ACK_DELAYED) clearAckDeadlineLocked(tcb);
  tcb.flags = owed & ~(TcbFlag.ACK_NOW | TcbFlag.ACK_DELAYED);
  return field;
}

/** Copies text out of the requests that wait, and sums it on the way. */
function gatherLocked(tcb: Tcb, target: usize, sequence: u32, length: u32): u32 {
  mustHold(tcb.lock);
  let irp = findRequestLocked(tcb, sequence);
  let done: u32 = 0;
  let total: u32 = 0;
  let odd = false;
  while (done < length) {
    tcb.cursor = irp;
    let offset = sequence + done - <u32>irp.driverContext;
    let mdl: Mdl | null = irp.mdl;
    while (mdl != null && done < length) {
      if (offset >= mdl.length) {
        offset -= mdl.length;
        mdl = mdl.next;
        continue;
      }
      const left = mdl.length - offset;
      const take = length - done < left ? length - done : left;
      const part = copyAndSum(target + done, mdl.address + offset, take);
      total = odd ? combineOdd(total, part) : total + part;
      if (take & 1) odd = !odd;
      done += take;
      offset = 0;
      mdl = mdl.next;
    }
    irp = irpOfQueue(irp.queue.flink);
  }
  return total;
}

/** The request in which the octet `sequence` lies; there must be one. */
function findRequestLocked(tcb: Tcb, sequence: u32): Irp {
  mustHold(tcb.lock);
  const cursor = tcb.cursor;
  let entry: ListEntry = tcb.sends.flink;
  if (cursor != null && !before(sequence, <u32>cursor.driverContext)) entry = cursor.queue;
  let irp = irpOfQueue(entry);
  while (sequence - <u32>irp.driverContext >= irp.driverOffset && entry.flink != tcb.sends) {
    entry = entry.flink;
    irp = irpOfQueue(entry);
  }
  return irp;
}
