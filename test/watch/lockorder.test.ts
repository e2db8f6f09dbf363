import { describe, expect, it } from 'vitest';
import { findLockOrders } from '../../host/watch/lockorder.js';
import { SITE, finding, observed } from './observed.js';

describe('watch/lockorder', () => {
  it('is silent about orders that agree', () => {
    const orders = [['A', 'B'], ['B', 'C'], ['A', 'C']] as const;
    expect(findLockOrders(observed({ orders }))).toEqual([]);
  });

  it('finds two orders of the same two locks, though they never met', () => {
    const [verdict, ...others] = findLockOrders(
      observed({ orders: [['TcpTable', 'TcpTcb'], ['TcpTcb', 'TcpTable']] }),
    );
    expect(others).toEqual([]);
    expect(verdict?.kind).toBe('lock order');
    expect(verdict?.sentence).toBe(
      'locks were acquired in a circle: ' +
        'TcpTcb with TcpTable held, TcpTable with TcpTcb held',
    );
  });

  it('finds the shortest circle of each lock that is in one, and none twice', () => {
    const verdicts = findLockOrders(
      observed({
        orders: [['A', 'B'], ['B', 'C'], ['C', 'A'], ['B', 'A'], ['X', 'Y'], ['Y', 'X']],
      }),
    );
    expect(verdicts.map((each) => each.sentence.match(/(\w+) held/g))).toEqual([
      ['A held', 'B held'],
      ['C held', 'A held', 'B held'],
      ['X held', 'Y held'],
    ]);
  });

  it('finds a lock acquired while one of its own rank is held', () => {
    expect(findLockOrders(observed({ orders: [['TcpTcb', 'TcpTcb']] }))).toHaveLength(1);
  });

  it('tells each place that went against the order once', () => {
    const one = finding('LOCK_ORDER', [0x10, 0x20, 40], {
      lock: 'TcpTable', held: 'TcpTcb', site: SITE,
    });
    const verdicts = findLockOrders(observed({ findings: [one, one] }));
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]?.sentence).toContain('while TcpTcb was held, which does not come before');
    expect(verdicts[0]).toMatchObject({ rule: 'LOCK_ORDER', site: SITE, sinceUs: 1_000_000 });
  });
});
