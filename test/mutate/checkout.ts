/** Copies of the project in which mutants are built and tested; the project is not touched. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT, packageFile } from '../../host/cli/child.js';

/** What is not copied: it is linked, or of no use to a test. */
const LEFT_OUT = new Set(['node_modules', '.git', 'build', 'dist']);
/** For so long, no test need be over: else it hangs. The explorer's take longer. */
const SILENCE_MS = 60_000;
const EXPLORED_SILENCE_MS = 300_000;

/** How the tests of a copy ended: the first that failed, or the last before one that hangs. */
export type TestEnd =
  | { readonly end: 'passed' }
  | { readonly end: 'failed' | 'hung'; readonly file: string; readonly test: string };

/** Kernels that a test may load, and asc's words for each: what compiles soonest and runs. */
const KERNELS: Readonly<Record<string, readonly string[]>> = {
  checked: ['--optimizeLevel', '0'],
  free: ['--optimizeLevel', '0'],
  explore: ['--optimizeLevel', '1'],
};

const children = new Set<ChildProcess>();

/** Ends all tests that run. */
export function stopTests(): void {
  for (const child of children) killGroup(child);
}

function killGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** A folder for copies. The caller removes it. */
export function makeFolder(): string {
  return mkdtempSync(join(tmpdir(), 'ntstack-mutate-'));
}

/** A copy of the project with a build/ of its own. */
export class Checkout {
  private constructor(readonly root: string) {}

  /** Copies `from` to the folder `root`, which is not there yet. */
  static make(root: string, from: string = ROOT): Checkout {
    mkdirSync(root, { recursive: true });
    for (const name of readdirSync(from)) {
      if (!LEFT_OUT.has(name)) cpSync(join(from, name), join(root, name), { recursive: true });
    }
    symlinkSync(join(ROOT, 'node_modules'), join(root, 'node_modules'));
    mkdirSync(join(root, 'build'));
    return new Checkout(root);
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.root, path), text);
  }

  /** Compiles a kernel, as fast as can be or `asShipped`; null, or the compiler's words. */
  async compile(target: keyof typeof KERNELS, asShipped = false): Promise<string | null> {
    const { createMemoryStream, main } = await import('assemblyscript/asc');
    const stderr = createMemoryStream();
    const { error } = await main([
      'assembly/index.ts', '--baseDir', this.root, '--target', target,
      '--config', join(this.root, 'asconfig.json'),
      '--outFile', join(this.root, 'build', `${target}.wasm`),
      ...(asShipped ? [] : KERNELS[target] ?? []),
    ], { stderr, stdout: createMemoryStream() });
    return error === null ? null : `${error.message}\n${stderr.toString()}`;
  }

  /** Runs test files in their order until one fails. */
  test(files: readonly string[], explored = false): Promise<TestEnd> {
    const there = files.filter((file) => existsSync(join(this.root, file)));
    if (there.length === 0) return Promise.resolve({ end: 'passed' });
    const config = join(this.root, 'test/mutate/config.ts');
    const child = spawn(process.execPath, [
      packageFile('vitest', 'vitest.mjs'), 'run', '--root', this.root, '--config', config,
    ], {
      cwd: this.root,
      env: { ...process.env, NTSTACK_BUILD: '0', NTSTACK_MUTATE_TESTS: there.join(':') },
      stdio: ['ignore', 'pipe', 'ignore'],
      // A group of its own: whoever is killed takes its processes along.
      detached: true,
    });
    children.add(child);
    return this.follow(child, explored ? EXPLORED_SILENCE_MS : SILENCE_MS);
  }

  private follow(child: ChildProcess, silenceMs: number): Promise<TestEnd> {
    return new Promise((resolve, reject) => {
      let end: TestEnd | null = null;
      let rest = '';
      let last = { file: '', test: 'any' };
      const hangs = (): void => {
        end ??= { end: 'hung', file: last.file, test: `after ${last.test}` };
        killGroup(child);
      };
      let timer = setTimeout(hangs, silenceMs);
      child.stdout?.on('data', (part: Buffer) => {
        clearTimeout(timer);
        timer = setTimeout(hangs, silenceMs);
        const lines = (rest + part.toString('utf8')).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) {
          const [state = '', file = '', test = ''] = line.split('\t');
          if (end !== null || !/^(passed|failed|skipped)$/.test(state)) continue;
          last = { file, test };
          if (state === 'failed') end = { end: 'failed', ...last };
        }
        if (end !== null) killGroup(child);
      });
      child.on('error', reject);
      child.on('close', (code) => {
        clearTimeout(timer);
        children.delete(child);
        if (code !== 0) end ??= { end: 'failed', file: '', test: `vitest ended with ${code}` };
        resolve(end ?? { end: 'passed' });
      });
    });
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}
