/** Ethernet frames: type or length, LLC with SNAP, addresses. */

import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule } from '../compile.js';
import { Place } from './place.js';

/** RFC 894: to everybody, from 00-a0-24-01-02-03, an ARP packet. */
const BROADCAST = 'ffffffffffff 00a024010203 0806';
/** RFC 1042: length 0x26, LLC and SNAP, then the type. */
const SNAP = '0060080a0b0c 00a024010203 0026 aaaa03 000000 0800';

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/wire/headers.ts', { optimize: 0 });
});

function frame(hex: string): Place {
  const place = new Place(module, '');
  place.write(hex);
  return place;
}

describe('wire/ethernet', () => {
  it('reads the type, and where destination and source lie', () => {
    const place = frame(BROADCAST);
    expect(place.call('etherType')).toBe(place.floor.value('EtherType.ARP'));
    expect(place.call('destinationOf')).toBe(place.at);
    expect(place.call('sourceOf')).toBe(place.at + 6);
    expect(place.call('linkHeaderLength')).toBe(14);
    expect(place.call('isSnap', 60)).toBe(0);
  });

  it('reads a frame of IEEE 802.3 with SNAP, whose type stands behind it', () => {
    const place = frame(SNAP);
    expect(place.call('isSnap', 60)).toBe(1);
    expect(place.call('snapType')).toBe(place.floor.value('EtherType.IPV4'));
    expect(place.call('linkHeaderLength')).toBe(22);
  });

  it('takes a frame for SNAP only where all of its header is there', () => {
    const place = frame(SNAP);
    for (let length = 0; length < 22; length++) expect(place.call('isSnap', length)).toBe(0);
    expect(place.call('isSnap', 22)).toBe(1);
  });

  it.each([
    ['another DSAP', 14, 0xab],
    ['another SSAP', 15, 0xab],
    ['another control', 16, 0x13],
    ['an organization (1)', 17, 1],
    ['an organization (2)', 18, 1],
    ['an organization (3)', 19, 0xf8],
  ])('does not take %s for SNAP', (_what, offset, octet) => {
    const place = frame(SNAP);
    place.floor.octets[place.at + offset] = octet;
    expect(place.call('isSnap', 60)).toBe(0);
  });

  it('takes a word of 0x0600 and more for a type, and less for a length', () => {
    for (const [word, length] of [['05ff', 22], ['0600', 14], ['05dc', 22], ['86dd', 14]]) {
      const place = frame(`ffffffffffff 00a024010203 ${String(word)}`);
      expect(place.call('linkHeaderLength')).toBe(length);
    }
  });

  it('finds the group bit in broadcast and multicast addresses, and in no other', () => {
    const groups = ['ffffffffffff', '01005e000001', '030000000001'];
    const others = ['00a024010203', 'fe0000000000', '020000000001'];
    for (const hex of groups) expect(frame(hex).call('isGroup')).toBe(1);
    for (const hex of others) expect(frame(hex).call('isGroup')).toBe(0);
  });

  it('copies an address and no octet more', () => {
    const place = frame('010203040506');
    const target = place.floor.block(16) + 3;
    place.floor.octets.fill(0x5a, target - 3, target + 13);
    place.floor.call('copyAddress', target, place.at);
    const written = Buffer.from(place.floor.octets.subarray(target - 3, target + 9));
    expect(written.toString('hex')).toBe('5a5a5a0102030405065a5a5a');
  });

  it('tells addresses apart by each of their six octets', () => {
    const place = frame('010203040506 010203040506');
    expect(place.call('isSameAddress', place.at + 6)).toBe(1);
    for (let octet = 0; octet < 6; octet++) {
      place.write('010203040506 010203040506');
      place.floor.octets[place.at + 6 + octet] = 0x80;
      expect(place.call('isSameAddress', place.at + 6)).toBe(0);
    }
  });

  it('does not look at what stands behind two addresses', () => {
    const place = frame('010203040506 ffff 010203040506 0000');
    expect(place.call('isSameAddress', place.at + 8)).toBe(1);
  });

  it('writes the broadcast address and the type, and no other octet', () => {
    const place = frame('5a'.repeat(20));
    place.call('setBroadcast');
    place.call('setEtherType', place.floor.value('EtherType.IPV4'));
    expect(place.read(20)).toBe(`${'ff'.repeat(6)}${'5a'.repeat(6)}0800${'5a'.repeat(6)}`);
  });
});
