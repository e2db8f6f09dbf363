/** The replay line: there and back, and a clear word for each way to be none. */

import { describe, expect, test } from 'vitest';
import { formatLine, parseLine } from '../../host/explore/line.js';
import type { ReplayLine } from '../../host/explore/line.js';
import { Random } from '../../host/machine/random.js';

describe('there and back', () => {
  test.each<[string, ReplayLine]>([
    ['nt1:none:abba:locks:0x2.1x2',
      { build: 'none', scenario: 'abba', points: 'locks', choices: [0, 0, 1, 1] }],
    ['nt1:12ab:a%3Ab%20c:memory:127.0.127',
      { build: '12ab', scenario: 'a:b c', points: 'memory', choices: [127, 0, 127] }],
    ['nt1:none:empty:interlocked:',
      { build: 'none', scenario: 'empty', points: 'interlocked', choices: [] }],
  ])('%s', (text, line) => {
    expect(formatLine(line)).toBe(text);
    expect(parseLine(text)).toEqual(line);
    expect(parseLine(`  ${text}\n`)).toEqual(line);
  });

  test('lines made at random', () => {
    const pick = new Random(7).stream('lines');
    for (let i = 0; i < 300; i++) {
      const choices = Array.from({ length: pick.below(200) }, () =>
        pick.chance(0.8) ? 0 : pick.below(128));
      const scenario = Array.from({ length: 1 + pick.below(9) }, () =>
        String.fromCodePoint(33 + pick.below(600))).join('');
      const line = { build: pick.next().toString(16), scenario, points: 'locks', choices } as const;
      expect(formatLine(line)).not.toMatch(/\s/);
      expect(parseLine(formatLine(line))).toEqual(line);
    }
  });
});

describe('what is none is refused, and why is said', () => {
  test.each([
    ['', /nt1:BUILD:SCENARIO:POINTS:CHOICES/],
    ['nt1', /nt1:BUILD/],
    ['nt2:none:abba:locks:0', /nt1:BUILD/],
    ['nt1:none:abba:locks', /nt1:BUILD/],
    ['nt1:none:abba:locks:0:1', /nt1:BUILD/],
    ['nt1::abba:locks:0', /'' is no build/],
    ['nt1:../x:abba:locks:0', /'\.\.\/x' is no build/],
    ['nt1:none::locks:0', /'' is no name of a scenario/],
    ['nt1:none:%zz:locks:0', /'%zz' is no name/],
    ['nt1:none:a b:locks:0', /'a b' is no name/],
    ['nt1:none:abba:words:0', /points words: locks, interlocked, memory/],
    ['nt1:none:abba::0', /points : locks/],
    ['nt1:none:abba:locks:0..1', /'' is no run of choices/],
    ['nt1:none:abba:locks:0.', /'' is no run of choices/],
    ['nt1:none:abba:locks:x3', /'x3' is no run of choices/],
    ['nt1:none:abba:locks:0x0', /'0x0' is no run of choices/],
    ['nt1:none:abba:locks:-1', /'-1' is no run of choices/],
    ['nt1:none:abba:locks:1x2x3', /'1x2x3' is no run of choices/],
    ['nt1:none:abba:locks:128', /actor 128: 0 to 127/],
    ['nt1:none:abba:locks:0x1000001', /more than 1000000 choices/],
    ['nt1:none:abba:locks:0x600000.1x600000', /more than 1000000 choices/],
  ])('%s', (text, why) => {
    expect(() => parseLine(text)).toThrow(TypeError);
    expect(() => parseLine(text)).toThrow(why);
  });
});
