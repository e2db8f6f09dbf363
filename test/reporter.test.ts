/** The last line: what it counts, and how it is written. */

import { describe, expect, it } from 'vitest';
import { countLine, countModules } from './reporter.js';

type Modules = Parameters<typeof countModules>[0];

/** Modules as vitest gives them, with the parts that are read. */
function modules(...each: { errors?: number; suites?: number[]; states?: string[] }[]): Modules {
  return each.map(({ errors = 0, suites = [], states = [] }) => ({
    errors: () => Array.from({ length: errors }, () => ({ message: 'no' })),
    children: {
      allSuites: () => suites.map((count) => ({ errors: () => Array.from({ length: count }) })),
      allTests: () => states.map((state) => ({ result: () => ({ state }) })),
    },
  })) as unknown as Modules;
}

describe('reporter', () => {
  it('names skipped tests only where there are some', () => {
    expect(countLine({ passed: 3, failed: 0, skipped: 0 })).toBe('3 passed, 0 failed');
    expect(countLine({ passed: 3, failed: 1, skipped: 2 })).toBe('3 passed, 1 failed, 2 skipped');
  });

  it('counts tests by how they ended', () => {
    const ran = modules({ states: ['passed', 'failed'] }, { states: ['passed', 'skipped'] });
    expect(countModules(ran, 0)).toEqual({ passed: 2, failed: 1, skipped: 1 });
  });

  it('counts a file that does not load, a suite that fails and a stray error as failures', () => {
    expect(countModules(modules({ errors: 1 }), 0).failed).toBe(1);
    expect(countModules(modules({ suites: [0, 2], states: ['skipped'] }), 0).failed).toBe(1);
    expect(countModules(modules({ states: ['passed'] }), 1).failed).toBe(1);
  });

  it('counts a test that never ended as failed', () => {
    expect(countModules(modules({ states: ['pending'] }), 0).failed).toBe(1);
  });

  it('counts nothing at all as a failure', () => {
    expect(countModules(modules(), 0)).toEqual({ passed: 0, failed: 1, skipped: 0 });
  });
});
