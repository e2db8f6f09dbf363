/** UDP on the way in: to the address object. */

import { Status } from "../../nt/status";
import { fold, pseudoHeader, sum } from "../../wire/checksum";
import { Ipv4Header, Protocol } from "../../wire/ipv4";
import { Unreachable } from "../../wire/icmp";
import { UDP_HEADER, UdpHeader } from "../../wire/udp";
import { findAddress, leaveAddress } from "../address";
import { Counter, count, Drop, drop } from "../counters";
import { Interface } from "../interface";
import { sendUnreachable } from "../ip/icmp";

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
  const handlers = object.handlers;
  const data = changetype<usize>(udp) + UDP_HEADER;
  const status = handlers.receiveDatagram(
    handlers.receiveDatagramContext,
    ip.source,
    udp.sourcePort,
    data,
    whole - UDP_HEADER,
  );
  if (status == Status.SUCCESS) count(Counter.UDP_IN_DATAGRAMS);
  else drop(Drop.UDP_NOT_TAKEN);
  leaveAddress(object);
}

function verifies(ip: Ipv4Header, udp: UdpHeader, length: u32): bool {
  const head = pseudoHeader(ip.source, ip.destination, Protocol.UDP, length);
  return fold(head + sum(changetype<usize>(udp), length)) == 0xffff;
}
