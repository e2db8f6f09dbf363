/** A part of the tests in a process of its own, with as much time as it takes. */

import { spawn } from 'node:child_process';
import { packageFile, ROOT } from '../../host/cli/child.js';

/** An hour for one test. */
const TIMEOUT_MS = 3_600_000;

/** What came of it. */
export interface TestsOutcome {
  /** At least one ran, and none failed. */
  readonly passed: boolean;
  /** What was printed; its last line counts. */
  readonly text: string;
}

/** Runs the test files whose paths have one of `parts`, with more in their environment. */
export async function runTests(
  parts: readonly string[], environment: Readonly<Record<string, string>>,
): Promise<TestsOutcome> {
  const options = ['--project', 'ntstack', '--testTimeout', String(TIMEOUT_MS)];
  const args = [packageFile('vitest', 'vitest.mjs'), 'run', ...parts, ...options];
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: ROOT,
      env: { ...process.env, ...environment, NTSTACK_BUILD: '0', NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const printed: Buffer[] = [];
    child.stdout.on('data', (part: Buffer) => printed.push(part));
    child.stderr.on('data', (part: Buffer) => printed.push(part));
    child.on('error', reject);
    child.on('close', (code) => {
      resolve({ passed: code === 0, text: Buffer.concat(printed).toString('utf8').trimEnd() });
    });
  });
}
