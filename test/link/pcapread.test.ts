/** pcap, captures cut and garbled anywhere, and a real one. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { CutOff } from '../../host/link/pcapformat.js';
import { readCapture } from '../../host/link/pcapread.js';
import { Random } from '../../host/machine/random.js';
import { description, enhanced, join, pcap, section } from './captures.js';
import { nth } from './recorder.js';

const ONE = Uint8Array.of(1, 2, 3, 4, 5);
const TWO = Uint8Array.of(6, 7);
const all = (octets: Uint8Array) => [...readCapture(octets)];

/** How many frames are read before the error, and the error. */
function attempt(octets: Uint8Array): { frames: number; error?: Error } {
  let frames = 0;
  try {
    for (const frame of readCapture(octets)) {
      frames++;
      if (frame.octets.length > octets.length) throw new RangeError('more than there is');
    }
  } catch (error) {
    return { frames, error: error as Error };
  }
  return { frames };
}

describe('link/pcapread', () => {
  it('reads pcap in both orders of octets, with times in µs and in ns', () => {
    for (const little of [true, false]) {
      const micro = all(pcap(0xa1b2c3d4, [[5, 6, ONE], [0xffff_ffff, 999_999, TWO]], little));
      expect(micro).toEqual([
        { timeNs: 5_000_006_000n, interface: 0, interfaceName: '', linkType: 1, octets: ONE,
          originalLength: 5 },
        { timeNs: 4_294_967_295_999_999_000n, interface: 0, interfaceName: '', linkType: 1,
          octets: TWO, originalLength: 2 },
      ]);
      const nano = all(pcap(0xa1b23c4d, [[5, 6, ONE]], little, 0x1000_0071));
      expect(nano[0]).toMatchObject({ timeNs: 5_000_000_006n, linkType: 0x71, octets: ONE });
    }
  });

  it('reads what lies within a larger buffer', () => {
    const file = pcap(0xa1b2c3d4, [[1, 0, ONE]]);
    const within = join(Uint8Array.of(9, 9, 9), file, TWO).subarray(3, 3 + file.length);
    expect(all(within).map((frame) => frame.octets)).toEqual([ONE]);
  });

  it('gives no frame for a file that has none', () => {
    expect(all(pcap(0xa1b2c3d4, []))).toEqual([]);
    expect(all(section())).toEqual([]);
  });

  it('says where it stopped and what it expected', () => {
    const magic = 'the magic number of pcap or pcapng';
    const file = pcap(0xa1b2c3d4, [[1, 0, ONE]]);
    const cases: [Uint8Array, string][] = [
      [new Uint8Array(0), `offset 0: expected ${magic} (4 octets), found 0 octets`],
      [Uint8Array.of(0x1f, 0x8b, 8, 0), `offset 0: expected ${magic}, found 0x1f8b0800`],
      [file.subarray(0, 20), 'offset 0: expected the header of a pcap file (24 octets), found 20'],
      [file.subarray(0, 30), 'offset 24: expected the header of a frame (16 octets), found 6'],
      [file.subarray(0, 44), 'offset 40: expected a frame (5 octets), found 4'],
    ];
    for (const [octets, message] of cases) expect(() => all(octets)).toThrow(message);
    const old = pcap(0xa1b2c3d4, []);
    old[4] = 1;
    expect(() => all(old)).toThrow('offset 4: expected version 2, found version 1');
  });

  it('cut at any octet, gives the frames that are whole, and an error unless cut between', () => {
    const classic = pcap(0xa1b23c4d, [[1, 2, ONE], [3, 4, TWO], [5, 6, new Uint8Array(0)]]);
    const modern = join(section(), description(), enhanced(0, 1n, ONE), enhanced(0, 2n, TWO));
    for (const file of [classic, modern]) {
      const whole = attempt(file).frames;
      let before = 0;
      let clean = 0;
      for (let length = 0; length < file.length; length++) {
        const { frames, error } = attempt(file.subarray(0, length));
        expect(frames).toBeGreaterThanOrEqual(before);
        expect(frames).toBeLessThanOrEqual(whole);
        if (error === undefined) clean++;
        else expect(error.message).toMatch(/^capture, offset \d+: expected /);
        before = frames;
      }
      // Between blocks or frames, and nowhere else.
      expect(clean).toBe(3);
    }
  });

  it('cut behind its header, gives what is whole, and tells where somebody asks', () => {
    const classic = pcap(0xa1b23c4d, [[1, 2, ONE], [3, 4, TWO]]);
    const modern = join(section(), description(), enhanced(0, 1n, ONE), enhanced(0, 2n, TWO));
    for (const [file, header] of [[classic, 24], [modern, 28]] as const) {
      for (let length = header; length < file.length; length++) {
        const part = file.subarray(0, length);
        const cuts: CutOff[] = [];
        const frames = [...readCapture(part, (cut) => cuts.push(cut))];
        expect(frames).toHaveLength(attempt(part).frames);
        expect(cuts).toHaveLength(attempt(part).error === undefined ? 0 : 1);
        for (const { offset, message } of cuts) {
          expect(offset).toBeLessThanOrEqual(length);
          expect(message).toContain(`capture, offset ${offset}: expected `);
        }
      }
      for (let length = 0; length < header; length++) {
        const read = () => [...readCapture(file.subarray(0, length), () => {})];
        expect(read).toThrow('capture, offset 0: ');
      }
      // A length that no frame has is no frame that was cut.
      const bad = file.slice();
      new DataView(bad.buffer).setUint32(32, 0x7fff_fff0, true);
      expect(() => [...readCapture(bad, () => {})]).toThrow(/capture, offset \d+: expected /);
    }
  });

  it('survives any octet changed: frames or an error that names an offset', () => {
    const stream = new Random(51).stream('garbage');
    const files = [
      pcap(0xa1b2c3d4, [[1, 2, ONE], [3, 4, TWO]], false),
      join(section(), description(), enhanced(0, 1n, ONE), enhanced(0, 2n, TWO)),
    ];
    let errors = 0;
    for (const file of files) {
      for (let at = 0; at < file.length; at++) {
        for (const value of [0, 0xff, stream.below(256)]) {
          const bad = file.slice();
          bad[at] = value;
          const { error } = attempt(bad);
          if (error !== undefined) errors++;
          if (error !== undefined) expect(error.message).toMatch(/^capture, offset \d+: expected /);
        }
      }
    }
    expect(errors).toBeGreaterThan(100);
  });

  it('survives 2,000 files of garbage behind a good beginning', () => {
    const stream = new Random(52).stream('garbage');
    const heads = [pcap(0xa1b2c3d4, []), join(section(), description()), section(false)];
    let errors = 0;
    for (let i = 0; i < 2000; i++) {
      const noise = new Uint8Array(stream.below(200));
      stream.fillOctets(noise);
      const { error } = attempt(join(nth(heads, i % heads.length), noise));
      if (error !== undefined) errors++;
      if (error !== undefined) expect(error.message).toMatch(/^capture, offset \d+: expected /);
    }
    expect(errors).toBeGreaterThan(1500);
  });

  it('reads a recording of a real SMB client: 110 Ethernet frames of IPv4 and TCP', () => {
    const file = new URL('../fixtures/curl-smb.pcapng', import.meta.url);
    const frames = all(new Uint8Array(readFileSync(file)));
    expect(frames).toHaveLength(110);
    const addresses = new Set<string>();
    for (const { octets, originalLength, linkType, interfaceName } of frames) {
      expect([linkType, interfaceName, octets.length]).toEqual([1, 'vcli', originalLength]);
      addresses.add(Buffer.from(octets.subarray(6, 12)).toString('hex'));
      const view = new DataView(octets.buffer, octets.byteOffset);
      expect(view.getUint16(12)).toBe(0x0800);
      expect(octets[14]).toBe(0x45);
      expect(view.getUint16(16)).toBe(octets.length - 14);
      expect(octets[23]).toBe(6);
      expect([view.getUint16(34), view.getUint16(36)]).toContain(445);
    }
    expect([...addresses].sort()).toEqual(['c66528f2b428', 'e6eab9d13169']);
    const times = frames.map((frame) => frame.timeNs).sort((a, b) => Number(a - b));
    expect(times[0]).toBe(1_795_176_513_351_633_758n);
    expect(nth(times, 109) - nth(times, 0)).toBe(15_499_940n);
  });
});
