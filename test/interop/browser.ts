/** `interop browser`: the host and the kernels as they are built do in a browser what Node does. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import type { Page } from 'playwright-core';
import { ROOT } from '../../host/cli/child.js';
import type * as ntstack from '../../host/index.js';
import { findProgram } from './missing.js';
import type { Check } from './pcap.js';
import { runProgram } from './program.js';
import type { ProgramOutcome } from './program.js';
import { serve } from './serve.js';

const TARGETS = ['free', 'checked'] as const;
/** Folders of the host that run in browsers as they are. */
const FOLDERS = ['kernel', 'machine', 'link', 'user', 'load', 'watch'];
/** The most wall time that the browser may take for a run, in ms. */
const PATIENCE_MS = 120_000;

/**
 * Runs the program in headless Chromium and in Node, from the same built files.
 * @throws MissingProgram without Chromium.
 */
export async function checkBrowser(seed: number): Promise<Check[]> {
  const executablePath = findProgram('chromium', 'chromium');
  const serving = await serve();
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints: string[] = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(serving.url) && !url.startsWith('data:')) complaints.push(`asks ${url}`);
    });
    await page.goto(serving.url);
    const checks = [await checkModules(page)];
    for (const target of TARGETS) checks.push(await checkTarget(page, target, seed));
    const found = complaints.length === 0 ? 'none' : complaints.join('\n    ');
    const name = `no complaint of Chromium ${browser.version()}`;
    return [...checks, { name, found, holds: complaints.length === 0 }];
  } finally {
    await browser.close();
    serving.close();
  }
}

/** Each module by itself: what only a load or a detector imports, too. */
async function checkModules(page: Page): Promise<Check> {
  const paths = FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, 'dist', folder))
      .filter((file) => file.endsWith('.js'))
      .map((file) => `/dist/${folder}/${file}`));
  // As text, because tsx would put names of its own into a function.
  const failed = await page.evaluate<string[]>(`(async () => {
    const failed = [];
    for (const path of ${JSON.stringify(paths)}) {
      await import(path).catch((error) => failed.push(path + ': ' + error.message));
    }
    return failed;
  })()`);
  return {
    name: 'every module loads',
    found: failed.length === 0 ? `${paths.length} of ${FOLDERS.join(', ')}` : failed.join('\n    '),
    holds: failed.length === 0 && paths.length > 0,
  };
}

async function checkTarget(
  page: Page, target: (typeof TARGETS)[number], seed: number,
): Promise<Check> {
  const built = new URL('../../dist/index.js', import.meta.url).href;
  const host = (await import(built)) as typeof ntstack;
  const here = await runProgram(host, { target, seed });
  const there = await page.evaluate<ProgramOutcome>(`(async () => {
    const [host, program] = await Promise.all([import('/dist/index.js'), import('/program.js')]);
    return program.runProgram(host, ${JSON.stringify({ target, seed })});
  })()`);
  const failures = [...new Set([...here.failures, ...there.failures])];
  const show = ({ digest, frames }: ProgramOutcome): string => `${digest} (${frames} frames)`;
  const found = `Node ${show(here)}, browser ${show(there)}, ${there.virtualNs / 1e9} s`;
  return {
    name: `same frames on ${target}`,
    found: [found, ...failures].join('\n    '),
    holds: failures.length === 0 && JSON.stringify(here) === JSON.stringify(there),
  };
}
