/** Requests that wait before a gate: told after a hundred ticks, with who keeps it shut. */

import { describe, expect, it } from 'vitest';
import { findStalls } from '../../host/watch/stall.js';
import { SITE, observed } from './observed.js';

const GATE = {
  address: 0x100, name: 'LANA 1', lock: 'NetbiosLana', keeper: 0x4000, sinceUs: 2_000_000,
  waiters: 3,
};

describe('watch/stall', () => {
  it('is silent where nobody waits, or not for long', () => {
    expect(findStalls(observed())).toEqual([]);
    expect(findStalls(observed({ gates: [{ ...GATE, waiters: 0 }] }))).toEqual([]);
    expect(findStalls(observed({ gates: [{ ...GATE, sinceUs: 4_000_000 }] }))).toEqual([]);
  });

  it('says how many wait, how long, for whom, and where it was kept', () => {
    expect(findStalls(observed({ gates: [{ ...GATE, site: SITE }] }))).toEqual([{
      kind: 'requests wait', machine: 'm',
      sentence: '3 requests wait before LANA 1, which 0x4000 has kept shut for 3.0 s',
      lock: { name: 'NetbiosLana', address: 0x100 }, site: SITE, sinceUs: 2_000_000,
      words: [0x4000, 3],
    }]);
    const [one] = findStalls(observed({ gates: [{ ...GATE, waiters: 1 }] }), 2_999_999);
    expect(one?.sentence).toMatch(/^1 request waits before/);
  });
});
