/** Whether a packet is the one that a script wants: what differs, field by field. */

import { PROTOCOL, TCP_FLAG } from '../wire/build.js';
import type { Heard } from '../wire/read.js';
import type { Conversation } from './conversation.js';
import type { IcmpPattern, IpPattern, PacketPattern, TcpPattern, UdpPattern } from './syntax.js';
import { comparable, readOptions } from './tcpoptions.js';

/** A field in which packets differ: its column in what is shown. */
export type Field =
  | 'ip' | 'ports' | 'flags' | 'sequence' | 'acknowledgment' | 'window' | 'urgent' | 'options'
  | 'protocol';

/** How times of options are held against the script's: ticks that they may be away from them. */
export interface TimestampCheck {
  /** Undefined: not checked. */
  readonly toleranceTicks: number | undefined;
}

/** A packet on the wire as the script would write it. */
export function describeHeard(frame: Heard, conversation: Conversation | undefined): PacketPattern {
  const { ip, tcp, udp, icmp } = frame;
  const header: IpPattern = ip === undefined ? {} : { tos: ip.tos, ecn: ip.tos & 3, ttl: ip.ttl };
  const base = { direction: '>', ip: header } as const;
  if (tcp !== undefined) {
    const body = describeTcp(tcp, conversation);
    const ports = { source: tcp.sourcePort, destination: tcp.destinationPort };
    const names = conversation?.scriptPorts;
    const named = names === undefined ? ports : { source: names.local, destination: names.remote };
    return { ...base, ports: named, body };
  }
  if (udp !== undefined) {
    const ports = { source: udp.sourcePort, destination: udp.destinationPort };
    return { ...base, ports, body: { kind: 'udp', length: udp.data.length } };
  }
  if (icmp === undefined) throw new Error(`a packet of protocol ${ip?.protocol ?? 'none'}`);
  const { type, code, rest } = icmp;
  const quoted = quotedOf(icmp.data, conversation);
  return { ...base, body: { kind: 'icmp', type, code, rest, quoted } };
}

function describeTcp(
  tcp: NonNullable<Heard['tcp']>, conversation: Conversation | undefined,
): TcpPattern {
  const options = readOptions(tcp.options);
  return {
    kind: 'tcp',
    flags: tcp.flags,
    sequence: conversation?.scriptLocal(tcp.sequence) ?? tcp.sequence,
    length: tcp.data.length,
    acknowledgment: (tcp.flags & TCP_FLAG.ACK) === 0
      ? undefined
      : conversation?.scriptRemote(tcp.acknowledgment) ?? tcp.acknowledgment,
    window: tcp.window,
    urgent: tcp.urgent,
    options: conversation?.scriptOptions(options) ?? options,
  };
}

/** The TCP segment that an ICMP error of ours quotes: it is one of theirs. */
function quotedOf(
  data: Uint8Array, conversation: Conversation | undefined,
): IcmpPattern['quoted'] {
  const header = ((data[0] ?? 0) & 15) * 4;
  if (data.length < header + 8 || data[9] !== PROTOCOL.TCP) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const live = view.getUint32(header + 4);
  return { sequence: conversation?.scriptRemote(live) ?? live, length: 0 };
}

/** The fields in which `actual` is not what `expected` asks for. */
export function differences(
  expected: PacketPattern, actual: PacketPattern, timestampError: number, check: TimestampCheck,
): Field[] {
  const fields: Field[] = [];
  if (!isIpMet(expected.ip, actual.ip)) fields.push('ip');
  const { ports } = expected;
  if (ports !== undefined && !isSame(ports, actual.ports)) fields.push('ports');
  const [wanted, found] = [expected.body, actual.body];
  if (wanted.kind === 'tcp' && found.kind === 'tcp') {
    fields.push(...tcpDifferences(wanted, found, timestampError, check));
  } else if (wanted.kind !== found.kind || !isOtherMet(wanted, found)) fields.push('protocol');
  return fields;
}

function isIpMet(expected: IpPattern, actual: IpPattern): boolean {
  return (expected.tos === undefined || expected.tos === actual.tos) &&
    (expected.ecn === undefined || expected.ecn === actual.ecn) &&
    (expected.ttl === undefined || expected.ttl === actual.ttl);
}

function isSame(one: object, other: object | undefined): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function tcpDifferences(
  expected: TcpPattern, actual: TcpPattern, timestampError: number, check: TimestampCheck,
): Field[] {
  const fields: Field[] = [];
  if (expected.flags !== actual.flags) fields.push('flags');
  const moved = expected.sequence !== undefined && expected.sequence !== actual.sequence;
  if (moved || expected.length !== actual.length) fields.push('sequence');
  if (expected.acknowledgment !== undefined && expected.acknowledgment !== actual.acknowledgment) {
    fields.push('acknowledgment');
  }
  if (expected.window !== undefined && expected.window !== actual.window) fields.push('window');
  if (expected.urgent !== actual.urgent) fields.push('urgent');
  if (!areOptionsMet(expected.options, actual.options, timestampError, check)) {
    fields.push('options');
  }
  return fields;
}

/** As a set: their order and what fills them up do not count; our times have the script's names. */
function areOptionsMet(
  expected: TcpPattern['options'], actual: TcpPattern['options'], timestampError: number,
  { toleranceTicks }: TimestampCheck,
): boolean {
  if (expected === 'any' || actual === 'any') return true;
  if (toleranceTicks !== undefined && Math.abs(timestampError) > toleranceTicks) return false;
  const value = expected.find((each) => each.kind === 'TS')?.value ?? 0;
  const renamed = actual.map((each) => (each.kind === 'TS' ? { ...each, value } : each));
  return comparable(expected) === comparable(renamed);
}

function isOtherMet(
  expected: PacketPattern['body'], actual: IcmpPattern | UdpPattern | TcpPattern,
): boolean {
  if (expected.kind === 'udp' && actual.kind === 'udp') return expected.length === actual.length;
  if (expected.kind !== 'icmp' || actual.kind !== 'icmp') return false;
  if (expected.type !== actual.type || expected.code !== actual.code) return false;
  return expected.quoted === undefined ||
    expected.quoted.sequence === actual.quoted?.sequence;
}
