/** Links that lead out of here: both directions, their faults, and a recorder around them. */

import { describe, expect, it } from 'vitest';
import { FrameBatch } from '../../host/link/batch.js';
import { Deframer, Framer } from '../../host/link/framing.js';
import { openLink } from '../../host/link/open.js';
import type { OpenOptions } from '../../host/link/open.js';
import type { OutsideEnd } from '../../host/link/outside.js';
import { tapPcap } from '../../host/link/pcap.js';
import { readCapture } from '../../host/link/pcapread.js';
import { CaptureWriter } from '../../host/link/pcapngwrite.js';
import { Clock } from '../../host/machine/clock.js';
import { Random } from '../../host/machine/random.js';
import { Recorder, batchOf, nth, numberOf, numbered, range, sendNumbers } from './recorder.js';

function openOutside(url: string, options: Partial<OpenOptions> = {}) {
  const clock = new Clock();
  const written: Uint8Array[] = [];
  const asked: string[] = [];
  let end: OutsideEnd | undefined;
  const link = openLink(url, {
    clock, random: new Random(1), ...options,
    openStream(scheme, path, given) {
      asked.push(`${scheme} ${path}`);
      end = given;
      return { write: (piece) => written.push(piece.slice()) };
    },
  });
  const recorder = new Recorder(clock);
  const port = link.attach(recorder);
  if (end === undefined) throw new Error('no stream was opened');
  return { clock, link, recorder, port, end, written, asked };
}

function stream(...frames: Uint8Array[]): Uint8Array {
  let octets = new Uint8Array(0);
  const framer = new Framer((piece) => {
    octets = Uint8Array.from([...octets, ...piece]);
  });
  for (const frame of frames) framer.add(batchOf(frame));
  framer.flush();
  return octets;
}

function numbersOf(pieces: readonly Uint8Array[]): number[] {
  const batch = new FrameBatch();
  const deframer = new Deframer();
  for (const piece of pieces) deframer.push(piece, batch, () => {});
  return range(0, batch.count - 1).map((i) => numberOf(batch.frame(i)));
}

describe('link/outside', () => {
  it('opens what its URL names', () => {
    const url = 'unix:/tmp/a%20socket?delay=1ms';
    expect(openOutside(url).asked).toEqual(['unix /tmp/a socket']);
    expect(openOutside('socket:127.0.0.1:99').asked).toEqual(['socket 127.0.0.1:99']);
    expect(openOutside('tap:nt0').asked).toEqual(['tap nt0']);
  });

  it('delivers what is fed, from an event of this instant, 64 at most at once', () => {
    const { clock, end, recorder } = openOutside('tap:nt0');
    clock.runUntil(500);
    end.feed(stream(...range(1, 100).map((n) => numbered(n))));
    expect(recorder.frames).toEqual([]);
    clock.runUntil(500);
    expect(recorder.numbers).toEqual(range(1, 100));
    expect(recorder.arrivals.map(({ frames }) => frames.length)).toEqual([64, 36]);
  });

  it('writes what is sent when it is flushed', () => {
    const { clock, end, port, written } = openOutside('tap:nt0');
    sendNumbers(port, 1, 3);
    clock.runUntil(0);
    expect(written).toEqual([]);
    end.flush();
    expect(numbersOf(written)).toEqual([1, 2, 3]);
    end.wakeAfter(2.5);
    end.flush();
    expect([...nth(written, 1)]).toEqual([0x80, 0, 0, 3]);
  });

  it('has its faults in both directions', () => {
    const { clock, end, port, recorder, written, link } = openOutside('tap:nt0?loss=50%&delay=1ms');
    end.feed(stream(...range(1, 60).map((n) => numbered(n))));
    sendNumbers(port, 1, 60);
    clock.runUntil(999_999);
    end.flush();
    expect([recorder.frames.length, written.length]).toEqual([0, 0]);
    clock.runUntil(1_000_000);
    end.flush();
    const lost = 120 - recorder.frames.length - numbersOf(written).length;
    expect(link.stats.dropped).toEqual({ loss: lost });
    expect(recorder.frames.length).toBeGreaterThan(10);
    expect(recorder.frames.length).toBeLessThan(50);
    expect(numbersOf(written)).not.toEqual(recorder.numbers);
  });

  it('is recorded in both directions', () => {
    const chunks: Uint8Array[] = [];
    const writer = new CaptureWriter((octets) => chunks.push(octets));
    const clock = new Clock();
    const around: OpenOptions['around'] = (link) => tapPcap(link, writer, clock, ['out', 'in']);
    const { end, port } = openOutside('tap:nt0?loss=100%', { clock, around });
    end.feed(stream(numbered(1)));
    sendNumbers(port, 2, 2);
    writer.flush();
    const frames = [...readCapture(Uint8Array.from(chunks.flatMap((chunk) => [...chunk])))];
    expect(frames.map(({ octets }) => numberOf(octets))).toEqual([1, 2]);
  });

  it('counts what is too long, and has one end', () => {
    const { end, link } = openOutside('tap:nt0');
    const long = new Uint8Array(4 + 2000);
    new DataView(long.buffer).setUint32(0, 2000);
    end.feed(long);
    expect(link.stats.dropped).toEqual({ oversize: 1 });
    expect(() => link.attach(new Recorder(new Clock()))).toThrow('it is taken');
    link.close();
  });

  it('says what is wrong with its URL', () => {
    const open = (url: string) => () => openOutside(url);
    expect(open('tap:')).toThrow("link 'tap:': tap: needs a device of at most 15 letters");
    expect(open('tap:a-name-that-is-too-long')).toThrow('tap: needs a device');
    expect(open('socket:1234')).toThrow('socket: needs a host and a port');
    expect(open('unix:')).toThrow('unix: needs the path of a socket');
    expect(open('tap:nt0?lost=1%')).toThrow("unknown parameter 'lost'");
    expect(() => openLink('tap:nt0', { clock: new Clock(), random: new Random(1) }))
      .toThrow("link 'tap:nt0': tap: needs openStream; ntstack attach has it");
  });
});
