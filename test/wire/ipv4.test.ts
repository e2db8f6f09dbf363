/** IPv4 headers: the examples of RFC 791, appendix A, and each field in its place. */

import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';
import { Place } from './place.js';
import type { FieldRow } from './place.js';

const FIELDS: readonly FieldRow[] = [
  ['TypeOfService', 1, 1],
  ['TotalLength', 2, 2],
  ['Identification', 4, 2],
  ['Fragment', 6, 2],
  ['TimeToLive', 8, 1],
  ['Protocol', 9, 1],
  ['Source', 12, 4],
  ['Destination', 16, 4],
];

/** RFC 791, appendix A, between 192.168.0.1 and 192.168.0.2; summed apart from the kernel. */
const EXAMPLES = [
  ['example 1', '45000015006f00007b01be25c0a80001c0a80002', [20, 21, 0, 0, 1]],
  ['example 2, first fragment', '45000114006f20007b069d21c0a80001c0a80002', [20, 276, 1, 0, 6]],
  ['example 2, second', '450000d8006f00207b06bd3dc0a80001c0a80002', [20, 216, 0, 32, 6]],
] as const;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/wire/headers.ts', { optimize: 0 });
});

function header(hex = ''): Place {
  const place = new Place(module, 'ipv4');
  place.write(hex);
  return place;
}

/** RFC 1071 as its text reads. */
function plainSum(octets: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < octets.length; i += 2) {
    sum += ((octets[i] ?? 0) << 8) + (octets[i + 1] ?? 0);
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
}

describe('wire/ipv4', () => {
  it.each(EXAMPLES)('reads %s of RFC 791', (_name, hex, expected) => {
    const place = header(hex);
    const fragment = place.call('Fragment');
    const more = place.floor.value('Fragment.MORE');
    const seen = [
      place.call('HeaderLength'), place.call('TotalLength'), (fragment & more) === 0 ? 0 : 1,
      fragment & place.floor.value('Fragment.OFFSET'), place.call('Protocol'),
    ];
    expect(seen).toEqual(expected);
    expect([place.call('Version'), place.call('Identification')]).toEqual([4, 111]);
    expect(place.call('TimeToLive')).toBe(123);
    expect(place.call('Source')).toBe(0xc0a80001);
    expect(place.call('Destination')).toBe(0xc0a80002);
    expect(place.call('HeaderSum')).toBe(0xffff);
  });

  it('reads and writes each field where RFC 791 puts it', () => {
    const place = header();
    place.expectReads(FIELDS);
    place.expectWrites(FIELDS);
  });

  it.each(EXAMPLES)('writes %s of RFC 791, sealed', (_name, hex, expected) => {
    const [length, total, more, offset, protocol] = expected;
    const place = header('ff'.repeat(20));
    place.call('Begin', length);
    place.call('SetTypeOfService', 0);
    place.call('SetTotalLength', total);
    place.call('SetIdentification', 111);
    place.call('SetFragment', more * place.floor.value('Fragment.MORE') + offset);
    place.call('SetTimeToLive', 123);
    place.call('SetProtocol', protocol);
    place.call('SetSource', 0xc0a80001);
    place.call('SetDestination', 0xc0a80002);
    place.call('Seal');
    expect(place.read(20)).toBe(hex);
  });

  it.each(EXAMPLES)('writes %s of RFC 791 at once', (_name, hex, expected) => {
    const [, total, more, offset, protocol] = expected;
    const place = header('ff'.repeat(24));
    const fragment = more * place.floor.value('Fragment.MORE') + offset;
    place.call('Write', total, 111, fragment, 123, protocol, 0xc0a80001, 0xc0a80002);
    expect(place.read(24)).toBe(`${hex}${'ff'.repeat(4)}`);
  });

  it('tells version and length from the same octet', () => {
    const place = header('6f');
    expect([place.call('Version'), place.call('HeaderLength')]).toEqual([6, 60]);
    place.write('40');
    expect([place.call('Version'), place.call('HeaderLength')]).toEqual([4, 0]);
    for (let length = 20; length <= 60; length += 4) {
      place.call('Begin', length);
      expect([place.call('Version'), place.call('HeaderLength')]).toEqual([4, length]);
    }
  });

  it('sums and seals headers of every length, options included', () => {
    const chance = new Random(791).stream('headers');
    for (let turn = 0; turn < 200; turn++) {
      const place = header();
      const length = 20 + 4 * (turn % 11);
      const octets = new Uint8Array(64);
      chance.fillOctets(octets);
      place.floor.octets.set(octets, place.at);
      place.call('Begin', length);
      const seen = (): Uint8Array => place.floor.octets.subarray(place.at, place.at + length);
      // The sum is of words as this processor reads them (RFC 1071, 2 B).
      const sum = place.call('HeaderSum');
      expect(((sum & 0xff) << 8) | (sum >>> 8)).toBe(plainSum(seen()));
      place.call('Seal');
      expect(place.call('HeaderSum')).toBe(0xffff);
      expect(plainSum(seen())).toBe(0xffff);
      const behind = Buffer.from(octets.subarray(length));
      expect(place.read(64 - length, length)).toBe(behind.toString('hex'));
    }
  });

  it('finds every single bit that is wrong', () => {
    const hex = EXAMPLES[0][1];
    for (let bit = 0; bit < 160; bit++) {
      const place = header(hex);
      const at = place.at + (bit >>> 3);
      place.floor.octets[at] = (place.floor.octets[at] ?? 0) ^ (1 << (bit & 7));
      // A length that lies makes it another header.
      if (bit >>> 3 !== 0) expect(place.call('HeaderSum')).not.toBe(0xffff);
    }
  });

  it.each([
    ['0.0.0.0', 0x00000000, true, false],
    ['0.1.2.3', 0x00010203, true, false],
    ['10.0.0.1', 0x0a000001, false, false],
    ['127.0.0.1', 0x7f000001, true, false],
    ['128.0.0.1', 0x80000001, false, false],
    ['223.255.255.254', 0xdffffffe, false, false],
    ['224.0.0.1', 0xe0000001, true, true],
    ['239.255.255.255', 0xefffffff, true, true],
    ['240.0.0.1', 0xf0000001, true, false],
    ['255.255.255.255', 0xffffffff, true, false],
  ])('%s (%i): no source %s, multicast %s', (_name, address, isInvalid, isMulticast) => {
    const { floor } = header();
    expect(floor.call('isInvalidSource', address) !== 0).toBe(isInvalid);
    expect(floor.call('isMulticast', address) !== 0).toBe(isMulticast);
  });
});
