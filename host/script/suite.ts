/** Many scripts, one after another, each on a machine of its own: what came of them. */

import type { Target } from '../kernel/load.js';
import { runScript } from './run.js';
import type { ScriptOptions, ScriptResult } from './run.js';

/** A script and what it is called. */
export interface ScriptText {
  readonly file: string;
  readonly text: string;
}

/** What `--json` gives. */
export interface SuiteSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly files: readonly FileSummary[];
}

/** What came of one script. */
export interface FileSummary {
  readonly file: string;
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly reason: string;
}

/** A kernel that scripts are run on. */
export interface SuiteKernel {
  readonly target: Target;
  readonly module: WebAssembly.Module;
}

/** How a suite is run: on each of these kernels, with what is said of all of them. */
export interface SuiteOptions extends Omit<ScriptOptions, 'target' | 'module'> {
  readonly kernels: readonly SuiteKernel[];
  /** Called after each script; what it gives is waited for, and `false` ends the suite there. */
  readonly onResult?: (result: ScriptResult, done: number) => Promise<boolean>;
}

/** Runs scripts. On several kernels, what came of one is the worst that came of it. */
export async function runSuite(
  scripts: readonly ScriptText[], options: SuiteOptions,
): Promise<ScriptResult[]> {
  const { kernels, onResult, ...rest } = options;
  const results: ScriptResult[] = [];
  for (const { file, text } of scripts) {
    let worst: ScriptResult = { file, outcome: 'passed', reason: '' };
    for (const kernel of kernels) {
      const result = await runScript(file, text, { ...rest, ...kernel });
      if (result.outcome === 'passed') continue;
      const named = kernels.length > 1 && result.outcome === 'failed';
      worst = named ? { ...result, reason: `${result.reason}\n  (${kernel.target})` } : result;
      break;
    }
    results.push(worst);
    if (await onResult?.(worst, results.length) === false) break;
  }
  return results;
}

/** The figures of results. A script that cannot be read has failed. */
export function summarize(results: readonly ScriptResult[]): SuiteSummary {
  const files = results.map(({ file, outcome, reason }): FileSummary => {
    return { file, outcome: outcome === 'malformed' ? 'failed' : outcome, reason };
  });
  const count = (wanted: FileSummary['outcome']): number => {
    return files.filter(({ outcome }) => outcome === wanted).length;
  };
  return { passed: count('passed'), failed: count('failed'), skipped: count('skipped'), files };
}
