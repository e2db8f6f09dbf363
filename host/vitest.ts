/**
 * `ntstack/vitest`: vitest's `test` with machines and worlds that are asked four questions when a
 * test ends: is IRQL PASSIVE, is no lock held, is no request outstanding, is all pool given back?
 */

import { test as base } from 'vitest';
import { createMachine, createWorld } from './user/create.js';
import type { WorldOptions } from './user/create.js';
import type { Machine } from './machine/machine.js';
import type { MachineOptions } from './machine/options.js';
import type { World } from './machine/world.js';
import type { JudgeOptions } from './watch/judge.js';
import { askQuestions, subjectOf } from './watch/question.js';
import type { Subject } from './watch/question.js';
import { formatVerdict, sortVerdicts } from './watch/verdict.js';
import type { Verdict, VerdictKind } from './watch/verdict.js';

export type { Observation } from './watch/observation.js';
export { expectNoFindings } from './explore/expect.js';
export type { Subject } from './watch/question.js';
export type { VerdictKind } from './watch/verdict.js';

/** What a test is given. */
export interface NtstackFixtures {
  /**
   * Boots a machine, `checked` unless the options say otherwise. It is asked the questions and
   * stopped after the test; a test that stops it sooner is asked all the same.
   */
  readonly machine: (options?: MachineOptions) => Promise<Machine>;
  /** Boots a world, `checked` unless the options say otherwise; as `machine`. */
  readonly world: (options: WorldOptions) => Promise<World>;
  /** Has something else asked after the test: a kernel that the test drives by itself. */
  readonly watch: (subject: Subject, options?: JudgeOptions) => void;
  /**
   * Asks at once, and stops, all that the test has made so far, and forgets it: for tests that
   * make many machines, whose memory must not wait for the end.
   * @throws Error as after the test.
   */
  readonly finish: () => Promise<void>;
  /**
   * For tests of defects: verdicts of these kinds are expected, each of them at least once in the
   * test, and no others. `stopped` expects a kernel that stopped itself.
   */
  readonly expectFindings: (...kinds: readonly VerdictKind[]) => void;
  /** The same of machines of this name only: of the others, nothing may be found. */
  readonly expectFindingsOf: (machine: string, ...kinds: readonly VerdictKind[]) => void;
}

/** A verdict that must be found: a kind, of any machine or of the one of this name. */
interface Expected {
  readonly kind: VerdictKind;
  readonly machine?: string;
}

/** What a test has made, what it expects of it, and which of that was found so far. */
interface Watched {
  readonly subjects: (readonly [subject: Subject, options: JudgeOptions])[];
  readonly expected: Expected[];
  readonly found: Verdict[];
  /** Of all that was asked. */
  readonly origins: string[];
  readonly command: string;
}

/** How the four questions are asked. */
export interface QuietOptions extends JudgeOptions {
  /** Kinds that must be found, and that are then no failure. */
  readonly expected?: Iterable<VerdictKind>;
  /** What begins the line that reproduces a failure: a command. */
  readonly command?: string;
}

/**
 * Asks a machine, each of a world, or another subject the four questions and whether the verifier
 * found anything; stops it; asks what must hold then: no request, pool block or timer is left.
 * @throws Error that names each lock, tag and rule, and says how to reproduce it.
 */
export async function expectQuiet(
  asked: Machine | World | Subject, options: QuietOptions = {},
): Promise<void> {
  const subject = 'observe' in asked ? asked : await subjectOf(asked);
  const expected = [...options.expected ?? []].map((kind) => ({ kind }));
  const verdicts = await askQuestions(subject, options);
  const lines = [...unexpected(verdicts, expected), ...missing(expected, verdicts)];
  if (lines.length > 0) throw notQuiet(lines, subject.origin, options.command);
}

/** vitest's `test` with what is in `NtstackFixtures`. */
export const test = base.extend<NtstackFixtures & { readonly watched: Watched }>({
  watched: [
    async ({ task }, use) => {
      const command = `npx vitest run ${task.file.name} -t ${JSON.stringify(task.name)}`;
      const watched: Watched = { subjects: [], expected: [], found: [], origins: [], command };
      await use(watched);
      const failures = await askAll(watched);
      const lines = missing(watched.expected, watched.found);
      if (lines.length > 0) {
        failures.push(notQuiet(lines, watched.origins.join(' | '), command).message);
      }
      if (failures.length > 0) throw new Error(failures.join('\n'));
    },
    { auto: true },
  ],
  machine: async ({ watched }, use) => {
    await use(async (options = {}) => {
      const machine = await createMachine({ target: 'checked', ...options });
      watched.subjects.push([await subjectOf(machine), {}]);
      return machine;
    });
  },
  world: async ({ watched }, use) => {
    await use(async (options) => {
      const world = await createWorld({ target: 'checked', ...options });
      watched.subjects.push([await subjectOf(world), {}]);
      return world;
    });
  },
  watch: async ({ watched }, use) => {
    await use((subject, options = {}) => {
      watched.subjects.push([subject, options]);
    });
  },
  finish: async ({ watched }, use) => {
    await use(async () => {
      const failures = await askAll(watched);
      if (failures.length > 0) throw new Error(failures.join('\n'));
    });
  },
  expectFindings: async ({ watched }, use) => {
    await use((...kinds) => {
      watched.expected.push(...kinds.map((kind) => ({ kind })));
    });
  },
  expectFindingsOf: async ({ watched }, use) => {
    await use((machine, ...kinds) => {
      watched.expected.push(...kinds.map((kind) => ({ kind, machine })));
    });
  },
});

/** Asks all that is watched, each once, and notes what was found; what must not have been. */
async function askAll(
  { subjects, expected, found, origins, command }: Watched,
): Promise<string[]> {
  const failures: string[] = [];
  for (const [subject, options] of subjects.splice(0)) {
    origins.push(subject.origin);
    try {
      const verdicts = await askQuestions(subject, options);
      found.push(...verdicts);
      const lines = unexpected(verdicts, expected);
      if (lines.length > 0) throw notQuiet(lines, subject.origin, command);
    } catch (thrown) {
      failures.push(thrown instanceof Error ? thrown.message : String(thrown));
    }
  }
  return failures;
}

function unexpected(verdicts: readonly Verdict[], expected: readonly Expected[]): string[] {
  const wrong = verdicts.filter((verdict) => !expected.some((each) => isMet(each, verdict)));
  return sortVerdicts(wrong).map(formatVerdict);
}

function missing(expected: readonly Expected[], found: readonly Verdict[]): string[] {
  return expected.filter((each) => !found.some((verdict) => isMet(each, verdict)))
    .map(({ kind, machine }) => {
      const whose = machine === undefined ? '' : `${machine}: `;
      return `${whose}expected and not found: ${kind}`;
    });
}

function isMet({ kind, machine }: Expected, verdict: Verdict): boolean {
  return kind === verdict.kind && (machine === undefined || machine === verdict.machine);
}

function notQuiet(lines: readonly string[], origin: string, command?: string): Error {
  const words = lines.map((line) => `  ${line}`).join('\n');
  const reproduce = command === undefined ? origin : `${command}  # ${origin}`;
  return new Error(`not quiet after the test:\n${words}\nreproduce: ${reproduce}`);
}
