/** Before the tests: builds what is out of date, so that they run what the sources say. */

import { BuildFailure, build } from '../host/cli/build.js';

/**
 * Asked by vitest once, before the first test file. A target that does not compile is said here
 * and fails `test/check.test.ts`; tests that do not need it still run. NTSTACK_BUILD=0 builds
 * nothing, for one file's tests while another's sources are being changed.
 */
export async function setup(): Promise<void> {
  if (process.env['NTSTACK_BUILD'] === '0') return;
  const say = (line: string): boolean => process.stderr.write(`${line}\n`);
  try {
    await build({ say });
  } catch (error) {
    if (!(error instanceof BuildFailure)) throw error;
    say(`${error.message}\nthe tests run what was built before`);
  }
}
