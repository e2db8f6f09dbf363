/** What is written is read again, by the reader and by Wireshark. */

import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CaptureWriter } from '../../host/link/pcapngwrite.js';
import type { CaptureOptions } from '../../host/link/pcapngwrite.js';
import { readCapture } from '../../host/link/pcapread.js';
import { join } from './captures.js';
import { nth, numbered, range } from './recorder.js';

function write(steps: (writer: CaptureWriter) => void, options?: CaptureOptions): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  const writer = new CaptureWriter((octets) => chunks.push(octets), options);
  steps(writer);
  writer.flush();
  return chunks;
}

const hasTshark = spawnSync('tshark', ['--version']).status === 0;

describe('link/pcapngwrite', () => {
  it('writes what the reader reads: interfaces, times in ns, frames of any length', () => {
    const file = join(...write((writer) => {
      expect(writer.addInterface('client')).toBe(0);
      writer.write(0, 1, numbered(1, 61));
      expect(writer.addInterface('server', 101)).toBe(1);
      writer.write(1, 2 ** 52 + 1, new Uint8Array(0));
      writer.write(0, 3, numbered(2, 1514), 4000);
      expect(writer.frames).toBe(3);
    }));
    expect([...readCapture(file)]).toEqual([
      { timeNs: 1n, interface: 0, interfaceName: 'client', linkType: 1, octets: numbered(1, 61),
        originalLength: 61 },
      { timeNs: 2n ** 52n + 1n, interface: 1, interfaceName: 'server', linkType: 101,
        octets: new Uint8Array(0), originalLength: 0 },
      { timeNs: 3n, interface: 0, interfaceName: 'client', linkType: 1, octets: numbered(2, 1514),
        originalLength: 4000 },
    ]);
  });

  it('adds the epoch, carries included', () => {
    for (const epochNs of [0n, 1_795_176_513_351_633_758n, 0xffff_ffffn, (1n << 63n) - 2n ** 53n]) {
      const times = [0, 1, 0xffff_ffff, 2 ** 32, 2 ** 33 + 5, Number.MAX_SAFE_INTEGER];
      const file = join(...write((writer) => {
        writer.addInterface('a');
        for (const time of times) writer.write(0, time, numbered(1));
      }, { epochNs }));
      expect([...readCapture(file)].map((frame) => frame.timeNs))
        .toEqual(times.map((time) => epochNs + BigInt(time)));
    }
  });

  it('hands over chunks as it goes, each its own, and the rest when flushed', () => {
    const sizes: number[] = [];
    const chunks: Uint8Array[] = [];
    const writer = new CaptureWriter((octets) => {
      sizes.push(octets.length);
      chunks.push(octets);
    });
    writer.addInterface('a');
    for (let n = 0; n < 1000; n++) writer.write(0, n, numbered(n, 1000));
    expect(sizes.length).toBe(15);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536);
    writer.flush();
    writer.flush();
    expect(sizes.length).toBe(16);
    writer.write(0, 1000, new Uint8Array(100_000));
    writer.write(0, 1001, numbered(1001));
    writer.flush();
    expect(new Set(chunks.map((chunk) => chunk.buffer)).size).toBe(chunks.length);
    const frames = [...readCapture(join(...chunks))];
    expect(frames.map((frame) => Number(frame.timeNs))).toEqual(range(0, 1001));
    expect(nth(frames, 999).octets).toEqual(numbered(999, 1000));
    expect(nth(frames, 1000).octets).toHaveLength(100_000);
  });

  it('writes the same octets twice', () => {
    const steps = (writer: CaptureWriter): void => {
      writer.addInterface('a');
      writer.write(0, 5, numbered(5));
    };
    expect(join(...write(steps))).toEqual(join(...write(steps)));
  });

  it('refuses an interface that was not described, and an epoch out of range', () => {
    write((writer) => {
      expect(() => writer.write(0, 0, numbered(1))).toThrow('interface 0 of 0');
      writer.addInterface('a');
      for (const on of [1, -1, NaN]) {
        expect(() => writer.write(on, 0, numbered(1))).toThrow(RangeError);
      }
    });
    for (const epochNs of [-1n, 1n << 63n]) {
      expect(() => write(() => undefined, { epochNs })).toThrow(`epochNs: ${epochNs}`);
    }
  });

  const title = hasTshark ? '' : ' (skipped: no tshark here; apt-get install tshark)';
  it.skipIf(!hasTshark)(`writes what Wireshark opens${title}`, () => {
    const file = join(...write((writer) => {
      writer.addInterface('client');
      writer.addInterface('server');
      const request = numbered(0);
      // A broadcast ARP request.
      request.fill(0xff, 0, 6);
      request.set([2, 0, 0, 0, 0, 1, 8, 6, 0, 1, 8, 0, 6, 4, 0, 1], 6);
      writer.write(0, 1_000_000_007, request);
      writer.write(1, 1_000_000_009, request);
    }, { hardware: 'two cards', system: 'NT 4.0', application: 'ntstack 0', epochNs: 10n }));
    const folder = mkdtempSync(joinPath(tmpdir(), 'ntstack-'));
    try {
      const path = joinPath(folder, 'out.pcapng');
      writeFileSync(path, file);
      const fields = ['frame.time_epoch', 'frame.interface_name', 'frame.protocols', 'frame.len'];
      const shown = execFileSync('tshark', ['-n', '-r', path, '-T', 'fields',
        ...fields.flatMap((field) => ['-e', field])], { encoding: 'utf8', stdio: 'pipe' });
      expect(shown.trim().split('\n').map((line) => line.split('\t'))).toEqual([
        ['1.000000017', 'client', 'eth:ethertype:arp', '60'],
        ['1.000000019', 'server', 'eth:ethertype:arp', '60'],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
