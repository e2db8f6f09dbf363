/** The last line of `npm test`: `N passed, N failed`, and what was skipped. */

import { writeSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/** How many tests ended how. */
export interface Count {
  passed: number;
  failed: number;
  skipped: number;
}

/** The line; skipped tests are named only where there are some. */
export function countLine({ passed, failed, skipped }: Count): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}

/**
 * Counts what ran. A module or suite that failed outside its tests is one failure, as its tests
 * never ran; so is each of `stray` errors that belong to no test, and a run without any module.
 */
export function countModules(modules: readonly TestModule[], stray: number): Count {
  const failed = stray + (modules.length === 0 ? 1 : 0);
  const count: Count = { passed: 0, failed, skipped: 0 };
  for (const module of modules) {
    if (module.errors().length > 0) count.failed++;
    for (const suite of module.children.allSuites()) {
      if (suite.errors().length > 0) count.failed++;
    }
    for (const test of module.children.allTests()) {
      const { state } = test.result();
      if (state === 'passed') count.passed++;
      else if (state === 'skipped') count.skipped++;
      else count.failed++;
    }
  }
  return count;
}

/** vitest's own reporter says what failed; this one has the last word, also when nothing ran. */
export default class LastLine implements Reporter {
  private count: Count = { passed: 0, failed: 1, skipped: 0 };
  private last = true;

  onInit(vitest: { config: { watch: boolean } }): void {
    this.last = !vitest.config.watch;
    if (this.last) process.once('exit', () => writeSync(1, `${countLine(this.count)}\n`));
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    this.count = countModules(modules, errors.length);
    if (!this.last) process.stdout.write(`${countLine(this.count)}\n`);
  }
}
