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

  it('gives Q297040 to SP6a and to nothing else', () => {
    const faulty = RELEASES.filter((release) => release.faults.includes('Q297040'));
    expect(faulty.map((release) => release.name)).toEqual(['nt40sp6a']);
    expect(FAULTS.map((fault) => [fault.name, fault.when])).toEqual([
      ['Q297040', 'post-SP6a hotfix, until Tcpip.sys of 27 April 2001'],
    ]);
  });

  it('names an unknown release, close ones and all there are', () => {
    expect(findRelease('nt40sp6a').faults).toEqual(['Q297040']);
    expect(() => resolveParameters('nt40sp6')).toThrow(
      /^nt40sp6: unknown release; did you mean nt40sp6a, .*\? the releases are nt35, .*modern$/,
    );
    expect(() => resolveParameters('xp')).toThrow(/^xp: unknown release; the releases are nt35, /);
    expect(() => findRelease('toString')).toThrow(TypeError);
  });
});
