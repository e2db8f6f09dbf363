import { describe, expect } from 'vitest';
import { it } from './fixture.js';

describe('wireside/fixture', () => {
  it('finds nothing of kernels that have served and are at rest', ({ bench }) => {
    for (let i = 0; i < 2; i++) {
      const { user } = bench();
      expect(user.listen(80)).not.toBe(0);
    }
  });

  it('finds IRQL that stays above PASSIVE_LEVEL', ({ bench, expectFindings }) => {
    expectFindings('irql');
    const { machine } = bench();
    machine.kernel.memory.setWord(machine.raw.prcbAt(0) + 4, 2);
  });

  it('finds a lock that somebody owns', ({ bench, expectFindings }) => {
    expectFindings('lock leaked');
    const { memory, raw } = bench().machine.kernel;
    const address = raw.lockAt(0) >>> 0;
    memory.setWord(address, memory.word(address) | 1);
  });

  it('finds pool that is not given back', ({ bench, expectFindings }) => {
    expectFindings('pool leaked');
    bench().machine.call((raw) => raw.userAllocate(100));
  });

  it('finds that its kernel trapped, and asks no more', ({ bench, expectFindings }) => {
    expectFindings('stopped');
    const { machine } = bench();
    expect(() => machine.call(() => {
      throw new WebAssembly.RuntimeError('unreachable');
    })).toThrow('unreachable');
    expect(machine.stopped?.reason).toBe('trap');
  });
});
