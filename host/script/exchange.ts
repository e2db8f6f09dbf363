/** Packets between a script and a machine: injected, and waited for. */

import { TCP_FLAG } from '../wire/build.js';
import { join } from '../wire/octets.js';
import type { Heard } from '../wire/read.js';
import type { Conversation, Conversations } from './conversation.js';
import { Failure, seconds } from './failure.js';
import { buildPacket } from './inject.js';
import { describeHeard, differences } from './match.js';
import type { Field } from './match.js';
import type { HeardPacket, Peer } from './peer.js';
import type { Settings } from './settings.js';
import type { PacketPattern, ScriptEvent } from './syntax.js';
import { alignPackets, packetWords } from './write.js';

/** How long a packet that is late is waited for, to say how late it was. */
const GRACE_NS = 5e9;

/** The script's end of the wire. */
export interface Wire {
  readonly path: string;
  readonly peer: Peer;
  readonly conversations: Conversations;
  readonly settings: Settings;
  /** A port of the remote end for a connection that names none. */
  drawPort(): number;
  /** Whether the machine has this connection, and whether somebody listens on a port. */
  hasConnection(localPort: number, remotePort: number): boolean;
  isListening(localPort: number): boolean;
  /** A packet in the words of scripts. */
  wordsOf(frame: Heard): string;
}

/** When an event may happen, in ns of the machine's clock. */
export interface Span {
  readonly fromNs: number;
  readonly toNs: number;
  /** How far it may be from that. */
  readonly toleranceNs: number;
}

/** Who lets time pass. */
interface Time {
  advance(toNs: number, isDone: () => boolean): void;
}

/** Sends a packet of the script to the machine. */
export function injectPacket(wire: Wire, packet: PacketPattern): void {
  const { settings, peer } = wire;
  const conversation = conversationFor(wire, packet);
  wire.conversations.current = conversation;
  const { body } = packet;
  if (body.kind === 'tcp' && (body.flags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) === TCP_FLAG.SYN) {
    // A SYN that meets no connection begins one: ours may then have any number.
    if (!wire.hasConnection(conversation.localPort, conversation.remotePort)) {
      conversation.known = false;
    }
  }
  const between = { source: settings.remoteAddress, destination: settings.localAddress };
  peer.send(buildPacket(packet, conversation, between));
}

function conversationFor(wire: Wire, { ports, body }: PacketPattern): Conversation {
  const { conversations, settings } = wire;
  // To us: their port comes first.
  const named = ports === undefined
    ? undefined
    : { local: ports.destination, remote: ports.source };
  const found = conversations.findScript(named);
  const begins = body.kind === 'tcp' &&
    (body.flags & (TCP_FLAG.SYN | TCP_FLAG.ACK | TCP_FLAG.RST)) === TCP_FLAG.SYN;
  if (found !== undefined && !(begins && isOver(wire, found))) return found;
  const localPort = named?.local ?? settings.bindPort;
  return conversations.begin(localPort, named?.remote ?? wire.drawPort(), named);
}

/** A conversation whose connection was opened and is gone, while somebody listens for another. */
function isOver(wire: Wire, { known, localPort, remotePort }: Conversation): boolean {
  return known && !wire.hasConnection(localPort, remotePort) && wire.isListening(localPort);
}

/**
 * Waits for the packet that an event wants, and gives the time at which it came.
 * @throws Failure where another came, or none, or not in time.
 */
export function expectPacket(
  wire: Wire, time: Time, event: ScriptEvent, packet: PacketPattern, span: Span, startNs: number,
): number {
  const { fromNs, toNs, toleranceNs } = span;
  const latestNs = toNs + toleranceNs;
  const came = nextPacket(wire, time, latestNs) ?? nextPacket(wire, time, latestNs + GRACE_NS);
  const fail = (reason: string, details: readonly string[]): never => {
    throw new Failure(wire.path, event.place, reason, details);
  };
  const due = dueWords(event, span, startNs);
  if (wire.peer.malformed !== undefined) fail(`a malformed packet: ${wire.peer.malformed}`, []);
  if (came === undefined) {
    return fail(`no packet came: expected ${due}`, [`  ${packetWords(packet)}`]);
  }
  const conversation = conversationOf(wire, packet, came.frame);
  const merged = mergeSegments(wire, packet, came.frame);
  const actual = describeHeard(merged, conversation);
  const fields = compare(wire, packet, actual, conversation);
  const when = seconds(came.timeNs - startNs);
  if (fields.length > 0) {
    fail(`another packet in ${fieldWords(fields)}: expected ${due}, and came at ${when}`,
      rowsOf(packet, actual, fields));
  }
  const early = event.time.kind !== 'any' && came.timeNs < fromNs - toleranceNs;
  if (early || came.timeNs > latestNs) {
    fail(`too ${early ? 'early' : 'late'}: expected ${due}, and came at ${when}`,
      rowsOf(packet, actual, []));
  }
  return came.timeNs;
}

