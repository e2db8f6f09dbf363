/**
 * Conversations out of a capture: what each side of every TCP connection sent, in order, and when;
 * this is what a replay drives through connections of our own.
 *
 * The order is the capture's: frames count in the order in which they stand, and times that step
 * back (as a capture on several processors has them) are held at the latest one before.
 */

import { FLAG, SegmentReader } from './segment.js';
import type { RecordedFrame, Endpoint, TcpSegment } from './segment.js';
import { Flow } from './flow.js';
import type { Gap, Piece } from './flow.js';

export type { RecordedFrame, Endpoint } from './segment.js';

/** The side that connected, or the one that was connected to. */
export type SideName = 'client' | 'server';

/** Octets that one side sent, as far as nothing of the other side came between. */
export interface Step {
  readonly from: SideName;
  /** When the first of them was seen: nanoseconds since the capture's first frame. */
  readonly timeNs: number;
  readonly octets: Uint8Array;
}

/** Octets that the capture lacks, though the receiver had them or later ones were sent. */
export interface ConversationGap extends Gap {
  readonly from: SideName;
}

/** One TCP connection. */
export interface Conversation {
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** When its first segment was seen: nanoseconds since the capture's first frame. */
  readonly startNs: number;
  /** When its last segment was seen, likewise. */
  readonly endNs: number;
  readonly steps: readonly Step[];
  /** `fin`: both sides finished; `reset`: one broke it off; `open`: the capture ends before. */
  readonly closed: 'fin' | 'reset' | 'open';
  /** Who sent the first FIN, or the RST; null while it is open. */
  readonly closedBy: SideName | null;
  readonly gaps: readonly ConversationGap[];
}

/** What a capture holds. */
export interface Recording {
  /** In the order in which they began. */
  readonly conversations: readonly Conversation[];
  /** Connections that never opened: refused, or nobody answered to the end of it. */
  readonly attempts: readonly Conversation[];
  readonly frames: number;
  readonly segments: number;
  /** Octets of data seen again, by retransmission or overlap. */
  readonly repeatedOctets: number;
  /** Frames that carry something else, by what. */
  readonly ignored: Readonly<Record<string, number>>;
  /** Frames, datagrams and segments of no use, or cut short, by reason. */
  readonly malformed: Readonly<Record<string, number>>;
}

/** How a recording is read. */
export interface RecordingOptions {
  /**
   * Octets of one side are one step up to this many nanoseconds after its first; 1 ms unless told,
   * which no timer of an application tells apart.
   */
  readonly mergeNs?: number;
}

/** A connection while its segments are read. */
interface Connection {
  /** The flow from the endpoint whose key sorts first, and the other. */
  readonly flows: readonly [Flow, Flow];
  /** Which of `flows` the client sends. */
  client: 0 | 1;
  readonly startNs: number;
  endNs: number;
  /** Something but SYN and RST was seen: the handshake was over, or before the capture. */
  isOpened: boolean;
  isReset: boolean;
  closedBy: Flow | null;
}

/**
 * The conversations in `frames`, which must stand in the order in which they were captured and
 * keep their octets until this returns. Malformed frames are counted, never thrown; a `TypeError`
 * says what is wrong with the options.
 */
export function readConversations(
  frames: Iterable<RecordedFrame>,
  options: RecordingOptions = {},
): Recording {
  const mergeNs = options.mergeNs ?? 1e6;
  if (!(mergeNs >= 0)) throw new TypeError(`mergeNs: ${mergeNs} is not a time of 0 or more`);
  const reader = new SegmentReader();
  const connections: Connection[] = [];
  const current = new Map<string, Connection>();
  let segments = 0;
  let repeatedOctets = 0;
  for (const frame of frames) {
    const segment = reader.read(frame);
    if (segment === null) continue;
    segments += 1;
    const source = endpointKey(segment.source);
    const target = endpointKey(segment.target);
    const from = source < target ? 0 : 1;
    const key = from === 0 ? `${source} ${target}` : `${target} ${source}`;
    let connection = current.get(key);
    if (connection === undefined || beginsAnother(connection, from, segment)) {
      connection = newConnection(segment, from);
      connections.push(connection);
      current.set(key, connection);
    }
    const outcome = take(connection, from, segment);
    if (typeof outcome === 'string') reader.blame(outcome);
    else repeatedOctets += outcome;
  }
  reader.finish();
  const read = (some: Connection[]) => some.map((each) => conversationOf(each, mergeNs));
  return {
    conversations: read(connections.filter(({ isOpened }) => isOpened)),
    attempts: read(connections.filter(({ isOpened }) => !isOpened)),
    frames: reader.frames,
    segments,
    repeatedOctets,
    ignored: Object.fromEntries(reader.ignored),
    malformed: Object.fromEntries(reader.malformed),
  };
}

