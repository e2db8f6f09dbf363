import { describe, expect, it } from 'vitest';
import { findDeadlocks } from '../../host/watch/deadlock.js';
import { SITE, observed } from './observed.js';

/** Processors that each spin on the lock given, and locks A, B, C owned as given. */
function scene(spins: readonly (number | undefined)[], owners: readonly number[]) {
  return observed({
    processors: spins.map((lock, number) => ({
      number,
      irql: 2,
      waitingDpcs: 0,
      ...(lock === undefined ? {} : { spinsOn: lock }),
    })),
    locks: owners.map((owner, index) => ({
      address: 10 + index,
      name: 'ABC'[index] ?? '',
      owner,
      ...(index === 0 ? { site: SITE } : {}),
    })),
  });
}

describe('watch/deadlock', () => {
  it('is silent where nobody spins, whoever owns what', () => {
    expect(findDeadlocks(scene([undefined, undefined], [0, 1]))).toEqual([]);
  });

  it('names both processors and both locks of a cycle, once', () => {
    const verdicts = findDeadlocks(scene([11, 10], [0, 1]));
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toMatchObject({ kind: 'deadlock', waiters: [0, 1], holder: 1 });
    expect(verdicts[0]?.sentence).toBe(
      'processor 0 spins on B held by processor 1, processor 1 spins on A held by processor 0 ' +
        'since leaveTable (tcpip/tcp/connect.ts:88)',
    );
  });

  it('names a cycle of three and, beside it, nobody who only waits behind it', () => {
    const verdicts = findDeadlocks(scene([11, 12, 10, 10], [0, 1, 2]));
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]?.waiters).toEqual([0, 1, 2]);
  });

  it('says of a holder that does not wait that it left', () => {
    const [verdict, ...others] = findDeadlocks(scene([undefined, 10, 10], [0]));
    expect(others).toEqual([]);
    expect(verdict).toMatchObject({ holder: 0, waiters: [1, 2], site: SITE });
    expect(verdict?.sentence).toBe(
      'processors 1, 2 spin for ever on A held by processor 0 since leaveTable ' +
        '(tcpip/tcp/connect.ts:88), which left without releasing it',
    );
  });

  it('says of a processor that it spins on what it holds itself', () => {
    const [verdict] = findDeadlocks(scene([10], [0]));
    expect(verdict?.sentence).toMatch(/^processor 0 spins for ever on A, which it holds itself/);
  });
});
