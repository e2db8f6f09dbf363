import { describe, expect, it } from 'vitest';
import { findLockLeaks } from '../../host/watch/lockleak.js';
import { SITE, finding, observed } from './observed.js';

const LOCK = { address: 0x494, name: 'TcpTable', owner: 0 };

describe('watch/lockleak', () => {
  it('is silent where no lock has an owner', () => {
    expect(findLockLeaks(observed())).toEqual([]);
  });

  it('takes every lock that has an owner between two calls for leaked, in a free build too', () => {
    const [verdict, ...others] = findLockLeaks(observed({ locks: [LOCK] }));
    expect(others).toEqual([]);
    expect(verdict).toMatchObject({
      kind: 'lock leaked',
      machine: 'm',
      lock: { name: 'TcpTable', address: 0x494 },
      holder: 0,
      sinceUs: 5_000_000,
      sentence:
        'TcpTable was acquired and not released: processor 0 owns it and runs nothing',
    });
    expect(verdict?.site).toBeUndefined();
  });

  it('takes no lock for leaked whose owner is still inside the kernel, spinning', () => {
    const processors = [{ number: 0, irql: 2, waitingDpcs: 0, spinsOn: 0x600 }];
    expect(findLockLeaks(observed({ processors, locks: [LOCK] }))).toEqual([]);
  });

  it('joins the lock that is owned with what the verifier saw of it', () => {
    const found = finding('LOCK_LEAKED', [0x494, 4, 17], { lock: 'TcpTable', site: SITE });
    const processors = [
      { number: 0, irql: 2, waitingDpcs: 3 },
      { number: 1, irql: 2, waitingDpcs: 0, spinsOn: 0x494 },
    ];
    const verdicts = findLockLeaks(observed({ processors, locks: [LOCK], findings: [found] }));
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toMatchObject({
      rule: 'LOCK_LEAKED',
      code: 0x2003,
      holder: 0,
      waiters: [1],
      site: SITE,
      sinceUs: 1_000_000,
      words: [0x494, 4, 17],
      sentence:
        'TcpTable was acquired in leaveTable (tcpip/tcp/connect.ts:88) and not released: ' +
        'processor 0 owns it and runs nothing',
    });
  });

  it('tells what the verifier saw though the lock is free again, once for each lock', () => {
    const findings = [
      finding('LOCK_LEAKED', [0x494, 4, 17], { lock: 'TcpTable' }),
      finding('LOCK_LEAKED', [0x494, 4, 29], { lock: 'TcpTable' }),
      finding('LOCK_LEAKED', [0x600, 4, 30], { lock: 'IpRoute' }),
      finding('LOCK_ORDER', [0x700, 0, 0], { lock: 'ArpTable' }),
    ];
    const verdicts = findLockLeaks(observed({ findings }));
    expect(verdicts.map((each) => each.lock?.name)).toEqual(['TcpTable', 'IpRoute']);
    expect(verdicts[0]?.holder).toBeUndefined();
    expect(verdicts[0]?.sentence).toBe(
      'TcpTable was acquired, and its routine came back without releasing it',
    );
  });
});
