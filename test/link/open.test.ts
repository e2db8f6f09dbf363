/** What a URL opens, and what is wrong with the others. */

import { describe, expect, it } from 'vitest';
import type { Link } from '../../host/link/link.js';
import { openLink } from '../../host/link/open.js';
import { Clock } from '../../host/machine/clock.js';
import { Random } from '../../host/machine/random.js';
import { pcap } from './captures.js';
import { Recorder, batchOf, nth, numbered, range, sendNumbers } from './recorder.js';

const CAPTURE = pcap(0xa1b23c4d, [[1, 0, numbered(1)], [1, 100, numbered(2)]]);

function open(url: string, clock = new Clock(), seed = 1): Link {
  const readFile = (path: string): Uint8Array => {
    if (path !== 'some folder/a?b%.pcap') throw new Error(`no file ${path}`);
    return CAPTURE;
  };
  return openLink(url, { clock, random: new Random(seed), readFile });
}

/** Sends numbers from the first to the second end, 60 octets each, all at once or one each step. */
function carry(url: string, frames: number, seed = 1, stepNs = 0) {
  const clock = new Clock();
  const link = open(url, clock, seed);
  const recorder = new Recorder(clock);
  const from = link.attach(new Recorder(clock));
  link.attach(recorder);
  if (stepNs === 0) sendNumbers(from, 0, frames - 1);
  else for (let n = 0; n < frames; n++) {
    sendNumbers(from, n, n);
    clock.runUntil(clock.now + stepNs);
  }
  clock.runUntil(clock.now + 1e12);
  return { link, recorder, numbers: recorder.numbers, times: recorder.times };
}

