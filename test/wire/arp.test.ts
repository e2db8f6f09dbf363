/** ARP packets of RFC 826, for IPv4 on Ethernet. */

import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule } from '../compile.js';
import { Place } from './place.js';
import type { FieldRow } from './place.js';

/** Who has 129.72.40.70? Tell 129.72.10.1, who is 00-a0-24-01-02-03. */
const REQUEST = '0001 0800 06 04 0001 00a024010203 81480a01 000000000000 81482846';

const FIELDS: readonly FieldRow[] = [
  ['Operation', 6, 2],
  ['SenderProtocol', 14, 4],
  ['TargetProtocol', 24, 4],
];

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/wire/headers.ts', { optimize: 0 });
});

function packet(hex: string): Place {
  const place = new Place(module, 'arp');
  place.write(hex);
  return place;
}

describe('wire/arp', () => {
  it('reads a request', () => {
    const place = packet(REQUEST);
    expect(place.call('IsIpv4OnEthernet')).toBe(1);
    expect(place.call('Operation')).toBe(place.floor.value('ArpOperation.REQUEST'));
    expect(place.call('SenderProtocol')).toBe(0x81480a01);
    expect(place.call('TargetProtocol')).toBe(0x81482846);
    expect(place.call('SenderHardware')).toBe(place.at + 8);
    expect(place.call('TargetHardware')).toBe(place.at + 18);
  });

  it('reads and writes each field where RFC 826 puts it', () => {
    const place = packet('');
    place.expectReads(FIELDS);
    place.expectWrites(FIELDS);
  });

  it.each([
    ['hardware', 1, 6],
    ['protocol', 2, 0x86],
    ['hardware length', 4, 8],
    ['protocol length', 5, 16],
  ])('is not about IPv4 on Ethernet with another %s', (_what, offset, octet) => {
    const place = packet(REQUEST);
    place.floor.octets[place.at + offset] = octet;
    expect(place.call('IsIpv4OnEthernet')).toBe(0);
  });

  it('writes a request as RFC 826 has it', () => {
    const place = packet('00'.repeat(28));
    place.call('Begin');
    place.call('SetOperation', place.floor.value('ArpOperation.REQUEST'));
    place.call('SetSenderProtocol', 0x81480a01);
    place.call('SetTargetProtocol', 0x81482846);
    place.floor.octets.set([0x00, 0xa0, 0x24, 0x01, 0x02, 0x03], place.call('SenderHardware'));
    expect(place.floor.value('ARP_PACKET')).toBe(28);
    expect(place.read(28)).toBe(REQUEST.replaceAll(' ', ''));
    expect(place.floor.value('ArpOperation.REPLY')).toBe(2);
  });
});