function endpointKey({ address, port }: Endpoint): string {
  return `${address}:${port}`;
}

function newConnection(segment: TcpSegment, from: 0 | 1): Connection {
  const { source, target, timeNs, flags } = segment;
  const flows = from === 0
    ? [new Flow(source), new Flow(target)] as const
    : [new Flow(target), new Flow(source)] as const;
  const to = from === 0 ? 1 : 0;
  let client: 0 | 1 = from;
  if ((flags & FLAG.SYN) !== 0) client = (flags & FLAG.ACK) === 0 ? from : to;
  else if (source.port < 1024 && target.port >= 1024) client = to; // a server's port
  return {
    flows, client, startNs: timeNs, endNs: timeNs, isOpened: false, isReset: false, closedBy: null,
  };
}

/** Does `segment` open the same pair of ports anew? */
function beginsAnother(connection: Connection, from: 0 | 1, segment: TcpSegment): boolean {
  if ((segment.flags & FLAG.SYN) === 0) return false;
  const flow = connection.flows[from];
  if (isOver(connection)) return true;
  if (flow.initialSequence !== null) return flow.initialSequence !== segment.sequence;
  return flow.base !== null && flow.base !== ((segment.sequence + 1) >>> 0);
}

/** A SYN that was refused is no connection yet: the same SYN may come again. */
function isOver({ flows: [one, other], isReset }: Connection): boolean {
  const isEstablished = one.base !== null && other.base !== null;
  return (isReset && isEstablished) || (one.end !== null && other.end !== null);
}

/** Octets seen before, or what is wrong with the segment. */
function take(connection: Connection, from: 0 | 1, segment: TcpSegment): number | string {
  const flow = connection.flows[from];
  const opposite = connection.flows[from === 0 ? 1 : 0];
  const { flags } = segment;
  connection.endNs = Math.max(connection.endNs, segment.timeNs);
  if ((flags & FLAG.RST) !== 0) {
    if (!isOver(connection)) {
      connection.isReset = true;
      connection.closedBy = flow;
    }
    return 0;
  }
  if ((flags & FLAG.SYN) === 0) {
    connection.isOpened = true;
  } else {
    if (flow.initialSequence === null && opposite.initialSequence === null) {
      const isAnswer = (flags & FLAG.ACK) !== 0;
      connection.client = (from === 0) === isAnswer ? 1 : 0;
    }
    if (connection.isReset) { // refused before, and tried again
      connection.isReset = false;
      connection.closedBy = null;
    }
    flow.begin(segment.sequence);
  }
  const outcome = flow.add(segment);
  if (typeof outcome === 'number' && (flags & FLAG.ACK) !== 0) {
    opposite.acknowledge(segment.acknowledgment);
  }
  if (flow.end !== null && !connection.isReset) connection.closedBy ??= flow;
  return outcome;
}

function conversationOf(connection: Connection, mergeNs: number): Conversation {
  const { flows: [one, other], client, startNs, endNs, isReset, closedBy } = connection;
  const ofClient = client === 0 ? one : other;
  const nameOf = (flow: Flow): SideName => (flow === ofClient ? 'client' : 'server');
  const gaps = [one, other].flatMap((flow) => (
    flow.finish().map((gap) => ({ ...gap, from: nameOf(flow) }))
  ));
  const isFinished = one.end !== null && other.end !== null;
  const closed = isReset ? 'reset' : isFinished ? 'fin' : 'open';
  return {
    client: ofClient.source,
    server: (client === 0 ? other : one).source,
    startNs,
    endNs,
    steps: stepsOf(one, other, nameOf, mergeNs),
    closed,
    closedBy: closed === 'open' || closedBy === null ? null : nameOf(closedBy),
    gaps,
  };
}

