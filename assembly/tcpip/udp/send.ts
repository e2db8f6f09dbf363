/** UDP on the way out: from the request to a datagram, or to its pieces. */

import { at } from "../../nt/embed";
import { NTSTATUS, Status } from "../../nt/status";
import { ExAllocatePoolWithTag, ExFreePool } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { KeLowerIrql, KeRaiseIrql } from "../../ke/irql";
import { Irql } from "../../ke/processor";
import { Mdl, copyFromMdl } from "../../io/mdl";
import { complement, pseudoHeader, sum } from "../../wire/checksum";
import { IPV4_HEADER, IPV4_LIMIT, Protocol } from "../../wire/ipv4";
import { UDP_HEADER, UdpHeader } from "../../wire/udp";
import { AddressObject } from "../address";
import { Counter, count, Drop, drop } from "../counters";
import { isLoopback } from "../interface";
import { interfaceFor, nextHopFor } from "../route";
import { sendInPieces } from "../ip/fragment";
import { flushSends } from "../ip/send";

/**
 * Sends `length` octets of `chain` from `object`. IRQL: <= DISPATCH_LEVEL. Locks: none.
 * BAD_NETWORK_PATH: no route; INVALID_PARAMETER: too long; INSUFFICIENT_RESOURCES: no memory.
 */
export function sendUdp(
  object: AddressObject,
  chain: Mdl | null,
  length: u32,
  remoteAddress: u32,
  remotePort: u32,
): NTSTATUS {
  const via = interfaceFor(remoteAddress);
  const whole = UDP_HEADER + length;
  if (via == null) {
    drop(Drop.IP_NO_ROUTE);
    return Status.NETWORK_UNREACHABLE;
  }
  if (whole > IPV4_LIMIT - IPV4_HEADER) return Status.INVALID_PARAMETER;
  const block = ExAllocatePoolWithTag(whole, Tag.Parked);
  if (block == 0) return Status.INSUFFICIENT_RESOURCES;
  const own = isLoopback(remoteAddress) ? remoteAddress : via.address;
  const source = object.address ? object.address : own;
  const udp = at<UdpHeader>(block, 0);
  udp.sourcePort = object.port;
  udp.destinationPort = remotePort;
  udp.length = whole;
  udp.clearChecksum();
  copyFromMdl(block + UDP_HEADER, chain, length);
  const head = pseudoHeader(source, remoteAddress, Protocol.UDP, whole);
  udp.seal(complement(head + sum(block, whole)));
  const hop = nextHopFor(via, remoteAddress);
  const sent = sendInPieces(via, hop, source, remoteAddress, Protocol.UDP, block, whole, 0);
  ExFreePool(block);
  if (sent) count(Counter.UDP_OUT_DATAGRAMS);
  const irql = KeRaiseIrql(Irql.DISPATCH);
  flushSends();
  KeLowerIrql(irql);
  return sent ? Status.SUCCESS : Status.INSUFFICIENT_RESOURCES;
}
