/** Packets of the NetBIOS datagram service: read whole, and at every truncation. */

import { beforeAll, describe, expect, it } from 'vitest';
import { DATAGRAM_TYPE, parseNbDatagram } from './nbdatagram.js';
import { nameText } from '../../host/wire/nbname.js';
import { compileModule } from '../compile.js';
import { Floor } from '../floor.js';
import { DATAGRAM_PACKETS } from './nbpackets.js';

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/wire/netbios.ts', { optimize: 0 });
});

/** The kernel's reader over octets of the test. */
class Bench {
  readonly floor = new Floor(module);
  readonly packet = this.floor.block(1024) + 1;
  private readonly view = this.floor.block(this.floor.value('DATAGRAM_PACKET'));

  read(octets: Uint8Array, length = octets.length): string {
    this.floor.octets.fill(0xff, this.packet, this.packet + 1000);
    this.floor.octets.set(octets, this.packet);
    const fault = this.floor.call('datagramRead', this.view, this.packet, length);
    return this.floor.nameOf('DatagramFault', fault);
  }

  get(what: string): number {
    return this.floor.call(`datagram${what}`, this.view);
  }

  octets(at: number, length: number): Uint8Array {
    return this.floor.octets.slice(at, at + length);
  }
}

describe('packets of the datagram service', () => {
  it.each(Object.entries(DATAGRAM_PACKETS))('are read: %s', (_what, octets) => {
    const bench = new Bench();
    const heard = parseNbDatagram(octets);
    expect(bench.read(octets)).toBe('NONE');
    if (heard.to !== undefined) expect(nameText(bench.octets(bench.get('To'), 16))).toBe(heard.to);
    if (heard.data === undefined) return;
    expect(nameText(bench.octets(bench.get('From'), 16))).toBe(heard.from);
    expect(bench.octets(bench.get('Data'), bench.get('DataLength'))).toEqual(
      Uint8Array.from(heard.data));
  });

  it.each(Object.entries(DATAGRAM_PACKETS))('are none at any truncation: %s', (_what, octets) => {
    const bench = new Bench();
    for (let length = 0; length < octets.length; length++) {
      expect(bench.read(octets, length)).not.toBe('NONE');
      expect(() => parseNbDatagram(octets.subarray(0, length))).toThrow();
    }
  });

  it('have no names and no data beyond what DGM_LENGTH says', () => {
    const bench = new Bench();
    const octets = (DATAGRAM_PACKETS['unique'] ?? new Uint8Array(0)).slice();
    const faults = new Map([[1000, 'LENGTH'], [67, 'DESTINATION_NAME'], [33, 'SOURCE_NAME']]);
    for (const [length, fault] of faults) {
      octets.set([length >> 8, length & 255], 10);
      expect([length, bench.read(octets)]).toEqual([length, fault]);
    }
    octets.set([0, 68], 10);
    expect(bench.read(octets)).toBe('NONE');
    expect(bench.get('DataLength')).toBe(0);
  });

  it('are none of another type', () => {
    const bench = new Bench();
    const octets = (DATAGRAM_PACKETS['unique'] ?? new Uint8Array(0)).slice();
    for (const type of [0, 0x0f, 0x17, 0xff]) {
      octets[0] = type;
      expect(bench.read(octets)).toBe('TYPE');
    }
  });

  it('have a header whose fields lie where RFC 1002, 4.4.1, says', () => {
    const bench = new Bench();
    const { floor, packet } = bench;
    bench.read(new Uint8Array(14));
    floor.call('datagramBegin', packet, DATAGRAM_TYPE.BROADCAST, 0x0a, 0x1234, 0x0a000005, 138);
    floor.call('datagramSetLength', packet, 0x5678);
    floor.call('datagramSetOffset', packet, 0x9abc);
    expect(Buffer.from(bench.octets(packet, 14)).toString('hex')).toBe(
      '120a12340a000005008a56789abc',
    );
    expect(floor.call('datagramType', packet)).toBe(0x12);
    expect(floor.call('datagramFlags', packet)).toBe(0x0a);
    expect(floor.call('datagramDatagramId', packet)).toBe(0x1234);
    expect(floor.call('datagramSourceAddress', packet)).toBe(0x0a000005);
    expect(floor.call('datagramSourcePort', packet)).toBe(138);
    expect(floor.call('datagramLength', packet)).toBe(0x5678);
    expect(floor.call('datagramOffset', packet)).toBe(0x9abc);
    floor.call('datagramSetErrorCode', packet, 0x82);
    expect(floor.call('datagramErrorCode', packet)).toBe(0x82);
  });
});