/**
 * The pieces of both flows in the order of the capture, neighbours of one side joined; a piece that
 * waited for an earlier one follows it at once.
 */
function stepsOf(
  one: Flow,
  other: Flow,
  nameOf: (flow: Flow) => SideName,
  mergeNs: number,
): Step[] {
  const steps: Step[] = [];
  let run: Piece[] = [];
  let sender: Flow | null = null;
  let startNs = 0;
  let latestNs = -Infinity;
  const flush = () => {
    if (sender === null || run.length === 0) return;
    steps.push({ from: nameOf(sender), timeNs: startNs, octets: joined(run) });
    run = [];
  };
  const ofOne = one.pieces.values();
  const ofOther = other.pieces.values();
  let left = ofOne.next();
  let right = ofOther.next();
  while (!left.done || !right.done) {
    const takesLeft = !left.done && (right.done || left.value.index < right.value.index);
    const piece = (takesLeft ? left.value : right.value) as Piece;
    const flow = takesLeft ? one : other;
    latestNs = Math.max(latestNs, piece.timeNs);
    if (flow !== sender || latestNs - startNs > mergeNs) {
      flush();
      sender = flow;
      startNs = latestNs;
    }
    run.push(piece);
    if (takesLeft) left = ofOne.next();
    else right = ofOther.next();
  }
  flush();
  return steps;
}

function joined(pieces: readonly Piece[]): Uint8Array {
  const octets = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.octets.length, 0));
  let at = 0;
  for (const piece of pieces) {
    octets.set(piece.octets, at);
    at += piece.octets.length;
  }
  return octets;
}

/** Figures of several conversations. */
export interface RecordingSummary {
  readonly conversations: number;
  readonly steps: number;
  readonly octets: Readonly<Record<SideName, number>>;
  readonly closed: Readonly<Record<Conversation['closed'], number>>;
  /** How many gaps, and the octets missing in them. */
  readonly gaps: { readonly count: number; readonly octets: number };
  /** From the first segment of all to the last. */
  readonly durationNs: number;
  /** Conversations with each port of a server, the most frequent first. */
  readonly ports: readonly { readonly port: number; readonly conversations: number }[];
}

/** What `conversations` come to. */
export function summarize(conversations: readonly Conversation[]): RecordingSummary {
  const octets = { client: 0, server: 0 };
  const closed = { fin: 0, reset: 0, open: 0 };
  const gaps = { count: 0, octets: 0 };
  const ports = new Map<number, number>();
  let steps = 0;
  let firstNs = Infinity;
  let lastNs = -Infinity;
  for (const conversation of conversations) {
    for (const step of conversation.steps) octets[step.from] += step.octets.length;
    for (const gap of conversation.gaps) gaps.octets += gap.octets;
    gaps.count += conversation.gaps.length;
    steps += conversation.steps.length;
    closed[conversation.closed] += 1;
    const { port } = conversation.server;
    ports.set(port, (ports.get(port) ?? 0) + 1);
    firstNs = Math.min(firstNs, conversation.startNs);
    lastNs = Math.max(lastNs, conversation.endNs);
  }
  return {
    conversations: conversations.length,
    steps,
    octets,
    closed,
    gaps,
    durationNs: conversations.length === 0 ? 0 : lastNs - firstNs,
    ports: [...ports]
      .map(([port, count]) => ({ port, conversations: count }))
      .sort((a, b) => b.conversations - a.conversations || a.port - b.port),
  };
}

/** How many of `conversations` went on at a time, where they were most. */
export function mostAtOnce(conversations: readonly Conversation[]): number {
  const starts = conversations.map(({ startNs }) => startNs).sort((a, b) => a - b);
  const ends = conversations.map(({ endNs }) => endNs).sort((a, b) => a - b);
  let most = 0;
  let over = 0;
  for (const [begun, startNs] of starts.entries()) {
    while ((ends[over] ?? Infinity) < startNs) over += 1;
    most = Math.max(most, begun + 1 - over);
  }
  return most;
}
