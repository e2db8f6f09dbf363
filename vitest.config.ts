/** How the tests run: what is out of date is built first; the last line counts them. */

import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    reporters: ['default', './test/reporter.ts'],
    maxWorkers: '100%',
    teardownTimeout: 10_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'ntstack',
          globalSetup: ['test/setup.ts'],
          include: ['test/**/*.test.ts'],
          exclude: ['test/fixtures/**', 'test/tidy/**', 'test/tidy.test.ts', 'node_modules/**'],
          // Processes: a machine holds up to a gibibyte of memory that must go when it ends.
          pool: 'forks',
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'tidy',
          include: ['test/tidy.test.ts', 'test/tidy/*.test.ts'],
          // Text in, lines out, nothing kept: one process loads the compiler once for all.
          pool: 'forks',
          isolate: false,
          testTimeout: 60_000,
        },
      },
    ],
  },
});
