/**
 * Runs each test without a mutant first, to know where it comes by; then once more with each
 * mutant there that nobody has found. vitest takes these for repeats of the test, so that its
 * hooks and fixtures belong to one mutant each.
 */

import { appendFileSync, readFileSync } from 'node:fs';
import { relative } from 'node:path/posix';
import { performance } from 'node:perf_hooks';
import { TestRunner } from 'vitest';
import type { RunnerTask, RunnerTestCase, RunnerTestFile } from 'vitest';
import { PLAN } from './plan.js';
import type { FilePlan, Note, Plan } from './plan.js';
import { beginRecording, endRecording, installSwitch, switchTo } from './switch.js';

/** A mutant that takes so many times as long as the test without one hangs; or so long. */
const HANGS_TIMES = 20;
const HANGS_MS = 3_000;
/** A test without a mutant may take as long as any. */
const BASE_MS = 400_000;

installSwitch();

/** The turns of one test. */
interface Turns {
  /** What is on now: a mutant, 0 for none; null: nothing is run. */
  now: number | null;
  /** What is left to try; null before it is known. */
  left: number[] | null;
  ms: number;
  began: number;
  readonly failed: number[];
  isChecked: boolean;
}

export default class MutantRunner extends TestRunner {
  private readonly plan = JSON.parse(readFileSync(process.env[PLAN] ?? '', 'utf8')) as Plan;
  private alive = new Set<number>();
  private turns: Turns = newTurns();

  onCollected(files: RunnerTestFile[]): void {
    this.alive = new Set(JSON.parse(readFileSync(this.plan.alive, 'utf8')) as number[]);
    const visit = (task: RunnerTask): void => {
      delete task.concurrent;
      if ('tasks' in task) task.tasks.forEach(visit);
      else if (task.mode === 'run' || task.mode === 'queued') this.prepare(task);
    };
    files.forEach(visit);
  }

  private prepare(test: RunnerTestCase): void {
    const { only } = this.planOf(test);
    const asked = only === null || only[test.id] !== undefined;
    // A test that has to fail says nothing by failing.
    if (!asked || test.fails === true) test.mode = 'skip';
    else test.repeats = this.alive.size + 2;
  }

  override async onBeforeRunTask(test: RunnerTestCase): Promise<void> {
    this.turns = newTurns();
    await super.onBeforeRunTask(test);
  }

  override onBeforeTryTask(test: RunnerTestCase): void {
    super.onBeforeTryTask(test);
    if (test.result !== undefined) {
      test.result.state = 'run';
      delete test.result.errors;
    }
    const { turns } = this;
    turns.now = this.next();
    switchTo(turns.now ?? 0);
    if (turns.now === null) return;
    const isFirst = turns.left === null;
    const limitMs = isFirst ? BASE_MS : Math.max(HANGS_MS, turns.ms * HANGS_TIMES);
    this.say({ note: 'try', mutant: turns.now, limitMs });
    if (isFirst) beginRecording();
    turns.began = performance.now();
  }

  private next(): number | null {
    const { turns } = this;
    if (turns.left === null) return 0;
    for (let next = turns.left.shift(); next !== undefined; next = turns.left.shift()) {
      if (this.alive.has(next)) return next;
    }
    return turns.failed.length === 0 || turns.isChecked ? null : 0;
  }

  async runTask(test: RunnerTestCase): Promise<void> {
    if (this.turns.now === null) return;
    await TestRunner.getTestFn(test)?.();
  }

  /** What has failed, its fixtures too, is known here. */
  onAfterRetryTask(test: RunnerTestCase): void {
    const { turns } = this;
    if (turns.now === null) return;
    const passed = test.result?.state !== 'fail';
    const ms = Math.round(performance.now() - turns.began);
    if (turns.left === null) {
      this.learn(test, passed);
    } else if (turns.now === 0) {
      turns.isChecked = true;
      this.say({ note: passed ? 'sound' : 'spoilt' });
    } else if (passed) {
      this.say({ note: 'passed', mutant: turns.now, ms });
    } else {
      const why = `${relative(this.config.root, test.file.filepath)} ${fullName(test)}: ${
        test.result?.errors?.[0]?.message ?? ''}`.replaceAll(/\s+/g, ' ');
      this.say({ note: 'failed', mutant: turns.now, why, ms });
      this.alive.delete(turns.now);
      turns.failed.push(turns.now);
    }
    switchTo(0);
  }

  /** The test has run without a mutant. */
  private learn(test: RunnerTestCase, passed: boolean): void {
    const { turns } = this;
    const reached = endRecording();
    turns.ms = performance.now() - turns.began;
    const file = relative(this.config.root, test.file.filepath);
    const ms = Math.round(turns.ms);
    this.say({ note: 'base', file, id: test.id, name: fullName(test), ms, passed, reached });
    const { only, tried } = this.planOf(test);
    const wanted = only === null ? reached : only[test.id] ?? [];
    const before = tried[test.id] ?? [];
    const isCheap = only !== null || turns.ms <= this.plan.budgetMs;
    turns.left = passed && isCheap ? wanted.filter((each) => !before.includes(each)) : [];
  }

  override async onAfterRunSuite(suite: Parameters<TestRunner['onAfterRunSuite']>[0]):
    Promise<void> {
    await super.onAfterRunSuite(suite);
    if (!('filepath' in suite)) return;
    this.say({ note: 'file', file: relative(this.config.root, suite.file.filepath) });
  }

  private planOf(test: RunnerTestCase): FilePlan {
    const file = relative(this.config.root, test.file.filepath);
    return this.plan.files[file] ?? { tried: {}, only: null };
  }

  private say(note: Note): void {
    appendFileSync(this.plan.journal, `${JSON.stringify(note)}\n`);
  }
}

function newTurns(): Turns {
  return { now: null, left: null, ms: 0, began: 0, failed: [], isChecked: false };
}

function fullName(test: RunnerTestCase): string {
  const names = [test.name];
  for (let { suite } = test; suite !== undefined; { suite } = suite) names.unshift(suite.name);
  return names.join(' > ');
}
