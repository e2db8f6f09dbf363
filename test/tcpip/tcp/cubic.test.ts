/** CUBIC beside a model of RFC 9438, in segments and seconds; and who only sends now and then. */

import { describe, expect } from 'vitest';
import { ACK } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Bench } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { SACK_PERMITTED, sack } from '../../wireside/option.js';
import { arrive, fieldOf } from '../../wireside/peer.js';
import type { Connected, Peer } from '../../wireside/peer.js';

const MSS = 536;
/** Octets of a request: it makes room only when all of it is acknowledged. */
const PIECE = 2 * MSS;
const C = 0.4;
const BETA = 0.7;
const ALPHA = 3 * (1 - BETA) / (1 + BETA);

/** RFC 9438, figures 1 to 5, from the beginning of congestion avoidance on. */
class Model {
  private readonly k: number;
  private estimate: number;
  private began: number | undefined;

  constructor(private readonly most: number, public cwnd: number, private readonly rtt: number) {
    this.k = Math.cbrt((most - cwnd) / C);
    this.estimate = cwnd;
  }

  /** `segments` are acknowledged at `now`. */
  acknowledge(segments: number, now: number): void {
    this.began ??= now;
    const since = now - this.began;
    const target = Math.min(Math.max(this.at(since + this.rtt), this.cwnd), 1.5 * this.cwnd);
    this.estimate += (this.estimate < this.most ? ALPHA : 1) * segments / this.cwnd;
    if (this.at(since) < this.estimate) this.cwnd = Math.max(this.cwnd, this.estimate);
    else this.cwnd += (target - this.cwnd) * segments / this.cwnd;
  }

  private at(seconds: number): number {
    return C * (seconds - this.k) ** 3 + this.most;
  }
}

/** A sender with as much to say as it may, whose peer is `rtt` milliseconds away. */
class Flow {
  readonly peer: Peer;
  ms = 0;
  private readonly handle: number;

  constructor(private readonly one: Bench, readonly rtt: number) {
    const wants = { agrees: SACK_PERMITTED, window: 60_000, mss: MSS };
    const connected: Connected = arrive(one, one.user.listen(80), 80, wants);
    this.peer = connected.peer;
    this.handle = connected.handle;
  }

  get cwnd(): number {
    return fieldOf(this.one.machine, this.peer, 'cwnd') / MSS;
  }

  /** The peer has all of what came, and says so for two segments at a time. */
  round(each: (segments: number) => void = () => {}): void {
    const came = this.flight();
    for (let i = 0; i < came.length; i += 2) {
      const segments = Math.min(2, came.length - i);
      this.acknowledge(came.slice(i, i + segments));
      each(segments);
    }
  }

  /** Loses the first segment of a flight, until it has come again; the window of before. */
  lose(): number {
    const most = this.cwnd;
    const [first, ...others] = this.flight();
    if (first === undefined) throw new Error('nothing came');
    for (const { end } of others) this.peer.say(ACK, { options: sack([first.end, end]) });
    this.acknowledge([...others, ...this.trip()]);
    return most;
  }

  /** Until all that it was given has arrived. */
  drain(): void {
    for (let came = this.trip(); came.length > 0; came = this.trip()) this.acknowledge(came);
  }

  /** One segment, and its acknowledgment a round trip later. */
  few(): void {
    this.one.user.send(this.handle, pattern(MSS));
    this.acknowledge(this.trip());
  }

  /** Gives it all that it takes, in small pieces, and waits a round trip. */
  private flight(): Text[] {
    const { user } = this.one;
    let room = user.query(this.handle, 'SEND_ROOM');
    for (; room >= PIECE; room -= PIECE) user.send(this.handle, pattern(PIECE));
    return this.trip();
  }

  private trip(): Text[] {
    this.one.machine.advance(this.rtt);
    this.ms += this.rtt;
    return this.peer.heard().map(({ sequence, data }) => ({
      sequence, end: (sequence + data.length) >>> 0,
    }));
  }

  private acknowledge(came: readonly Text[]): void {
    const ends = came.map(({ end }) => (end - this.peer.kernels) >>> 0);
    this.peer.ack = (this.peer.kernels + Math.max(...ends)) >>> 0;
    this.peer.say(ACK);
  }
}

/** The sequence numbers of a segment, and of what comes behind it. */
interface Text {
  readonly sequence: number;
  readonly end: number;
}

/** As far as `segments` of window in slow start. */
function grown(one: Bench, rtt: number, segments: number): Flow {
  const flow = new Flow(one, rtt);
  while (flow.cwnd < segments) flow.round();
  return flow;
}

/** Goes on for `rounds`; what of them was further than a segment from the model. */
function farFrom(model: Model, flow: Flow, rounds: number): string[] {
  const far: string[] = [];
  for (let i = 0; i < rounds; i++) {
    flow.round((segments) => model.acknowledge(segments, flow.ms / 1000));
    if (Math.abs(flow.cwnd - model.cwnd) > 1) {
      far.push(`round ${i}: ${flow.cwnd.toFixed(1)}, not ${model.cwnd.toFixed(1)}`);
    }
  }
  return far;
}

const MODERN = { release: 'modern', parameters: { Tcp1323Opts: 0 } } as const;

describe('tcpip/tcp/cubic', () => {
  it('comes back to where it was in K, and goes beyond (RFC 9438, 4.2)', ({ bench }) => {
    const flow = grown(bench(MODERN), 400, 40);
    const most = flow.lose();
    expect(flow.cwnd).toBeLessThan(0.75 * most);
    const model = new Model(most, flow.cwnd, 0.4);
    expect(farFrom(model, flow, 16)).toEqual([]);
    expect(flow.cwnd).toBeGreaterThan(most);
  });

  it('is no slower than Reno where round trips are short (RFC 9438, 4.3)', ({ bench }) => {
    const flow = grown(bench(MODERN), 20, 40);
    const most = flow.lose();
    const model = new Model(most, flow.cwnd, 0.02);
    expect(farFrom(model, flow, 45)).toEqual([]);
    expect(flow.cwnd).toBeGreaterThan(most + 10);
  });

  it('leaves room when it is cut below where it was cut last (RFC 9438, 4.7)', ({ bench }) => {
    const flow = grown(bench(MODERN), 400, 40);
    const most = flow.lose();
    for (let i = 0; i < 3; i++) flow.round();
    const second = flow.lose();
    expect(second).toBeLessThan(most);
    const model = new Model(second * (1 + BETA) / 2, flow.cwnd, 0.4);
    expect(farFrom(model, flow, 10)).toEqual([]);
  });

  it('does not count the time in which its client was the limit (RFC 9438, 5.8)', ({ bench }) => {
    const parameters = { ...MODERN.parameters, NtstackIdleRestart: 0 };
    const flow = grown(bench({ ...MODERN, parameters }), 200, 40);
    const most = flow.lose();
    flow.round();
    flow.drain();
    const before = flow.cwnd;
    for (let i = 0; i < 100; i++) flow.few();
    expect(flow.cwnd).toBe(before);
    const model = new Model(most, flow.cwnd, 0.2);
    expect(farFrom(model, flow, 8)).toEqual([]);
  });
});
