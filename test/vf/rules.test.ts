/** Every rule of the verifier: a program that breaks it, and the like of it that keeps it. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, Stopped, it, unasked } from '../floor.js';

const ENTRY = 'test/assembly/vf/rules.ts';

/** What a program finds that breaks a rule which cannot be broken alone. */
const TOGETHER: Readonly<Record<string, readonly string[]>> = {
  POOL_IRQL: ['POOL_IRQL', 'ACQUIRE_ABOVE_DISPATCH', 'IRQL_RAISE', 'IRQL_LOWER'],
  POOL_FREE_IRQL: ['POOL_FREE_IRQL', 'ACQUIRE_ABOVE_DISPATCH', 'IRQL_RAISE', 'IRQL_LOWER'],
  RELEASE_BELOW_DISPATCH: ['IRQL_BELOW_LOCK', 'RELEASE_BELOW_DISPATCH'],
  QUEUED_RELEASE_IRQL: ['IRQL_BELOW_LOCK', 'QUEUED_RELEASE_IRQL'],
  DPC_RELEASE_BELOW_DISPATCH: ['IRQL_BELOW_LOCK', 'DPC_RELEASE_BELOW_DISPATCH'],
  FAST_MUTEX_ACQUIRE_IRQL: ['FAST_MUTEX_ACQUIRE_IRQL', 'IRQL_RAISE'],
  ACQUIRE_ABOVE_DISPATCH: ['ACQUIRE_ABOVE_DISPATCH', 'IRQL_RAISE'],
  LOCK_LEAKED: ['LOCK_LEAKED', 'IRQL_LEAKED'],
};

let checked: WebAssembly.Module;
let free: WebAssembly.Module;
let rules: readonly string[];

beforeAll(async () => {
  checked = await compileModule(ENTRY, { checked: true, optimize: 0 });
  free = await compileModule(ENTRY, { optimize: 0 });
  // Unasked: it is there for the names of rules alone.
  unasked();
  rules = new Floor(checked).namesOf('Rule');
});

/** `breaks` and LOCK_ORDER make `breaksLockOrder`. */
function programOf(verb: string, rule: string): string {
  const words = rule.toLowerCase().split('_');
  return verb + words.map((word) => (word[0] ?? '').toUpperCase() + word.slice(1)).join('');
}

/** What `program` finds; it may stop the kernel, or spin for ever. */
function findingsOf(module: WebAssembly.Module, program: string): string[] {
  // Unasked: the program breaks its rule, which is what is looked at.
  unasked();
  const floor = new Floor(module);
  floor.call('setUp');
  try {
    floor.call(program);
  } catch (thrown) {
    const spins = thrown instanceof Error && thrown.message === 'nobody can release the lock';
    if (thrown instanceof WebAssembly.RuntimeError) floor.findings.push('TRAP');
    else if (!spins && !(thrown instanceof Stopped)) throw thrown;
  }
  return floor.findings;
}

/** What Driver Verifier's Deadlock Detection tells: 11 codes. */
const DEADLOCK = [
  0x1000, 0x1001, 0x1002, 0x1003, 0x1004, 0x1005, 0x1007, 0x1008, 0x1009, 0x100a, 0x100b,
];

/** Its codes of IRQL, locks and waits, as far as this kernel has what they are about. */
const LEVELS = [
  0x30, 0x31, 0x32, 0x33, 0x34, 0x36, 0x37, 0x38, 0x39, 0x3a, 0x3b, 0x3e, 0x3f, 0x40, 0x41, 0x42,
  0x80, 0xc5, 0xfa, 0xfb, 0x111, 0x11a, 0x11b, 0x120, 0x121, 0x122, 0x20015,
];

describe('vf/rule', () => {
  it('has the codes of Driver Verifier, each once', () => {
    // Unasked: it is there for the numbers of rules alone.
    unasked();
    const floor = new Floor(checked);
    const codes = rules.map((rule) => floor.value(`Rule.${rule}`));
    expect(codes).toEqual(expect.arrayContaining([...DEADLOCK, ...LEVELS]));
    expect(codes.length).toBe(new Set(codes).size);
  });

  it('has two programs for each rule', () => {
    const programs = WebAssembly.Module.exports(checked)
      .map(({ name }) => name)
      .filter((name) => /^(breaks|keeps)[A-Z]/.test(name));
    const wanted = rules.flatMap((rule) => [programOf('breaks', rule), programOf('keeps', rule)]);
    expect(programs.sort()).toEqual(wanted.sort());
  });

  it('is spoken by each rule where it is broken', () => {
    const found = rules.map((rule) => [rule, findingsOf(checked, programOf('breaks', rule))]);
    expect(found).toEqual(rules.map((rule) => [rule, TOGETHER[rule] ?? [rule]]));
  });

  it('is still where each rule is kept', () => {
    const found = rules.map((rule) => [rule, findingsOf(checked, programOf('keeps', rule))]);
    expect(found).toEqual(rules.map((rule) => [rule, []]));
  });

  it('says nothing in a free build', () => {
    const found = rules.map((rule) => [rule, findingsOf(free, programOf('breaks', rule))]);
    expect(found).toEqual(rules.map((rule) => [rule, []]));
    const imported = WebAssembly.Module.imports(free).map(({ name }) => name);
    expect(imported).not.toContain('onFinding');
  });
});
