/** Sessions with one machine, whose other end is the test: segments, and packets in them. */

import { encodeName } from '../../host/wire/nbname.js';
import { join } from '../../host/wire/octets.js';
import { ACK, FIN, PSH, RST, SYN } from '../wireside/build.js';
import type { Bench } from '../wireside/fixture.js';
import { Peer } from '../wireside/peer.js';

export const NAME = 'SERVER<20>';
export const SESSION_PORT = 139;
/** Where sessions begin without names. */
export const DIRECT_PORT = 445;
/** Octets of a segment at most. */
const SEGMENT = 1460;

/** Types of packets (RFC 1002, 4.3). */
export const SESSION = {
  MESSAGE: 0x00, REQUEST: 0x81, POSITIVE: 0x82, NEGATIVE: 0x83, RETARGET: 0x84, KEEP_ALIVE: 0x85,
} as const;

/** A packet: its type, 17 bits of length, and what stands behind them. */
export function packet(type: number, payload: Uint8Array = new Uint8Array(0)): Uint8Array {
  const { length } = payload;
  return join(Uint8Array.of(type, length >> 16, (length >> 8) & 255, length & 255), payload);
}

/** POSITIVE SESSION RESPONSE */
export const POSITIVE = packet(SESSION.POSITIVE);

export function request(called = NAME, calling = 'CLIENT<00>'): Uint8Array {
  return packet(SESSION.REQUEST, join(encodeName(called), encodeName(calling)));
}

/** One who calls a machine, or whom it calls. */
export class Caller {
  readonly peer: Peer;
  /** Whether the machine has reset or ended the connection. */
  gone = false;
  /** Octets that it has sent since it was made, and octets that came to it. */
  said = 0;
  heard = 0;

  constructor(private readonly bench: Bench, port: number, ours = SESSION_PORT) {
    this.peer = new Peer(bench.machine, { port, ours });
  }

  /** TCP's handshake; false: it was refused. */
  connect(): boolean {
    this.peer.say(SYN);
    const [answer] = this.peer.heard();
    if (answer?.flags !== (SYN | ACK)) return false;
    this.peer.ack = (answer.sequence + 1) >>> 0;
    this.peer.say(ACK);
    return true;
  }

  /** The same where the machine has called: its SYN has come. False: it has not. */
  answer(): boolean {
    const [first] = this.peer.heard();
    if (first?.flags !== SYN) return false;
    this.peer.ack = (first.sequence + 1) >>> 0;
    this.peer.say(SYN | ACK);
    return true;
  }

  /** Says octets in segments that end at `cuts`, or are full, and takes what comes of it. */
  say(octets: Uint8Array, ...cuts: readonly number[]): Uint8Array {
    let from = 0;
    const parts: Uint8Array[] = [];
    const most = Array.from({ length: octets.length / SEGMENT }, (_, i) => (i + 1) * SEGMENT);
    for (const end of [...cuts, ...most, octets.length].sort((a, b) => a - b)) {
      if (end <= from || end > octets.length || this.gone) continue;
      this.peer.say(ACK | PSH, { data: octets.subarray(from, end) });
      this.said += end - from;
      from = end;
      parts.push(this.listen());
    }
    return join(...parts);
  }

  /** What has come, acknowledged, and what comes for that. */
  listen(): Uint8Array {
    for (let segments = this.peer.listen('ack'); segments.length > 0;) {
      if (segments.some(({ flags }) => flags & (RST | FIN))) this.gone = true;
      segments = this.peer.listen('ack');
    }
    const text = Uint8Array.from(this.peer.text.splice(0));
    this.heard += text.length;
    return text;
  }

  /** Ends it: with FIN, or with RST. */
  end(how: 'close' | 'reset'): void {
    this.peer.say(how === 'close' ? FIN | ACK : RST | ACK);
    this.listen();
    this.gone = true;
  }
}

/** Whether sessions begin with a request, or, on port 445, without one. */
type Kind = 'NETBIOS' | 'NETBIOS_DIRECT';

/** A machine that listens on NAME; its handle. */
export function listenOn({ machine, user }: Bench, backlog = 20, kind: Kind = 'NETBIOS'): number {
  machine.meet();
  const listener = user.socket(kind);
  const bound = user.bindName(listener, NAME);
  const status = bound === 'SUCCESS' ? user.listenOn(listener, backlog) : bound;
  if (status !== 'SUCCESS') throw new Error(`listen on ${NAME}: ${status}`);
  return listener;
}

/** Both ends of a session. */
export interface Opened {
  readonly caller: Caller;
  readonly handle: number;
}

/** A session that is accepted. @throws Error where it is not. */
export function openSession(
  bench: Bench, listener: number, port: number, kind: Kind = 'NETBIOS',
): Opened {
  const direct = kind === 'NETBIOS_DIRECT';
  const caller = new Caller(bench, port, direct ? DIRECT_PORT : SESSION_PORT);
  if (!caller.connect()) throw new Error('no SYN-ACK');
  if (!direct) {
    const answer = caller.say(request());
    if (answer.join() !== POSITIVE.join()) throw new Error(`answered ${answer.join()}`);
  }
  const handle = bench.user.accept(listener);
  if (handle === 0) throw new Error('nothing to accept');
  return { caller, handle };
}

/** A call of the machine's, TCP's handshake behind it. @throws Error where it has not called. */
export function beCalled({ machine, user }: Bench, kind: Kind = 'NETBIOS'): Opened {
  machine.take();
  const handle = user.socket(kind);
  const bound = user.bindName(handle, 'CLIENT<00>');
  const status = bound === 'SUCCESS' ? user.callName(handle, NAME) : bound;
  const caller = new Caller({ machine, user }, kind === 'NETBIOS' ? SESSION_PORT : DIRECT_PORT, 0);
  if (status !== 'PENDING' || !caller.answer()) throw new Error(`call ${NAME}: ${status}`);
  const asked = caller.listen();
  const wanted = kind === 'NETBIOS' ? request(NAME, 'CLIENT<00>') : new Uint8Array(0);
  if (asked.join() !== wanted.join()) throw new Error(`asked ${asked.join()}`);
  return { caller, handle };
}
