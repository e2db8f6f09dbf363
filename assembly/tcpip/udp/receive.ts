/** UDP on the way in: to the address object. */

import { at } from "../../nt/embed";
import { NTSTATUS, Status } from "../../nt/status";
import { Boundary } from "../../vf/rule";
import { KeGetCurrentProcessorNumber, MAXIMUM_PROCESSORS } from "../../ke/processor";
import { mustHoldNothing } from "../../ke/spinlock";
import { DatagramIndication, EventHandlers } from "../../tdi/event";
import { fold, pseudoHeader, sum } from "../../wire/checksum";
import { Ipv4Header, Protocol } from "../../wire/ipv4";
import { Unreachable } from "../../wire/icmp";
import { UDP_HEADER, UdpHeader } from "../../wire/udp";
import { findAddress, leaveAddress } from "../address";
import { Counter, count, Drop, drop } from "../counters";
import { Interface } from "../interface";
import { sendUnreachable } from "../ip/icmp";

/** One indication for each processor: it lives during the call. */
const INDICATIONS: usize = memory.data(256);
const INDICATION_OCTETS: usize = 32;
if (offsetof<DatagramIndication>() > INDICATION_OCTETS) ERROR("INDICATIONS");
if (<u32>INDICATION_OCTETS * MAXIMUM_PROCESSORS > 256) ERROR("INDICATIONS: one a processor");

/**
 * A UDP datagram of `length` octets. `toGroup`: it was for everybody, so no error answers it.
 * IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function receiveUdp(
  on: Interface,
  ip: Ipv4Header,
  udp: UdpHeader,
  length: u32,
  verified: bool,
  toGroup: bool,
): void {
  if (length < UDP_HEADER) {
    drop(Drop.UDP_SHORT);
    return;
  }
  const whole = udp.length;
  if (whole < UDP_HEADER || whole > length) {
    drop(Drop.UDP_LENGTH);
    return;
  }
  if (!verified && udp.checksum != 0 && !verifies(ip, udp, whole)) {
    drop(Drop.UDP_CHECKSUM);
    return;
  }
  const object = findAddress(Protocol.UDP, ip.destination, udp.destinationPort);
  if (object == null) {
    count(Counter.UDP_NO_PORTS);
    drop(Drop.UDP_NO_PORT);
    if (!toGroup) sendUnreachable(on, ip, Unreachable.PORT);
    return;
  }
  const status = indicate(object.handlers, ip, udp, toGroup);
  if (status == Status.SUCCESS) count(Counter.UDP_IN_DATAGRAMS);
  else drop(Drop.UDP_NOT_TAKEN);
  leaveAddress(object);
}

function indicate(
  handlers: EventHandlers,
  ip: Ipv4Header,
  udp: UdpHeader,
  toGroup: bool,
): NTSTATUS {
  const own = <usize>KeGetCurrentProcessorNumber() * INDICATION_OCTETS;
  const indication = at<DatagramIndication>(INDICATIONS, own);
  indication.remoteAddress = ip.source;
  indication.remotePort = udp.sourcePort;
  indication.remoteName = null;
  indication.toGroup = <u32>toGroup;
  indication.tsdu = changetype<usize>(udp) + UDP_HEADER;
  indication.length = udp.length - UDP_HEADER;
  mustHoldNothing(Boundary.EVENT_HANDLER);
  return handlers.receiveDatagram(handlers.receiveDatagramContext, indication);
}

function verifies(ip: Ipv4Header, udp: UdpHeader, length: u32): bool {
  const head = pseudoHeader(ip.source, ip.destination, Protocol.UDP, length);
  return fold(head + sum(changetype<usize>(udp), length)) == 0xffff;
}