function rowsOf(
  expected: PacketPattern, actual: PacketPattern, fields: readonly Field[],
): string[] {
  return alignPackets([['  expected', expected], ['  actual', actual]], fields);
}

function dueWords({ time }: ScriptEvent, span: Span, startNs: number): string {
  if (time.kind === 'any') return 'at any time';
  const from = seconds(span.fromNs - startNs);
  const to = span.toNs === span.fromNs ? '' : ` to ${seconds(span.toNs - startNs)}`;
  return `at ${from}${to}, within ${seconds(span.toleranceNs)}`;
}

function fieldWords(fields: readonly Field[]): string {
  const words: Partial<Record<Field, string>> = {
    ip: 'IP header', sequence: 'sequence', acknowledgment: 'ack', window: 'win', urgent: 'urg',
  };
  return fields.map((field) => words[field] ?? field).join(', ');
}

/** The oldest packet that nobody asked for, if it comes in time. */
function nextPacket(wire: Wire, time: Time, latestNs: number): HeardPacket | undefined {
  const { heard } = wire.peer;
  time.advance(latestNs, () => heard.length > 0 || wire.peer.malformed !== undefined);
  const first = heard[0];
  return first !== undefined && first.timeNs <= latestNs ? heard.shift() : undefined;
}

/** The conversation that a packet of ours is of; its first SYN tells our numbers. */
function conversationOf(
  wire: Wire, { ports, body }: PacketPattern, { tcp }: Heard,
): Conversation | undefined {
  const { conversations } = wire;
  if (tcp === undefined) return conversations.current;
  const { sourcePort, destinationPort, flags, sequence } = tcp;
  const named = ports === undefined
    ? undefined
    : { local: ports.source, remote: ports.destination };
  const found = conversations.findLive(sourcePort, destinationPort) ??
    conversations.begin(sourcePort, destinationPort, named);
  conversations.current = found;
  const isNew = !found.known || (body.kind === 'tcp' && body.sequence === undefined);
  if ((flags & TCP_FLAG.SYN) !== 0 && isNew) {
    found.learn(sequence, body.kind === 'tcp' ? body.sequence ?? 0 : 0);
  }
  return found;
}

/** Text that the script has in one packet and the wire in several, which follow one another. */
function mergeSegments(wire: Wire, { body }: PacketPattern, first: Heard): Heard {
  const { heard } = wire.peer;
  let tcp: Heard['tcp'] = first.tcp;
  if (tcp === undefined || body.kind !== 'tcp' || wire.settings.strictSegments) return first;
  while (tcp.data.length > 0 && tcp.data.length < body.length) {
    const next: Heard['tcp'] = heard[0]?.frame.tcp;
    const follows = next?.sequence === ((tcp.sequence + tcp.data.length) >>> 0) &&
      next.sourcePort === tcp.sourcePort && next.destinationPort === tcp.destinationPort &&
      tcp.data.length + next.data.length <= body.length && next.data.length > 0;
    if (next === undefined || !follows) break;
    heard.shift();
    tcp = { ...next, sequence: tcp.sequence, data: join(tcp.data, next.data) };
  }
  return { ...first, tcp };
}

function compare(
  wire: Wire, expected: PacketPattern, actual: PacketPattern,
  conversation: Conversation | undefined,
): Field[] {
  const [script, live] = [expected, actual].map(timestampOf);
  let error = 0;
  if (script !== undefined && live !== undefined && conversation !== undefined) {
    error = conversation.timestampError(script, live);
    conversation.noteTimestamp(script, live);
  }
  const { timestampTickUs, toleranceNs } = wire.settings;
  const toleranceTicks = timestampTickUs === 0
    ? undefined
    : Math.ceil(toleranceNs / 1000 / timestampTickUs);
  return differences(expected, actual, error, { toleranceTicks });
}

function timestampOf({ body }: PacketPattern): number | undefined {
  if (body.kind !== 'tcp' || body.options === 'any') return undefined;
  const option = body.options.find((each) => each.kind === 'TS');
  return option?.kind === 'TS' ? option.value : undefined;
}
