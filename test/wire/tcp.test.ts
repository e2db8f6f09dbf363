/** TCP headers of RFC 9293, 3.1, with their checksum over the pseudo-header. */

import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule } from '../compile.js';
import { Place } from './place.js';
import type { FieldRow } from './place.js';

/** A SYN from 129.72.10.1:1025 to 129.72.40.70:139, MSS 1460; summed apart from the kernel. */
const SYN = '0401 008b 00112233 00000000 60 02 2000 1c7f 0000 020405b4';
const SOURCE = 0x81480a01;
const DESTINATION = 0x81482846;

const READ: readonly FieldRow[] = [
  ['SourcePort', 0, 2],
  ['DestinationPort', 2, 2],
  ['SequenceNumber', 4, 4],
  ['AcknowledgmentNumber', 8, 4],
  ['Flags', 13, 1],
  ['Window', 14, 2],
  ['UrgentPointer', 18, 2],
];
const WRITTEN: readonly FieldRow[] = [
  ['SequenceNumber', 4, 4],
  ['AcknowledgmentNumber', 8, 4],
  ['Window', 14, 2],
];

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/wire/headers.ts', { optimize: 0 });
});

function segment(hex = ''): Place {
  const place = new Place(module, 'tcp');
  place.write(hex);
  return place;
}

/** The checksum over pseudo-header and segment, as the transport makes it. */
function checksumOf(place: Place, length: number): number {
  const { floor } = place;
  const pseudo = floor.call('pseudoHeader', SOURCE, DESTINATION, 6, length);
  const whole = floor.call('combine', pseudo, floor.call('sum', place.at, length));
  return floor.call('complement', whole);
}

describe('wire/tcp', () => {
  it('reads a SYN, whose checksum is right', () => {
    const place = segment(SYN);
    expect([place.call('SourcePort'), place.call('DestinationPort')]).toEqual([1025, 139]);
    expect(place.call('SequenceNumber')).toBe(0x112233);
    expect(place.call('AcknowledgmentNumber')).toBe(0);
    expect([place.call('Length'), place.call('Window')]).toEqual([24, 8192]);
    expect(place.call('Flags')).toBe(place.floor.value('TcpFlag.SYN'));
    expect(place.call('UrgentPointer')).toBe(0);
    expect(checksumOf(place, 24)).toBe(0);
  });

  it('reads and writes each field where RFC 9293 puts it', () => {
    const place = segment();
    place.expectReads(READ);
    place.expectWrites(WRITTEN);
  });

  it('writes the same SYN', () => {
    const place = segment(`${'ff'.repeat(20)}020405b4`);
    place.call('SetPorts', 0x0401008b);
    place.call('SetSequenceNumber', 0x112233);
    place.call('SetAcknowledgmentNumber', 0);
    place.call('Begin', 24, place.floor.value('TcpFlag.SYN'));
    place.call('SetWindow', 8192);
    place.call('SetChecksum', checksumOf(place, 24));
    expect(place.read(24)).toBe(SYN.replaceAll(' ', ''));
  });

  it('writes the same SYN at once, and gives the sum of what it wrote', () => {
    const place = segment(`${'ff'.repeat(20)}020405b4`);
    const flags = place.floor.value('TcpFlag.SYN');
    const partial = place.call('Write', 0x0401008b, 0x112233, 0, 24, flags, 8192);
    expect(partial).toBe(place.floor.call('sum', place.at, 20));
    place.call('SetChecksum', checksumOf(place, 24));
    expect(place.read(24)).toBe(SYN.replaceAll(' ', ''));
  });

  it('reads and writes header lengths from 20 to 60, whatever the reserved bits are', () => {
    const place = segment();
    for (let length = 20; length <= 60; length += 4) {
      place.call('Begin', length, 0x12);
      expect([place.call('Length'), place.call('Flags')]).toEqual([length, 0x12]);
    }
    place.write('000000000000000000000000 5f');
    expect(place.call('Length')).toBe(20);
  });

  it('begins with length and flags, and clears checksum and urgent pointer alone', () => {
    const place = segment('5a'.repeat(24));
    place.call('Begin', 20, 0x18);
    expect(place.read(24)).toBe(`${'5a'.repeat(12)}50185a5a00000000${'5a'.repeat(4)}`);
  });

  it('has the control bits of RFC 9293, from FIN to URG', () => {
    const { floor } = segment();
    const bits = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG'];
    expect(bits.map((name) => floor.value(`TcpFlag.${name}`))).toEqual([1, 2, 4, 8, 16, 32]);
  });
});
