/** Interlocked counters and bits: what they answer, as words of one processor and as atomics. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it } from '../floor.js';

const ENTRY = 'test/assembly/ex/memory.ts';

const modules: Record<string, WebAssembly.Module> = {};

beforeAll(async () => {
  // Free: what is asked is the code without the verifier, as plain words and as atomics.
  modules['free'] = await compileModule(ENTRY, { optimize: 0 });
  // Free: as above.
  modules['smp'] = await compileModule(ENTRY, { optimize: 0, smp: true });
});

/** A counter in memory that says `value`. */
function counter(build: string, value: number): { floor: Floor; at: number } {
  const module = modules[build];
  if (module === undefined) throw new Error(`${build} was not compiled`);
  const floor = new Floor(module);
  const at = floor.block(4);
  new DataView(floor.octets.buffer).setUint32(at, value, true);
  return { floor, at };
}

// Free: as above.
describe.each(['free', 'smp'])('ex/interlocked in a build that is %s', (build) => {
  it.each([0, 1, 41, 0x7fff_ffff, 0xffff_fffe])('answers with the sum, from %i', (value) => {
    const { floor, at } = counter(build, value);
    expect(floor.call('InterlockedIncrement', at)).toBe(value + 1);
    expect(floor.word(at)).toBe(value + 1);
  });

  it.each([1, 2, 42, 0x8000_0000, 0xffff_ffff])('answers with the rest, from %i', (value) => {
    const { floor, at } = counter(build, value);
    expect(floor.call('InterlockedDecrement', at)).toBe(value - 1);
    expect(floor.word(at)).toBe(value - 1);
  });

  it('goes round at both ends, and touches no other word', () => {
    const { floor, at } = counter(build, 0xffff_ffff);
    const before = floor.octets.slice();
    expect(floor.call('InterlockedIncrement', at)).toBe(0);
    expect(floor.call('InterlockedDecrement', at)).toBe(0xffff_ffff);
    expect(Buffer.compare(floor.octets, before)).toBe(0);
  });

  it.each([[0, 0x80], [0xf0, 0x0f], [0xffff_ffff, 1]])('sets bits: %i, %i', (value, mask) => {
    const { floor, at } = counter(build, value);
    expect(floor.call('InterlockedOr', at, mask) >>> 0).toBe(value);
    expect(floor.word(at)).toBe((value | mask) >>> 0);
  });

  it.each([[0, 0x80], [0xff, 0x0f], [0xffff_ffff, ~1]])('leaves bits: %i, %i', (value, mask) => {
    const { floor, at } = counter(build, value);
    expect(floor.call('InterlockedAnd', at, mask) >>> 0).toBe(value);
    expect(floor.word(at)).toBe((value & mask) >>> 0);
  });
});
