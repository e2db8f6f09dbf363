/**
 * A server of iperf3's protocol, as far as TCP tests need it: no specification, but what versions
 * 3.0 to 3.17 send. A connection that begins with a cookie of 37 octets is a test's control, or
 * one of its streams; over the control go states of one octet, and JSON behind its length.
 *
 * Not done: UDP, --bidir, and several tests at once: who asks for them is told that it failed.
 */

import type { Socket, UserMode } from '../machine/usermode.js';
import { PIECE_OCTETS } from './content.js';
import { hasStatus, serve } from './service.js';
import type { Service } from './service.js';

/** Its port where no other is given. */
export const IPERF_PORT = 5201;

const COOKIE_OCTETS = 37;
const MOST_JSON_OCTETS = 65_536;
const MOST_STREAMS = 128;

// States of a test, as signed octets.
const State = {
  TEST_START: 1, TEST_RUNNING: 2, TEST_END: 4, PARAM_EXCHANGE: 9, CREATE_STREAMS: 10,
  CLIENT_TERMINATE: 12, EXCHANGE_RESULTS: 13, DISPLAY_RESULTS: 14, DONE: 16,
  ACCESS_DENIED: -1, SERVER_ERROR: -2,
} as const;
/** iperf3's own number of "this test is not possible", and no errno of the system's. */
const UNIMPLEMENTED = 13;

/** What a client asks for; more is sent, and left out. */
interface Parameters {
  readonly tcp?: boolean;
  readonly udp?: boolean;
  readonly parallel?: number;
  readonly reverse?: boolean;
  readonly bidirectional?: boolean;
  readonly len?: number;
}

interface Stream {
  readonly id: number;
  octets: number;
}

/** A test that is under way. */
interface Test {
  readonly cookie: string;
  readonly streams: Stream[];
  wanted: number;
  isReverse: boolean;
  isOver: boolean;
  /** Called when the last of its streams is there. */
  complete: () => void;
}

/** Starts it. @throws Error with the status where the port is taken. */
export async function serveIperf(user: UserMode, port: number = IPERF_PORT): Promise<Service> {
  let current: Test | undefined;
  return serve(user, 'iperf', port, async (socket) => {
    const octets = await receiveExactly(socket, COOKIE_OCTETS);
    if (octets === undefined) return;
    const cookie = textOf(octets);
    if (current !== undefined) {
      if (current.cookie === cookie) await runStream(socket, current);
      else await sendState(socket, State.ACCESS_DENIED);
      return;
    }
    const test: Test = {
      cookie, streams: [], wanted: 0, isReverse: false, isOver: false, complete: () => {},
    };
    current = test;
    try {
      await control(socket, test);
    } finally {
      test.isOver = true;
      current = undefined;
    }
  });
}

async function control(socket: Socket, test: Test): Promise<void> {
  await sendState(socket, State.PARAM_EXCHANGE);
  const asked = (await readJson(socket)) as Parameters | undefined;
  if (asked === undefined) return;
  const { parallel = 1 } = asked;
  if (asked.udp === true || asked.bidirectional === true || !(parallel <= MOST_STREAMS)) {
    await sendState(socket, State.SERVER_ERROR);
    await socket.send(Uint8Array.of(0, 0, 0, UNIMPLEMENTED, 0, 0, 0, 0));
    return;
  }
  test.isReverse = asked.reverse === true;
  test.wanted = parallel;
  const complete = new Promise<void>((resolve) => {
    test.complete = resolve;
  });
  await sendState(socket, State.CREATE_STREAMS);
  // A client that goes away before its streams are there ends the control: whichever is first.
  const state = readState(socket);
  const first = await Promise.race([complete, state]);
  if (typeof first === 'number') return;
  await sendState(socket, State.TEST_START);
  await sendState(socket, State.TEST_RUNNING);
  if ((await state) !== State.TEST_END) return;
  test.isOver = true;
  await sendState(socket, State.EXCHANGE_RESULTS);
  if ((await readJson(socket)) === undefined) return;
  await sendJson(socket, resultsOf(test));
  await sendState(socket, State.DISPLAY_RESULTS);
  await readState(socket);
}

async function runStream(socket: Socket, test: Test): Promise<void> {
  // Their numbers are those that a client gives its own: 1, 3, 4 …
  const count = test.streams.length;
  const stream: Stream = { id: count === 0 ? 1 : count + 2, octets: 0 };
  test.streams.push(stream);
  if (test.streams.length === test.wanted) test.complete();
  if (!test.isReverse) {
    for await (const octets of socket) stream.octets += octets.length;
    return;
  }
  // Text, as of iperf3's --repeating-payload: random octets are this or that protocol to readers.
  const piece = Uint8Array.from({ length: PIECE_OCTETS }, (_, i) => 0x30 + (i % 10));
  try {
    while (!test.isOver) {
      await socket.send(piece);
      stream.octets += piece.length;
    }
  } catch (thrown) {
    // A client that has enough closes with octets on their way.
    if (!hasStatus(thrown)) throw thrown;
  }
}

function resultsOf({ streams, isReverse }: Test): object {
  return {
    cpu_util_total: 0, cpu_util_user: 0, cpu_util_system: 0,
    sender_has_retransmits: isReverse ? 0 : -1,
    streams: streams.map(({ id, octets }) => ({
      id, bytes: octets, retransmits: isReverse ? 0 : -1, jitter: 0, errors: 0, packets: 0,
    })),
  };
}

async function sendState(socket: Socket, state: number): Promise<void> {
  await socket.send(Uint8Array.of(state & 0xff));
}

/** The next state; CLIENT_TERMINATE where the client has gone. */
async function readState(socket: Socket): Promise<number> {
  const octets = await receiveExactly(socket, 1);
  return octets === undefined ? State.CLIENT_TERMINATE : ((octets[0] as number) << 24) >> 24;
}

async function sendJson(socket: Socket, value: object): Promise<void> {
  const text = JSON.stringify(value);
  const octets = new Uint8Array(4 + text.length);
  new DataView(octets.buffer).setUint32(0, text.length);
  for (let i = 0; i < text.length; i++) octets[4 + i] = text.charCodeAt(i);
  await socket.send(octets);
}

/** An object behind its length; undefined where none comes. */
async function readJson(socket: Socket): Promise<object | undefined> {
  const head = await receiveExactly(socket, 4);
  if (head === undefined) return undefined;
  const length = new DataView(head.buffer, head.byteOffset).getUint32(0);
  if (length > MOST_JSON_OCTETS) return undefined;
  const octets = await receiveExactly(socket, length);
  if (octets === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(textOf(octets));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function textOf(octets: Uint8Array): string {
  let text = '';
  for (const octet of octets) text += String.fromCharCode(octet);
  return text;
}

/** So many octets, and the others stay with the connection; undefined where it ends before. */
async function receiveExactly(socket: Socket, octets: number): Promise<Uint8Array | undefined> {
  const all = new Uint8Array(octets);
  for (let have = 0; have < octets;) {
    const piece = await socket.receive(octets - have);
    if (piece === undefined) return undefined;
    all.set(piece, have);
    have += piece.length;
  }
  return all;
}
