import { describe, expect, it } from 'vitest';
import { findIrqlLeaks } from '../../host/watch/irql.js';
import { irqlName } from '../../host/watch/observation.js';
import { finding, observed } from './observed.js';

describe('watch/irql', () => {
  it('is silent where all processors are at PASSIVE_LEVEL', () => {
    expect(findIrqlLeaks(observed())).toEqual([]);
  });

  it('says nothing of the level of a processor that spins', () => {
    const processors = [{ number: 0, irql: 2, waitingDpcs: 0, spinsOn: 16 }];
    expect(findIrqlLeaks(observed({ processors }))).toEqual([]);
  });

  it('names the processor that stays up, its level and what waits', () => {
    const processors = [
      { number: 0, irql: 2, waitingDpcs: 3 },
      { number: 1, irql: 0, waitingDpcs: 0 },
    ];
    const verdicts = findIrqlLeaks(observed({ processors }));
    expect(verdicts).toHaveLength(1);
    expect(verdicts[0]).toMatchObject({ kind: 'irql', holder: 0, words: [0, 2, 3] });
    expect(verdicts[0]?.sentence).toBe(
      'processor 0 stays at DISPATCH_LEVEL: no thread runs on it, and 3 DPCs wait',
    );
  });

  it.each([
    ['IRQL_LEAKED', [4, 0, 2], 'a routine began at PASSIVE_LEVEL and came back at DISPATCH_LEVEL'],
    ['ISR_IRQL', [0, 12, 2],
      'an interrupt service routine began at DEVICE 12_LEVEL and came back at DISPATCH_LEVEL'],
    ['IRQL_RAISE', [2, 0],
      'KeRaiseIrql was asked to lower, from DISPATCH_LEVEL to PASSIVE_LEVEL'],
    ['ACQUIRE_ABOVE_DISPATCH', [0x10, 28], 'IpRoute was acquired at CLOCK_LEVEL'],
    ['POOL_IRQL', [31, 0], 'pool was used at HIGH_LEVEL'],
    ['IRQL_WRONG', [2, 0], 'a routine for PASSIVE_LEVEL ran at DISPATCH_LEVEL'],
  ])('says what %s means', (rule, words, sentence) => {
    const lock = rule.startsWith('ACQUIRE') ? { lock: 'IpRoute' } : {};
    const [verdict] = findIrqlLeaks(observed({ findings: [finding(rule, words, lock)] }));
    expect(verdict?.sentence).toBe(sentence);
    expect(verdict?.rule).toBe(rule);
  });

  it('leaves the rules of others alone', () => {
    expect(findIrqlLeaks(observed({ findings: [finding('LOCK_LEAKED', [1])] }))).toEqual([]);
  });

  it('names levels as the DDK does', () => {
    expect([0, 1, 2, 12, 28, 31].map(irqlName)).toEqual(
      ['PASSIVE_LEVEL', 'APC_LEVEL', 'DISPATCH_LEVEL', 'DEVICE 12_LEVEL', 'CLOCK_LEVEL',
        'HIGH_LEVEL'],
    );
  });
});
