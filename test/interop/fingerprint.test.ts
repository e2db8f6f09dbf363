import { describe, expect, it } from 'vitest';
import { differences, matches, readFingerprint, readKnown } from './fingerprint.js';

const DATABASE = `# a database
Fingerprint Some System 1.0
Class Some | System || general purpose
SEQ(SP=10-20%GCD=1-6|A%TI=BI)
T1(R=Y%T=7B-85%A=S+%O=)

Fingerprint Another System
SEQ(SP=>100%TI=I)
T1(R=N)
`;
const OUTPUT = `Nmap scan report
OS:SCAN(V=7%E=4%D=1/1)SEQ(SP=1
OS:5%GCD=A%TI=I)T1(R=Y%T=80%A=S+%O=)
Done
`;

describe('interop/fingerprint', () => {
  it('reads what nmap prints, and what its database has by name', () => {
    const seen = readFingerprint(OUTPUT);
    expect(seen?.get('SEQ')?.get('SP')).toBe('15');
    expect(seen?.get('T1')?.get('O')).toBe('');
    expect(readFingerprint('nothing here')).toBeUndefined();
    expect(readKnown(DATABASE, /System/).map(({ name }) => name))
      .toEqual(['Some System 1.0', 'Another System']);
    expect(readKnown(DATABASE, /Third/)).toEqual([]);
  });

  it('tells what differs', () => {
    const seen = readFingerprint(OUTPUT) ?? new Map();
    const [some, another] = readKnown(DATABASE, /System/);
    expect(differences(seen, some?.tests ?? new Map())).toEqual(['SEQ.TI is I, and BI is known']);
    expect(differences(seen, another?.tests ?? new Map())).toEqual([
      'SEQ.SP is 15, and >100 is known', 'T1.R is Y, and N is known',
    ]);
  });

  it.each([
    ['A', 'A', true], ['A', '1-6|A', true], ['7', '1-6|A', false], ['80', '7B-85', true],
    ['', '|M5B4', true], ['M5B4', '|M5B4', true], ['M5B4', '', false], ['101', '>100', true],
    ['100', '>100', false], ['FF', '<100', true], ['S+', 'S', false], ['S+', 'O|S+', true],
  ])('%s is %s: %s', (value, expression, is) => {
    expect(matches(value, expression)).toBe(is);
  });
});
