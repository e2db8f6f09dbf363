/** Signals that come before the program is at work, while it is, and between two pieces of work. */

import { execFileSync, spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ROOT } from '../../host/cli/child.js';
import type { ExploreSummary } from '../../host/cli/explore.js';
import type { RunSummary } from '../../host/cli/run.js';
import { printed } from './printed.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
const folder = mkdtempSync(join(tmpdir(), 'ntstack-interrupt-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** Wall time that a program may take: more than any computer needs. */
const MOST_MS = 300_000;

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly out: string;
  readonly err: string;
}

/** The program as it is built; `begun` is called at once, `spoke` when it has printed something. */
async function ended(
  args: readonly string[], begun: (child: ChildProcessWithoutNullStreams) => void,
  spoke: (child: ChildProcessWithoutNullStreams) => void = () => {},
): Promise<Ended> {
  const main = join(ROOT, 'dist', 'cli', 'main.js');
  const child = spawn(process.execPath, [main, ...args], { timeout: MOST_MS });
  let [out, err] = ['', ''];
  child.stdin.on('error', () => {});
  child.stderr.on('data', (text: Buffer) => {
    err += text.toString();
  });
  child.stdout.on('data', (text: Buffer) => {
    out += text.toString();
    spoke(child);
  });
  begun(child);
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, out, err }));
  });
}

/** A FIFO: who opens it to write waits until the program has opened it to read. */
function fifo(name: string): string {
  const path = join(folder, name);
  execFileSync('mkfifo', [path]);
  return path;
}

/** Calls a command, and has a signal come as soon as it listens. */
async function interrupted(...args: string[]): ReturnType<typeof printed> {
  const press = (event: string | symbol, listener: (signal: string) => void): void => {
    if (event === 'SIGINT') queueMicrotask(() => listener('SIGINT'));
  };
  process.on('newListener', press);
  try {
    return await printed(...args);
  } finally {
    process.off('newListener', press);
  }
}

describe('cli/interrupt', () => {
  it.each(SIGNALS)('says what was reached where %s comes before the work', async (signal) => {
    const path = fifo(signal);
    const capture = join(ROOT, 'test', 'fixtures', 'curl-smb.pcapng');
    const { code, out, err } = await ended(
      ['run', '--seconds', '600', '--json', '--replay', path],
      (child) => {
        // It reads its recording by now, in one turn of the loop, and has not begun.
        const file = openSync(path, 'w');
        child.kill(signal);
        writeSync(file, readFileSync(capture));
        closeSync(file);
      },
    );
    expect(err).toBe('');
    const figures = JSON.parse(out) as RunSummary;
    // Free: that is the phase that comes first.
    expect(figures).toMatchObject({ interrupted: true, phases: [{ target: 'free', cut: true }] });
    expect(figures.warnings.at(-1)).toMatch(/^interrupted: free ran 0 s of 600; checked did not/);
    expect(code).toBe(0);
  });

  it('ends a prompt that waits for lines, with what was run', async () => {
    const { code, out, err } = await ended(
      ['prompt'], ({ stdin }) => stdin.write('nbtstat -n\n'), (child) => child.kill('SIGTERM'),
    );
    expect(out).toContain('WKS1');
    expect(err).toBe('ntstack: interrupted: 1 commands were run\n');
    expect(code).toBe(3);
  });

  it('ends articles, scripts and commands between two of them', async () => {
    for (const options of [[], ['--json']]) {
      const { code, out, err } = await interrupted('kb', 'q297040', ...options);
      expect([code, out, err]).toEqual([3, '', 'ntstack: interrupted: 0 of 2 runs were made\n']);
    }
    const names = ['one.pkt', 'two.pkt'];
    for (const name of names) writeFileSync(join(folder, name), '0 `true`\n');
    const script = await interrupted('script', folder);
    expect(script.out).toMatch(/^(skipped .*\n)?\d passed, 0 failed, \d skipped\n$/);
    expect(script.err).toBe('ntstack: interrupted: 1 of 2 scripts were run\n');
    expect(script.code).toBe(3);
    const prompt = await interrupted('prompt', '-c', 'nbtstat -n', '-c', 'nbtstat -n');
    expect([prompt.code, prompt.out]).toEqual([3, '']);
    expect(prompt.err).toBe('ntstack: interrupted: 0 commands were run\n');
  });

  it('ends an exploration with what was tried', async () => {
    const { code, out } = await interrupted('explore', 'philosophers', '--fixed', '--json');
    const summary = JSON.parse(out) as ExploreSummary;
    expect(summary).toMatchObject({ interrupted: true, findings: [] });
    // Of 10,000 that it would have tried; it looks up between two of them.
    expect(summary.coverage.schedules).toBeLessThan(10_000);
    expect(code).toBe(0);
  });
});
