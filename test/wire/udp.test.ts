/** UDP headers of RFC 768, with their checksum over the pseudo-header. */

import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule } from '../compile.js';
import { Place } from './place.js';
import type { FieldRow } from './place.js';

/** 152.1.51.27 port 41103 to 152.14.94.75 port 9876, "bb"; summed apart from the kernel. */
const DATAGRAM = 'a08f 2694 000a 14de 6262';
const SOURCE = 0x9801331b;
const DESTINATION = 0x980e5e4b;

const READ: readonly FieldRow[] = [
  ['SourcePort', 0, 2],
  ['DestinationPort', 2, 2],
  ['Length', 4, 2],
  ['Checksum', 6, 2],
];

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/wire/headers.ts', { optimize: 0 });
});

function datagram(hex = ''): Place {
  const place = new Place(module, 'udp');
  place.write(hex);
  return place;
}

/** The checksum over pseudo-header and datagram, as the transport makes it. */
function checksumOf(place: Place, length: number): number {
  const { floor } = place;
  const pseudo = floor.call('pseudoHeader', SOURCE, DESTINATION, 17, length);
  const whole = floor.call('combine', pseudo, floor.call('sum', place.at, length));
  return floor.call('complement', whole);
}

describe('wire/udp', () => {
  it('reads a datagram, whose checksum is right', () => {
    const place = datagram(DATAGRAM);
    expect([place.call('SourcePort'), place.call('DestinationPort')]).toEqual([41103, 9876]);
    expect([place.call('Length'), place.call('Checksum')]).toEqual([10, 0x14de]);
    expect(checksumOf(place, 10)).toBe(0);
  });

  it('reads and writes each field where RFC 768 puts it', () => {
    const place = datagram();
    place.expectReads(READ);
    place.expectWrites(READ.slice(0, 3));
  });

  it('writes the same datagram', () => {
    const place = datagram('ffffffffffffffff6262');
    place.call('SetSourcePort', 41103);
    place.call('SetDestinationPort', 9876);
    place.call('SetLength', 10);
    place.call('ClearChecksum');
    place.call('Seal', checksumOf(place, 10));
    expect(place.read(10)).toBe(DATAGRAM.replaceAll(' ', ''));
  });

  it('sends a checksum of zero as all ones, and zero only where there is none', () => {
    const place = datagram('5a'.repeat(10));
    place.call('Seal', 0);
    expect(place.call('Checksum')).toBe(0xffff);
    expect(place.read(10)).toBe('5a5a5a5a5a5affff5a5a');
    place.call('ClearChecksum');
    expect(place.read(10)).toBe('5a5a5a5a5a5a00005a5a');
  });
});