describe('link/open', () => {
  it('opens a wire as it is, and with latency, rate and queue', () => {
    expect(carry('wire:', 1).times).toEqual([84 * 8 + 5000]);
    expect(carry('wire:?latency=2us&rate=100M', 1).times).toEqual([84 * 80 + 2000]);
    expect(carry('wire:?latency=1.5ms&rate=0', 1).times).toEqual([1_500_000]);
    expect(carry('wire:?latency=0&rate=56k', 1).times).toEqual([84 * 8e9 / 56e3]);
    expect(carry('wire:?latency=7ns&rate=8000000000', 1).times).toEqual([84 + 7]);
    expect(carry('wire:?latency=3µs&rate=0', 1).times).toEqual([3000]);
    expect(carry('wire:?queue=10', 12).numbers).toEqual(range(0, 9));
  });

  it('opens a hub and a switch', () => {
    for (const [scheme, heard] of [['hub', [1, 2]], ['switch', [1]]] as const) {
      const clock = new Clock();
      const link = open(`${scheme}:?latency=10ns`, clock);
      const ends = [0, 1, 2].map(() => new Recorder(clock));
      const ports = ends.map((end) => link.attach(end));
      const there = numbered(1);
      there.set([2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 0]);
      const back = numbered(2);
      back.set([2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]);
      nth(ports, 0).send(batchOf(there));
      clock.runUntil(10);
      nth(ports, 1).send(batchOf(back));
      clock.runUntil(20);
      expect(nth(ends, 0).numbers).toEqual([2]);
      expect(nth(ends, 2).numbers).toEqual(heard);
    }
  });

  it('opens a capture, its name decoded', () => {
    const clock = new Clock();
    const link = open('pcap:some folder/a%3Fb%25.pcap?latency=1us', clock);
    const recorder = new Recorder(clock);
    link.attach(recorder);
    clock.runUntil(1e9);
    expect(recorder.times).toEqual([1000, 1100]);
    expect(recorder.numbers).toEqual([1, 2]);
  });

  it('brings faults upon what a capture plays', () => {
    const clock = new Clock();
    const link = open('pcap:some%20folder/a%3Fb%25.pcap?delay=3ms&duplicate=1', clock);
    const recorder = new Recorder(clock);
    link.attach(recorder);
    clock.runUntil(1e9);
    expect(recorder.times).toEqual([3_000_000, 3_000_100]);
    expect(recorder.numbers).toEqual([1, 1, 2, 2]);
  });

  it('sets each fault', () => {
    expect(carry('wire:?loss=100%', 10).link.stats.dropped).toEqual({ loss: 10 });
    const some = carry('wire:?loss=0.05', 10_000).link.stats.dropped['loss'];
    expect(Math.abs((some ?? NaN) - 500)).toBeLessThan(100);
    expect(carry('hub:?duplicate=1.0', 2).numbers).toEqual([0, 0, 1, 1]);
    expect(carry('wire:?corrupt=100%', 5).link.stats.altered).toEqual({ corrupt: 5 });
    expect(carry('wire:?rate=0&latency=0&delay=20ms', 1).times).toEqual([20_000_000]);
    const jitter = carry('wire:?rate=0&latency=0&jitter=1ms', 200, 1, 5_000_000).times;
    const late = jitter.map((time, i) => time - i * 5_000_000);
    expect(Math.max(...late)).toBeLessThanOrEqual(1_000_000);
    expect(new Set(late).size).toBeGreaterThan(150);
    expect(carry('wire:?rate=0&latency=0&reorder=1&hold=2ms', 1).times).toEqual([2_000_000]);
    const overtaken = carry('wire:?reorder=1&overtake=65535&hold=1s&rate=0', 66).numbers;
    expect(overtaken).toEqual([64, 65, ...range(0, 63)]);
  });

  it('stacks all faults at once, and does the same for the same seed', () => {
    const url = 'wire:?loss=5%&delay=20ms&jitter=1ms&duplicate=1%&reorder=1%&corrupt=0.1%';
    const once = carry(url, 20_000, 71, 10_000);
    const again = carry(url, 20_000, 71, 10_000);
    expect(again.times).toEqual(once.times);
    expect(Buffer.concat(again.recorder.frames).equals(Buffer.concat(once.recorder.frames)))
      .toBe(true);
    expect(carry(url, 20_000, 72, 10_000).numbers).not.toEqual(once.numbers);
    const { dropped, altered, frames } = once.link.stats;
    expect(Object.keys(dropped)).toEqual(['loss']);
    expect(Object.keys(altered).sort()).toEqual(['corrupt', 'duplicate', 'reorder']);
    expect(frames).toBe(20_000 - (dropped['loss'] ?? NaN) + (altered['duplicate'] ?? NaN));
    expect(once.times[0]).toBeGreaterThanOrEqual(20_000_000);
  });

  it('takes 0 for no fault at all', () => {
    const url = 'wire:?loss=0&delay=0&jitter=0&duplicate=0%&reorder=0&corrupt=0.0';
    expect(carry(url, 500).numbers).toEqual(range(0, 499));
  });

  it('names what is wrong, and says what is allowed', () => {
    const cases: [string, string][] = [
      ['', 'it must begin with one of wire:, hub:, switch:, pcap:'],
      ['wire', 'it must begin with one of'],
      ['tube:?loss=1', 'it must begin with one of'],
      ['constructor:', 'it must begin with one of'],
      ['wire:eth0', "wire: takes no 'eth0', only ?parameters"],
      ['wire:?speed=1', "unknown parameter 'speed'; there are latency, rate, queue, loss"],
      ['hub:?rate=1G', "unknown parameter 'rate'; there are latency, queue, loss"],
      ['wire:?constructor=1', "unknown parameter 'constructor'"],
      ['wire:?loss=5%&loss=6%', "'loss' is given twice"],
      ['wire:?loss=101%', 'loss=101% is not a probability, like 5% or 0.05'],
      ['wire:?loss=-1', 'loss=-1 is not a probability'],
      ['wire:?loss=', 'loss= is not a probability'],
      ['wire:?loss=1.2.3', 'loss=1.2.3 is not a probability'],
      ['wire:?latency=5', 'latency=5 is not a time of at most an hour, like 20ms'],
      ['wire:?latency=0.1ns', 'latency=0.1ns is not a time'],
      ['wire:?delay=3601s', 'delay=3601s is not a time of at most an hour'],
      ['wire:?delay=-5ms', 'delay=-5ms is not a time'],
      ['wire:?rate=fast', 'rate=fast is not bits a second, like 1G'],
      ['wire:?rate=0.1', 'rate=0.1 is not bits a second'],
      ['wire:?rate=100000G', 'rate=100000G is not bits a second'],
      ['wire:?queue=0', 'queue=0 is not a number of frames from 1 to 1000000000'],
      ['wire:?reorder=1&overtake=65536', 'overtake=65536 is not a number of frames from 1 to 65'],
      ['wire:?overtake=3', "'overtake' needs 'reorder'"],
      ['wire:?hold=3ms', "'hold' needs 'reorder'"],
      ['pcap:', 'pcap: needs a file'],
      ['pcap:5%.pcap', "a % in a file's name is written %25"],
    ];
    for (const [url, message] of cases) {
      expect(() => open(url), url).toThrow(TypeError);
      expect(() => open(url), url).toThrow(`link '${url}': ${message}`);
    }
    const [clock, random] = [new Clock(), new Random(1)];
    expect(() => openLink('pcap:x', { clock, random })).toThrow('pcap: needs readFile');
    expect(() => open('pcap:missing')).toThrow('no file missing');
  });
});
