import { describe, expect, it } from 'vitest';
import { judge } from '../../host/watch/judge.js';
import { formatVerdict } from '../../host/watch/verdict.js';
import { SITE, finding, observed } from './observed.js';

describe('watch/judge', () => {
  it('has nothing to say of a machine at rest, and of one that is unloaded', () => {
    expect(judge(observed(), { quiet: true })).toEqual([]);
    expect(judge(observed({ halted: true }))).toEqual([]);
  });

  it('tells the cause before what follows from it', () => {
    const verdicts = judge(
      observed({
        processors: [
          { number: 0, irql: 2, waitingDpcs: 1 },
          { number: 1, irql: 2, waitingDpcs: 0, spinsOn: 0x494 },
        ],
        locks: [{ address: 0x494, name: 'TcpTable', owner: 0, site: SITE }],
        clockTick: 9000,
        waitingCalls: 1,
        findings: [
          finding('IRQL_LEAKED', [4, 0, 2]),
          finding('LOCK_LEAKED', [0x494, 4, 17], { lock: 'TcpTable', site: SITE }),
        ],
      }),
    );
    expect(verdicts.map((each) => each.kind)).toEqual(
      ['lock leaked', 'deadlock', 'irql', 'irql', 'hang'],
    );
  });

  it('does not tell what the verifier says of a lock only because it is leaked', () => {
    const leak = finding('LOCK_LEAKED', [0x494, 4, 17], { lock: 'TcpTable' });
    const order = finding('LOCK_ORDER', [0x600, 0x494, 30], { lock: 'AfdReady', held: 'TcpTable' });
    const boundary = finding('LOCK_HELD_AT_BOUNDARY', [0x494, 6, 17], { lock: 'TcpTable' });
    const orders = [['TcpTable', 'AfdReady'], ['AfdReady', 'TcpTable']] as const;
    const kinds = (...findings: ReturnType<typeof finding>[]) =>
      judge(observed({ findings, orders })).map((each) => each.kind);
    expect(kinds(order, boundary, leak)).toEqual(['lock leaked']);
    expect(kinds(order, boundary)).toEqual(['lock order', 'lock order', 'lock misuse']);
    const early = { ...order, timeUs: leak.timeUs - 1 };
    expect(kinds(early, leak)).toEqual(['lock leaked', 'lock order']);
    const other = finding('LOCK_ORDER', [0x600, 0x700, 30], { lock: 'AfdReady', held: 'ArpTable' });
    expect(kinds(leak, other)).toEqual(['lock leaked', 'lock order']);
  });

  it('says of a kernel that stopped that it did, and nothing about what it held then', () => {
    const verdicts = judge(
      observed({
        stop: { stop: 'BAD_POOL_CALLER', code: 0xc2, words: [7, 0, 0x40, 0] },
        processors: [{ number: 0, irql: 2, waitingDpcs: 1 }],
        locks: [{ address: 0x494, name: 'ExPool', owner: 0 }],
        findings: [finding('POOL_DOUBLE_FREE', [0x40, 0x74504354])],
      }),
    );
    expect(verdicts.map((each) => each.kind)).toEqual(['stopped', 'pool misuse']);
    expect(verdicts[0]?.sentence).toBe(
      'the kernel stopped: BAD_POOL_CALLER (0xc2) 0x7 0x0 0x40 0x0',
    );
  });

  it.each([
    ['POOL_DOUBLE_FREE', [0x40, 0x74504354], 'pool misuse',
      'pool block 0x40 of tag "TCPt" was freed twice'],
    ['IRP_COMPLETED_TWICE', [0x80], 'irp misuse', 'IRP 0x80 was completed twice'],
    ['LOCK_NOT_HELD', [0x90], 'lock misuse',
      'a function that needs ArpTable held ran without it'],
    ['LOCK_HELD_AT_BOUNDARY', [0x90], 'lock misuse',
      'ArpTable is held where control passes to another owner'],
    ['SOMETHING_NEW', [1], 'lock misuse', 'the rule SOMETHING_NEW broke'],
  ])('lets no finding of the verifier go untold: %s', (rule, words, kind, sentence) => {
    const lock = rule.startsWith('LOCK') ? { lock: 'ArpTable' } : {};
    const found = finding(rule, words, lock);
    const verdicts = judge(observed({ findings: [found, found] }));
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toMatchObject({ kind, sentence, rule });
  });

  it('is printed in one line', () => {
    const [verdict] = judge(observed({ findings: [finding('LOCK_NOT_OWNED', [4])] }));
    if (verdict === undefined) throw new Error('no verdict');
    expect(formatVerdict({ ...verdict, article: 'Q243878' })).toBe(
      'm: lock misuse [LOCK_NOT_OWNED 0x2003]: a lock was released and nobody owns it (Q243878)',
    );
  });
});
