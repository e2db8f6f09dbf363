/** LMHOSTS: which names its lines give, and that no #INCLUDE goes round (Q172595). */

import { describe, expect, it } from 'vitest';
import { formatAddress } from '../../host/machine/address.js';
import { parseLmhosts } from '../../host/machine/lmhosts.js';
import { nameText } from '../../host/wire/nbname.js';

/** Entries in words. */
function words(text: string, files: Record<string, string> = {}): string[] {
  return parseLmhosts(text, files).entries.map(({ name, address, preload, group }) =>
    `${nameText(name)} ${formatAddress(address)}${preload ? ' pre' : ''}${group ? ' group' : ''}`);
}

describe('machine/lmhosts', () => {
  it('gives the three services of a name, in capitals', () => {
    expect(words('10.0.0.5  server  # a comment\r\n\r\n# another')).toEqual([
      'SERVER<00> 10.0.0.5', 'SERVER<03> 10.0.0.5', 'SERVER<20> 10.0.0.5',
    ]);
  });

  it('knows #PRE and #DOM, which adds to a group', () => {
    expect(words('10.0.0.5 pdc #PRE #DOM:ntgroup')).toEqual([
      'PDC<00> 10.0.0.5 pre', 'PDC<03> 10.0.0.5 pre', 'PDC<20> 10.0.0.5 pre',
      'NTGROUP<1C> 10.0.0.5 pre group',
    ]);
  });

  it('takes a name in quotes with its last octet', () => {
    expect(words('10.0.0.5 "NTGROUP        \\0x1b" #PRE')).toEqual(['NTGROUP<1B> 10.0.0.5 pre']);
    expect(words('10.0.0.5 "two words"')).toEqual(['TWO WORDS<20> 10.0.0.5']);
  });

  it('includes files by their names, and the first that is there of a block', () => {
    const files = { '\\\\one\\public\\lmhosts': '10.0.0.6 "A\\0x20"', local: '10.0.0.7 "B\\0x20"' };
    expect(words('#INCLUDE \\\\ONE\\public\\lmhosts', files)).toEqual(['A<20> 10.0.0.6']);
    const block = [
      '#BEGIN_ALTERNATE', '#INCLUDE \\\\gone\\lmhosts', '#INCLUDE local',
      '#INCLUDE \\\\one\\public\\lmhosts', '#END_ALTERNATE', '10.0.0.8 "C\\0x20"',
    ].join('\n');
    expect(words(block, files)).toEqual(['B<20> 10.0.0.7', 'C<20> 10.0.0.8']);
  });

  it('ends where files include one another', () => {
    const files = { a: '10.0.0.1 "A\\0x20"\n#INCLUDE b', b: '#INCLUDE a\n#INCLUDE b\n#INCLUDE c' };
    const { entries, warnings } = parseLmhosts('#INCLUDE a', files);
    expect(entries).toHaveLength(1);
    expect(warnings).toEqual([
      'b:1: #INCLUDE of a, which is being read', 'b:2: #INCLUDE of b, which is being read',
      'b:3: #INCLUDE of \'c\', which is not there',
    ]);
  });

  it('goes no deeper than eight files, and reads no more than so many lines', () => {
    const chain = Object.fromEntries(
      Array.from({ length: 20 }, (_, i) => [`f${i}`, `#INCLUDE f${i + 1}`]),
    );
    expect(parseLmhosts('#INCLUDE f0', chain).warnings).toEqual([
      'f6:1: #INCLUDE of f7: more than 8 files in one another',
    ]);
    const wide = { w: '10.0.0.1 "A\\0x20"\n'.repeat(10_000) };
    const many = parseLmhosts('#INCLUDE w\n'.repeat(100), wide);
    expect(many.entries.length).toBeLessThanOrEqual(65_536);
    expect(many.warnings[0]).toContain('too many lines');
  });

  it('passes over what is no line, and says where', () => {
    const text = 'nonsense\n10.0.0.300 X\n10.0.0.1 AVERYLONGNAMEINDEED';
    const { entries, warnings } = parseLmhosts(text);
    expect(entries).toEqual([]);
    expect(warnings).toEqual([
      'lmhosts:1: no address and name',
      'lmhosts:2: address: \'10.0.0.300\' is no IPv4 address, like 10.0.0.1',
      'lmhosts:3: AVERYLONGNAMEINDEED<00>: more than 15 characters',
    ]);
  });
});
