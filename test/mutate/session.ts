/** One process of tests with mutants: it is started, listened to, and ended where it hangs. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, openSync, readSync, closeSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { packageFile } from '../../host/cli/child.js';
import { PLAN } from './plan.js';
import type { Note, Plan } from './plan.js';

/** For so long, a process may take to start and to read its first test file. */
const START_MS = 500_000;
const POLL_MS = 50;

/** How a process ended: by itself, with all files or without; or because of what was on. */
export type SessionEnd =
  | { readonly end: 'done' | 'stopped' }
  | { readonly end: 'hung' | 'died'; readonly mutant: number | null; readonly words: string };

const children = new Set<ChildProcess>();

/** Ends all processes of tests. */
export function stopSessions(): void {
  for (const child of children) endGroup(child);
}

function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Runs the files of `plan` in the copy at `root`, in their order; `hear` is told every note. */
export function runSession(
  root: string, plan: Plan, planFile: string, hear: (note: Note) => void,
): Promise<SessionEnd> {
  writeFileSync(planFile, JSON.stringify(plan));
  writeFileSync(plan.journal, '');
  const child = spawn(process.execPath, [
    packageFile('vitest', 'vitest.mjs'), 'run', '--root', root,
    '--config', join(root, 'test/mutate/config.ts'),
  ], {
    cwd: root,
    env: {
      ...process.env, [PLAN]: planFile, NTSTACK_BUILD: '0',
      NTSTACK_MUTATE_TESTS: Object.keys(plan.files).join(':'),
    },
    stdio: ['ignore', 'ignore', 'pipe'],
    // A group of its own: whoever is killed takes its processes along.
    detached: true,
  });
  children.add(child);
  return new Listener(child, plan, hear).listen();
}

/** Reads the journal while its process runs. */
class Listener {
  private read = 0;
  private rest = '';
  private now: number | null = null;
  private due = performance.now() + START_MS;
  private words = '';
  private hung: SessionEnd | null = null;
  private readonly left: Set<string>;

  constructor(
    private readonly child: ChildProcess, private readonly plan: Plan,
    private readonly hear: (note: Note) => void,
  ) {
    this.left = new Set(Object.keys(plan.files));
  }

  listen(): Promise<SessionEnd> {
    this.child.stderr?.on('data', (part: Buffer) => {
      this.words = (this.words + part.toString('utf8')).slice(-2000);
    });
    const timer = setInterval(() => this.look(), POLL_MS);
    return new Promise((resolve, reject) => {
      this.child.on('error', reject);
      this.child.on('close', (_, signal) => {
        clearInterval(timer);
        children.delete(this.child);
        this.look();
        resolve(this.hung ?? this.endOf(signal));
      });
    });
  }

  private endOf(signal: NodeJS.Signals | null): SessionEnd {
    if (signal === 'SIGKILL') return { end: 'stopped' };
    if (this.left.size === 0) return { end: 'done' };
    return { end: 'died', mutant: this.now, words: this.words };
  }

  private look(): void {
    for (const line of this.lines()) {
      const note = JSON.parse(line) as Note;
      if (note.note === 'try') {
        this.now = note.mutant;
        this.due = performance.now() + note.limitMs;
      } else {
        this.now = null;
        this.due = performance.now() + START_MS;
      }
      if (note.note === 'file') this.left.delete(note.file);
      this.hear(note);
    }
    if (performance.now() < this.due || this.hung !== null) return;
    this.hung = { end: 'hung', mutant: this.now, words: '' };
    endGroup(this.child);
  }

  private lines(): string[] {
    if (!existsSync(this.plan.journal)) return [];
    const file = openSync(this.plan.journal, 'r');
    const parts: Buffer[] = [];
    try {
      const part = Buffer.alloc(1 << 16);
      for (;;) {
        const got = readSync(file, part, 0, part.length, this.read);
        if (got === 0) break;
        parts.push(Buffer.from(part.subarray(0, got)));
        this.read += got;
      }
    } finally {
      closeSync(file);
    }
    const lines = (this.rest + Buffer.concat(parts).toString('utf8')).split('\n');
    this.rest = lines.pop() ?? '';
    return lines;
  }
}
