/** IP on the way out: what does not fit is sent in pieces (RFC 791, 3.2). */

import { RtlCopyMemory } from "../../nt/memory";
import { KeLowerIrql, KeRaiseIrql } from "../../ke/irql";
import { Irql } from "../../ke/processor";
import { NdisPacket } from "../../ndis/packet";
import { Fragment } from "../../wire/ipv4";
import { Counter, count } from "../counters";
import { Interface, takeIdentification } from "../interface";
import { IPV4_HEADER } from "../../wire/ipv4";
import { allocateDatagram, payloadOf, queuePacket, writeIpHeader } from "./send";

/**
 * Sends `length` octets of payload, which lie at `payload`, in as many datagrams as `via` needs;
 * false when a packet was missing: then nothing more is sent, and the receiver drops the rest.
 * What is queued waits for `flushSends` on the running processor. `flags` are those of a datagram
 * that is sent whole. IRQL: <= DISPATCH_LEVEL.
 */
export function sendInPieces(
  via: Interface,
  nextHop: u32,
  source: u32,
  destination: u32,
  protocol: u32,
  payload: usize,
  length: u32,
  flags: u32,
): bool {
  const identification = takeIdentification(via);
  const piece = (via.mtu - IPV4_HEADER) & ~7;
  const whole = length <= via.mtu - IPV4_HEADER;
  for (let offset: u32 = 0; offset < length || offset == 0; offset += piece) {
    const packet: NdisPacket | null = allocateDatagram(via);
    if (packet == null) return false;
    const left = length - offset;
    const last = whole || left <= piece;
    const take = last ? left : piece;
    RtlCopyMemory(payloadOf(packet), payload + offset, take);
    const fragment = whole ? flags : (offset >>> 3) | (last ? 0 : Fragment.MORE);
    writeIpHeader(packet, source, destination, protocol, take, identification, fragment);
    const irql = KeRaiseIrql(Irql.DISPATCH);
    queuePacket(packet, via, nextHop, destination);
    KeLowerIrql(irql);
    if (last && offset == 0) return true;
    count(Counter.IP_FRAG_CREATES);
    if (last) break;
  }
  count(Counter.IP_FRAG_OKS);
  return true;
}
