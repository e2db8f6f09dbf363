/** A tap records, a capture plays. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { withLoss } from '../../host/link/loss.js';
import { replayPcap, tapPcap } from '../../host/link/pcap.js';
import { CaptureWriter } from '../../host/link/pcapngwrite.js';
import { readCapture } from '../../host/link/pcapread.js';
import { openWire } from '../../host/link/wire.js';
import { Clock } from '../../host/machine/clock.js';
import { Random } from '../../host/machine/random.js';
import { description, enhanced, join, pcap, section } from './captures.js';
import { Recorder, batchOf, nth, numberOf, numbered, range, sendNumbers } from './recorder.js';

function taped() {
  const chunks: Uint8Array[] = [];
  const writer = new CaptureWriter((octets) => chunks.push(octets));
  const read = () => {
    writer.flush();
    return [...readCapture(join(...chunks))];
  };
  return { writer, read };
}

function player(octets: Uint8Array) {
  const clock = new Clock();
  const wire = openWire({ clock, latencyNs: 0, bitsPerSecond: 0 });
  const link = replayPcap(wire, octets, clock);
  return { clock, link, recorder: new Recorder(clock) };
}

describe('link/pcap, tapPcap', () => {
  it('records what is sent in either direction, when it is sent, by end', () => {
    const { writer, read } = taped();
    const clock = new Clock();
    const link = tapPcap(openWire({ clock }), writer, clock, ['client']);
    const [a, b] = [new Recorder(clock), new Recorder(clock)];
    const [fromA, fromB] = [link.attach(a), link.attach(b)];
    clock.runUntil(100);
    fromA.send(batchOf(numbered(1), numbered(2, 1514)));
    clock.runUntil(250);
    fromB.send(batchOf(numbered(3)));
    clock.runUntil(1e6);
    expect([a.numbers, b.numbers]).toEqual([[3], [1, 2]]);
    expect(read().map((f) => [f.timeNs, f.interfaceName, numberOf(f.octets), f.octets.length]))
      .toEqual([[100n, 'client', 1, 60], [100n, 'client', 2, 1514], [250n, 'end1', 3, 60]]);
  });

  it('records what cards send around a fault, and what is left within it', () => {
    const [outer, inner] = [taped(), taped()];
    const clock = new Clock();
    const faulty = withLoss(tapPcap(openWire({ clock }), inner.writer, clock), {
      probability: 0.5, random: new Random(61),
    });
    const link = tapPcap(faulty, outer.writer, clock);
    const recorder = new Recorder(clock);
    const from = link.attach(new Recorder(clock));
    link.attach(recorder);
    sendNumbers(from, 0, 199);
    clock.runUntil(1e9);
    expect(outer.read().map((frame) => numberOf(frame.octets))).toEqual(range(0, 199));
    expect(inner.read().map((frame) => numberOf(frame.octets))).toEqual(recorder.numbers);
    expect(recorder.frames.length).toBeLessThan(150);
  });
});

describe('link/pcap, replayPcap', () => {
  it('plays what is whole of a capture that is cut off, and counts the rest', () => {
    const frames = [enhanced(0, 1n, numbered(1)), enhanced(0, 2n, numbered(2))];
    const file = join(section(), description(), ...frames);
    const { link, clock, recorder } = player(file.subarray(0, file.length - 4));
    link.attach(recorder);
    clock.runUntil(1e9);
    expect(recorder.numbers).toEqual([1]);
    expect(link.stats.dropped).toEqual({ cut: 1 });
  });

  it('plays with the times of the capture, from the instant something is plugged in', () => {
    const { clock, link, recorder } = player(pcap(0xa1b23c4d, [
      [1000, 5, numbered(1)], [1000, 5, numbered(2)], [1000, 905, numbered(3)],
      [1002, 5, numbered(4)],
    ]));
    clock.runUntil(70);
    expect(link.remaining).toBe(4);
    link.attach(recorder);
    expect(recorder.arrivals).toEqual([]);
    clock.runUntil(1000);
    expect(link.remaining).toBe(1);
    clock.runUntil(1e12);
    expect(recorder.times).toEqual([70, 970, 2_000_000_070]);
    expect(recorder.numbers).toEqual([1, 2, 3, 4]);
    expect(nth(recorder.arrivals, 0).frames).toHaveLength(2);
    expect(link.stats.frames).toBe(4);
    expect(clock.pending).toBe(0);
  });

  it('plays frames of one instant in batches of 64', () => {
    const frames = range(0, 149).map((n): [number, number, Uint8Array] => [1, 0, numbered(n)]);
    const { clock, link, recorder } = player(pcap(0xa1b2c3d4, frames));
    link.attach(recorder);
    clock.runUntil(0);
    expect(recorder.numbers).toEqual(range(0, 149));
    expect(recorder.arrivals.map((arrival) => arrival.frames.length)).toEqual([64, 64, 22]);
  });

  it('plays in the order of time, also where the capture is not in order', () => {
    const { clock, link, recorder } = player(pcap(0xa1b2c3d4, [
      [3, 0, numbered(3)], [1, 0, numbered(1)], [3, 0, numbered(4)], [2, 0, numbered(2)],
    ]));
    link.attach(recorder);
    clock.runUntil(1e10);
    expect(recorder.numbers).toEqual([1, 2, 3, 4]);
    expect(recorder.times).toEqual([0, 1e9, 2e9]);
  });

  it('counts what it cannot play, and what it is sent', () => {
    const { clock, link, recorder } = player(join(
      section(), description(101), description(1),
      enhanced(0, 1n, numbered(1)),
      enhanced(1, 2n, numbered(2), true, 61),
      enhanced(1, 3n, new Uint8Array(1515)),
      enhanced(1, 4n, numbered(4, 1514)),
    ));
    const port = link.attach(recorder);
    sendNumbers(port, 10, 15);
    clock.runUntil(1e9);
    expect(recorder.numbers).toEqual([4]);
    expect(link.stats.dropped).toEqual({ linktype: 1, truncated: 1, oversize: 1, replay: 6 });
    expect(() => link.attach(recorder)).toThrow('a capture plays to one end');
  });

  it('stops when the end or the link is closed', () => {
    const file = pcap(0xa1b2c3d4, [[1, 0, numbered(1)], [2, 0, numbered(2)]]);
    for (const closeLink of [false, true]) {
      const { clock, link, recorder } = player(file);
      const port = link.attach(recorder);
      clock.runUntil(500);
      if (closeLink) link.close();
      else port.close();
      clock.runUntil(1e12);
      expect([recorder.numbers, link.remaining, clock.pending]).toEqual([[1], 1, 0]);
    }
  });

  it('refuses a capture that is malformed or longer than the clock', () => {
    expect(() => player(Uint8Array.of(1, 2, 3, 4))).toThrow('capture, offset 0');
    const ages = join(section(), description(),
      enhanced(0, 0n, numbered(1)), enhanced(0, 2n ** 62n, numbered(2)));
    expect(() => player(ages)).toThrow('more than the clock can tell');
  });

  it('plays a real recording, all that fits a card, and taps what it played', () => {
    const file = new URL('../fixtures/curl-smb.pcapng', import.meta.url);
    const octets = new Uint8Array(readFileSync(file));
    const { clock, link, recorder } = player(octets);
    const { writer, read } = taped();
    const tape = tapPcap(link, writer, clock);
    tape.attach(recorder);
    clock.runUntil(1e9);
    const played = [...readCapture(octets)].filter((frame) => frame.octets.length <= 1514)
      .sort((a, b) => Number(a.timeNs - b.timeNs));
    expect(played.length).toBeGreaterThan(80);
    expect(recorder.frames.map((frame) => Buffer.from(frame).toString('hex')))
      .toEqual(played.map((frame) => Buffer.from(frame.octets).toString('hex')));
    const spanNs = nth(played, played.length - 1).timeNs - nth(played, 0).timeNs;
    expect(recorder.times.at(-1)).toBe(Number(spanNs));
    expect(link.stats.dropped.oversize ?? 0).toBe(110 - played.length);
    // A tap at the end records what that end sends, and it sent nothing.
    expect(read()).toEqual([]);
  });
});
