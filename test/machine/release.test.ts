/** The releases, in order, and the defects they had. */

import { describe, expect, it } from 'vitest';
import { resolveParameters } from '../../host/machine/registry.js';
import { FAULTS, findRelease, RELEASES } from '../../host/machine/release.js';

describe('machine/release', () => {
  it('lists the releases from the oldest on, each described', () => {
    expect(RELEASES.map((release) => release.name)).toEqual([
      'nt35', 'nt351', 'nt40', 'nt40sp1', 'nt40sp2', 'nt40sp3', 'nt40sp4', 'nt40sp5',
      'nt40sp6a', 'nt40sp6a-q297040', 'modern',
    ]);
    expect(new Set(RELEASES.map((release) => release.description)).size).toBe(11);
  });

  it('gives each defect to the releases that had it, and to nothing else', () => {
    const original = ['nt40', 'nt40sp1', 'nt40sp2', 'nt40sp3'];
    const faulty = FAULTS.map(({ name }) =>
      [name, RELEASES.filter(({ faults }) => faults.includes(name)).map((each) => each.name)]);
    expect(faulty).toEqual([
      ['Q126560', ['nt35']],
      ['Q141344', ['nt35', 'nt351']],
      ['Q171181', original],
      ['Q177245', original],
      ['Q186873', original],
      ['Q236794', ['nt40sp4']],
      ['Q243878', ['nt40sp5']],
      ['Q293498', ['nt40sp6a']],
      ['Q297040', ['nt40sp6a']],
    ]);
    expect(FAULTS.find(({ name }) => name === 'Q297040')?.when)
      .toBe('post-SP6a hotfix, until Tcpip.sys of 27 April 2001');
  });

  it('names an unknown release, close ones and all there are', () => {
    expect(findRelease('nt40sp6a').faults).toEqual(['Q293498', 'Q297040']);
    expect(() => resolveParameters('nt40sp6')).toThrow(
      /^nt40sp6: unknown release; did you mean nt40sp6a, .*\? the releases are nt35, .*modern$/,
    );
    expect(() => resolveParameters('xp')).toThrow(/^xp: unknown release; the releases are nt35, /);
    expect(() => findRelease('toString')).toThrow(TypeError);
  });
});
