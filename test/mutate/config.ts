/** How a mutant's tests run: in the order asked for, one file at a time, until the first fails. */

import { defineConfig } from 'vitest/config';
import { BaseSequencer } from 'vitest/node';
import type { Reporter, TestCase, TestModule, TestSpecification } from 'vitest/node';
import { PLAN } from './plan.js';

/** The files in their order, with `:` between. */
const ORDER = (process.env['NTSTACK_MUTATE_TESTS'] ?? '').split(':').filter((path) => path !== '');

class InOrder extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification): number =>
      ORDER.findIndex((path) => moduleId.endsWith(path));
    return files.toSorted((a, b) => place(a) - place(b));
  }
}

/** A line for each test as it ends, so that who reads them sees that it goes on. */
class Lines implements Reporter {
  onTestCaseResult(test: TestCase): void {
    const { state } = test.result();
    this.say(state, test.module, test.fullName);
  }

  onTestModuleEnd(module: TestModule): void {
    const suites = [...module.children.allSuites()];
    const broken = suites.find((suite) => suite.errors().length > 0);
    if (module.errors().length > 0) this.say('failed', module, 'the file');
    else if (broken !== undefined) this.say('failed', module, broken.fullName);
  }

  onTestRunEnd(_: readonly TestModule[], errors: readonly unknown[]): void {
    if (errors.length > 0) process.stdout.write(`failed\t\tan error outside of all tests\n`);
  }

  private say(state: string, { relativeModuleId }: TestModule, name: string): void {
    process.stdout.write(`${state}\t${relativeModuleId}\t${name.replaceAll(/\s+/g, ' ')}\n`);
  }
}

export default defineConfig({
  cacheDir: 'build/vite',
  test: {
    include: ORDER,
    // With all mutants in one kernel, it is this one that switches them.
    ...(process.env[PLAN] === undefined ? {} : { runner: './test/mutate/runner.ts' }),
    reporters: [new Lines()],
    sequence: { sequencer: InOrder },
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    bail: process.env[PLAN] === undefined ? 1 : 0,
    testTimeout: 300_000,
    hookTimeout: 300_000,
    teardownTimeout: 5_000,
  },
});
