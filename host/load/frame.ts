/** Frames made by hand: Ethernet, ARP (RFC 826), IPv4 (RFC 791) and TCP (RFC 9293 3.1). */

const ETHERNET_OCTETS = 14;
const IPV4_OCTETS = 20;
const ETHERTYPE = { IPV4: 0x0800, ARP: 0x0806 } as const;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
const PROTOCOL_TCP = 6;
const TTL = 128;
const FLAG_SYN = 2;
const WINDOW = 8192;
/** Option 2, four octets: the largest segment that an Ethernet takes. */
const OPTION_MSS = 0x0204_05b4;

/** Offsets in a frame, in octets. */
const AT = {
  target: 0, source: 6, type: 12,
  arp: ETHERNET_OCTETS,
  ip: ETHERNET_OCTETS,
  tcp: ETHERNET_OCTETS + IPV4_OCTETS,
} as const;

/** Octets of the header of a SYN that has one option. */
const TCP_OCTETS = 24;
/** Octets of a frame that carries a SYN. */
export const SYN_FRAME_OCTETS = ETHERNET_OCTETS + IPV4_OCTETS + TCP_OCTETS;

/** An Ethernet address: its first two octets and the other four. */
export interface StationAddress {
  readonly high: number;
  readonly low: number;
}

/** What a SYN says of itself. */
export interface SynFields {
  /** An IPv4 address as a number, like the other. */
  readonly source: number;
  readonly target: number;
  readonly sourcePort: number;
  readonly targetPort: number;
  readonly sequence: number;
  /** The datagram's identification. */
  readonly identification: number;
}

/** A frame that SYNs are written into, one after another. */
export interface SynFrame {
  readonly octets: Uint8Array;
  /** Makes it the frame of a SYN, with the checksums that belong to it. */
  write(fields: SynFields): void;
}

/** The frame of SYNs from one station to another. */
export function synFrame(from: StationAddress, to: StationAddress): SynFrame {
  const octets = new Uint8Array(SYN_FRAME_OCTETS);
  const view = new DataView(octets.buffer);
  writeEthernet(view, from, to, ETHERTYPE.IPV4);
  view.setUint16(AT.ip, 0x4500);
  view.setUint16(AT.ip + 2, IPV4_OCTETS + TCP_OCTETS);
  view.setUint8(AT.ip + 8, TTL);
  view.setUint8(AT.ip + 9, PROTOCOL_TCP);
  view.setUint8(AT.tcp + 12, (TCP_OCTETS / 4) << 4);
  view.setUint8(AT.tcp + 13, FLAG_SYN);
  view.setUint16(AT.tcp + 14, WINDOW);
  view.setUint32(AT.tcp + 20, OPTION_MSS);
  return {
    octets,
    write(fields) {
      view.setUint16(AT.ip + 4, fields.identification);
      view.setUint16(AT.ip + 10, 0);
      view.setUint32(AT.ip + 12, fields.source);
      view.setUint32(AT.ip + 16, fields.target);
      view.setUint16(AT.ip + 10, checksum(view, AT.ip, IPV4_OCTETS, 0));
      view.setUint16(AT.tcp, fields.sourcePort);
      view.setUint16(AT.tcp + 2, fields.targetPort);
      view.setUint32(AT.tcp + 4, fields.sequence);
      view.setUint16(AT.tcp + 16, 0);
      // The pseudo-header: both addresses, which stand before the segment, protocol and length.
      const start = AT.ip + 12;
      const octetsOfSum = AT.tcp + TCP_OCTETS - start;
      const sum = checksum(view, start, octetsOfSum, PROTOCOL_TCP + TCP_OCTETS);
      view.setUint16(AT.tcp + 16, sum);
    },
  };
}

/** An ARP request: the address it asks for, and who asks. */
export interface ArpRequest {
  readonly wanted: number;
  readonly sender: number;
  readonly station: StationAddress;
}

/** The ARP request that a frame carries; undefined for any other frame. */
export function readArpRequest(frame: Uint8Array): ArpRequest | undefined {
  if (frame.length < AT.arp + 28) return undefined;
  const view = new DataView(frame.buffer, frame.byteOffset, frame.length);
  if (view.getUint16(AT.type) !== ETHERTYPE.ARP) return undefined;
  if (view.getUint16(AT.arp + 6) !== ARP_REQUEST) return undefined;
  const station = { high: view.getUint16(AT.arp + 8), low: view.getUint32(AT.arp + 10) };
  return { wanted: view.getUint32(AT.arp + 24), sender: view.getUint32(AT.arp + 14), station };
}

/** The frame of an ARP reply: `address` is at `from`; to who asked. */
export function arpReply(
  from: StationAddress, address: number, to: StationAddress, asker: number,
): Uint8Array {
  const octets = new Uint8Array(60);
  const view = new DataView(octets.buffer);
  writeEthernet(view, from, to, ETHERTYPE.ARP);
  view.setUint16(AT.arp, 1);
  view.setUint16(AT.arp + 2, ETHERTYPE.IPV4);
  view.setUint16(AT.arp + 4, 0x0604);
  view.setUint16(AT.arp + 6, ARP_REPLY);
  view.setUint16(AT.arp + 8, from.high);
  view.setUint32(AT.arp + 10, from.low);
  view.setUint32(AT.arp + 14, address);
  view.setUint16(AT.arp + 18, to.high);
  view.setUint32(AT.arp + 20, to.low);
  view.setUint32(AT.arp + 24, asker);
  return octets;
}

function writeEthernet(
  view: DataView, from: StationAddress, to: StationAddress, type: number,
): void {
  view.setUint16(AT.target, to.high);
  view.setUint32(AT.target + 2, to.low);
  view.setUint16(AT.source, from.high);
  view.setUint32(AT.source + 2, from.low);
  view.setUint16(AT.type, type);
}

/** RFC 1071, over an even number of octets, beginning from a sum. */
function checksum(view: DataView, start: number, octets: number, initial: number): number {
  let sum = initial;
  for (let at = start; at < start + octets; at += 2) sum += view.getUint16(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
