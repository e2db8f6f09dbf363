/** TCP options, read one by one; a length that is illegal ends it (RFC 9293, MUST-7). */

import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';
import { Place } from './place.js';

/** As a modern peer sends them: MSS, SACK permitted, timestamps, NOP, window scale, end. */
const OPTIONS = '020405b4 0402 080a0000000100000000 01 030307 00';

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/wire/headers.ts', { optimize: 0 });
});

function options(hex: string): Place {
  const place = new Place(module, '');
  place.write(hex);
  return place;
}

/** Kinds and lengths, as a walk over `octets` octets finds them; it ends at END or at a 0. */
function walk(place: Place, octets: number): string[] {
  const found: string[] = [];
  for (let at = 0; at < octets; ) {
    const kind = place.floor.call('optionKind', place.at + at);
    const length = place.floor.call('optionLength', place.at + at, octets - at);
    found.push(`${kind}:${length}`);
    if (length === 0 || kind === 0) break;
    at += length;
  }
  return found;
}

describe('wire/tcpoption', () => {
  it('walks along every option of a SYN, with no regard for what it does not know', () => {
    expect(walk(options(OPTIONS), 21)).toEqual(['2:4', '4:2', '8:10', '1:1', '3:3', '0:1']);
    expect(walk(options('fd0311 020405b4 00'), 8)).toEqual(['253:3', '2:4', '0:1']);
  });

  it('takes END and NOP for one octet, the last one too', () => {
    expect(options('00').call('optionLength', 1)).toBe(1);
    expect(options('01').call('optionLength', 1)).toBe(1);
    expect(options('01ff').call('optionLength', 2)).toBe(1);
  });

  it.each([
    ['no length', '02', 1],
    ['a length of 0', '0200', 4],
    ['a length of 1', '0201', 4],
    ['more octets than there are', '0204', 3],
    ['more octets than any header has', '05ff', 40],
  ])('says that an option with %s is illegal', (_what, hex, left) => {
    expect(options(hex).call('optionLength', left)).toBe(0);
  });

  it('takes an option that fills the header to its last octet', () => {
    expect(options('020405b4').call('optionLength', 4)).toBe(4);
    expect(options('0402').call('optionLength', 2)).toBe(2);
  });

  it('reads and writes the maximum segment size, and no octet beside it', () => {
    const place = options(`5a5a5a5a5a5a`);
    for (const mss of [1460, 536, 0, 65535]) {
      expect(place.call('writeMss', mss)).toBe(4);
      expect(place.call('optionMss')).toBe(mss);
      expect(place.call('optionKind')).toBe(place.floor.value('TcpOption.MSS'));
    }
    expect(place.read(6)).toBe('0204ffff5a5a');
    place.write('020405b4');
    expect(place.call('optionMss')).toBe(1460);
  });

  it('ends its walk over any octets, without reading one option twice', () => {
    const chance = new Random(9293).stream('options');
    for (let turn = 0; turn < 500; turn++) {
      const place = options('');
      const octets = new Uint8Array(40);
      chance.fillOctets(octets);
      // Small numbers: lengths that are possible, and kinds that are known.
      for (let i = 0; i < 40; i++) octets[i] = (octets[i] ?? 0) & 7;
      place.floor.octets.set(octets, place.at);
      let total = 0;
      for (const each of walk(place, 40)) total += Number(each.split(':')[1]);
      expect(total).toBeLessThanOrEqual(40);
    }
  });

  it('has the kinds that IANA numbers', () => {
    const { floor } = options('');
    const names = floor.namesOf('TcpOption');
    const kinds = names.map((name) => [name, floor.value(`TcpOption.${name}`)]);
    expect(Object.fromEntries(kinds)).toEqual({
      END: 0, NOP: 1, MSS: 2, WINDOW_SCALE: 3, SACK_PERMITTED: 4, SACK: 5, TIMESTAMPS: 8,
    });
  });
});
