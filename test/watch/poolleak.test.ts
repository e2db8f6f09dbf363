import { describe, expect, it } from 'vitest';
import { GROWTH_SAMPLES, findPoolGrowth, findPoolLeaks } from '../../host/watch/poolleak.js';
import { observed } from './observed.js';

function samples(...blocks: number[]) {
  return blocks.map((count, index) =>
    observed({
      timeUs: index * 1000,
      pool: [
        { tag: 'TCPt', blocks: count, octets: count * 256 },
        { tag: 'Irp', blocks: 4, octets: 400 },
      ],
    }),
  );
}

describe('watch/poolleak', () => {
  it('asks nothing of the pool while the drivers run', () => {
    const pool = [{ tag: 'TCPt', blocks: 1, octets: 256 }];
    expect(findPoolLeaks(observed({ pool }))).toEqual([]);
  });

  it('names each tag that is left when the drivers are unloaded', () => {
    const pool = [
      { tag: 'TCPt', blocks: 1, octets: 256 },
      { tag: 'Arp', blocks: 2, octets: 64 },
    ];
    const verdicts = findPoolLeaks(observed({ halted: true, pool }));
    expect(verdicts.map((each) => each.sentence)).toEqual([
      '1 block (256 octets) of pool tag "TCPt" is left when all drivers are unloaded',
      '2 blocks (64 octets) of pool tag "Arp" are left when all drivers are unloaded',
    ]);
    expect(verdicts[1]?.words).toEqual([2, 64]);
  });

  it('finds the tag that only grows, and not the one that stays', () => {
    const verdicts = findPoolGrowth(samples(9, 1, 2, 3, 5, 6, 7));
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toMatchObject({ kind: 'pool leaked', sinceUs: 1000, words: [7, 7 * 256] });
    expect(verdicts[0]?.sentence).toBe(
      'pool tag "TCPt" only grows: from 1 to 7 blocks in 6 observations',
    );
  });

  it('is silent where it fell or stood still once, and where there are too few', () => {
    expect(findPoolGrowth(samples(1, 2, 3, 2, 5, 6))).toEqual([]);
    expect(findPoolGrowth(samples(1, 2, 3, 3, 5, 6))).toEqual([]);
    expect(findPoolGrowth(samples(1, 2, 3, 4, 5))).toEqual([]);
    expect(GROWTH_SAMPLES).toBe(6);
  });
});
