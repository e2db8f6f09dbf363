/** ICMP messages of RFC 792. */

import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule } from '../compile.js';
import { Place } from './place.js';
import type { FieldRow } from './place.js';

/** An echo request of 32 octets as NT sends it: identifier 0x200, sequence number 0x100. */
const ECHO = '0800 4a5c 0200 0100 6162636465666768696a6b6c6d6e6f7071727374757677616263646566676869';

const READ: readonly FieldRow[] = [
  ['Type', 0, 1],
  ['Code', 1, 1],
  ['Identifier', 4, 2],
  ['SequenceNumber', 6, 2],
  ['NextHopMtu', 6, 2],
];
const WRITTEN: readonly FieldRow[] = [
  ['Identifier', 4, 2],
  ['SequenceNumber', 6, 2],
];

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/wire/headers.ts', { optimize: 0 });
});

function message(hex = ''): Place {
  const place = new Place(module, 'icmp');
  place.write(hex);
  return place;
}

describe('wire/icmp', () => {
  it('reads an echo request, whose checksum is right', () => {
    const place = message(ECHO);
    expect(place.call('Type')).toBe(place.floor.value('IcmpType.ECHO'));
    expect(place.call('Code')).toBe(0);
    expect([place.call('Identifier'), place.call('SequenceNumber')]).toEqual([0x200, 0x100]);
    expect(place.floor.call('checksum', place.at, 40)).toBe(0);
  });

  it('reads and writes each field where RFC 792 puts it', () => {
    const place = message();
    place.expectReads(READ);
    place.expectWrites(WRITTEN);
  });

  it('writes the same echo request', () => {
    const place = message(`ffffffffffffffff${ECHO.replaceAll(' ', '').slice(16)}`);
    place.call('Begin', place.floor.value('IcmpType.ECHO'), 0);
    place.call('SetIdentifier', 0x200);
    place.call('SetSequenceNumber', 0x100);
    place.call('SetChecksum', place.floor.call('checksum', place.at, 40));
    expect(place.read(40)).toBe(ECHO.replaceAll(' ', ''));
  });

  it('begins with type and code, and clears the rest of the header alone', () => {
    const place = message('5a'.repeat(12));
    place.call('Begin', 3, 4);
    expect(place.read(12)).toBe('0304000000000000 5a5a5a5a'.replace(' ', ''));
  });

  it('reads the next hop’s MTU where RFC 1191 puts it', () => {
    const place = message('0304 0000 0000 05dc');
    expect(place.call('Type')).toBe(place.floor.value('IcmpType.DESTINATION_UNREACHABLE'));
    expect(place.call('Code')).toBe(place.floor.value('Unreachable.FRAGMENTATION_NEEDED'));
    expect(place.call('NextHopMtu')).toBe(1500);
  });

  it('has the types of RFC 792', () => {
    const { floor } = message();
    const types = floor.namesOf('IcmpType').map((name) => [name, floor.value(`IcmpType.${name}`)]);
    expect(Object.fromEntries(types)).toEqual({
      ECHO_REPLY: 0, DESTINATION_UNREACHABLE: 3, SOURCE_QUENCH: 4, REDIRECT: 5, ECHO: 8,
      TIME_EXCEEDED: 11, PARAMETER_PROBLEM: 12,
    });
  });
});
