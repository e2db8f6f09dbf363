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
import { judge } from './watch/judge.js';
import { observe } from './watch/observe.js';
import { loadSourceMap } from './watch/sourcemap.js';
import type { SourceMap } from './watch/sourcemap.js';
import { formatVerdict, sortVerdicts } from './watch/verdict.js';
import type { Verdict, VerdictKind } from './watch/verdict.js';

/** What a test is given. */
export interface NtstackFixtures {
  /** Boots a machine, `checked` unless the options say otherwise; it is stopped after the test. */
  readonly machine: (options?: MachineOptions) => Promise<Machine>;
  /** Boots a world, `checked` unless the options say otherwise; it is stopped after the test. */
  readonly world: (options: WorldOptions) => Promise<World>;
  /**
   * For tests of defects: verdicts of these kinds are expected, each of them at least once, and no
   * others.
   */
  readonly expectFindings: (...kinds: readonly VerdictKind[]) => void;
}

/** What a test has made, and what it expects of it. */
interface Watched {
  readonly subjects: (Machine | World)[];
  readonly expected: Set<VerdictKind>;
}

/** How the four questions are asked. */
export interface QuietOptions {
  /** Kinds that must be found, and that are then no failure. */
  readonly expected?: Iterable<VerdictKind>;
  /** What begins the line that reproduces a failure: a command. */
  readonly command?: string;
}

/**
 * Asks a machine, or each of a world, the four questions and whether the verifier found anything;
 * stops it; asks what must hold then: no request, no pool block and no timer is left.
 * @throws Error that names each lock, tag and rule, and says how to reproduce it.
 */
export async function expectQuiet(
  subject: Machine | World, options: QuietOptions = {},
): Promise<void> {
  const machines = 'machines' in subject ? subject.machines : [subject];
  const expected = new Set(options.expected);
  const found: Verdict[] = [];
  const maps = await Promise.all(machines.map(mapOf));
  machines.forEach((machine, i) => found.push(...judge(observe(machine, maps[i]))));
  subject.stop();
  machines.forEach((machine, i) => {
    const before = new Set(found.map(identityOf));
    const after = judge(observe(machine, maps[i]));
    found.push(...after.filter((verdict) => !before.has(identityOf(verdict))));
  });
  const wrong = sortVerdicts(found.filter(({ kind }) => !expected.has(kind)));
  const missing = [...expected].filter((kind) => !found.some((verdict) => verdict.kind === kind));
  if (wrong.length === 0 && missing.length === 0) return;
  const lines = [
    ...wrong.map((verdict) => `  ${formatVerdict(verdict)}`),
    ...missing.map((kind) => `  expected and not found: ${kind}`),
  ];
  const { seed } = 'random' in subject ? subject.random : subject.settings.random;
  const places = [`seed ${seed}`, ...machines.map(reproductionOf)].join('; ');
  const command = options.command === undefined ? '' : `${options.command}  # `;
  throw new Error(`not quiet after the test:\n${lines.join('\n')}\nreproduce: ${command}${places}`);
}

/** vitest's `test`, with `machine`, `world` and `expectFindings`. */
export const test = base.extend<NtstackFixtures & { readonly watched: Watched }>({
  watched: [
    async ({ task }, use) => {
      const watched: Watched = { subjects: [], expected: new Set() };
      await use(watched);
      const expected = watched.expected;
      const command = `npx vitest run ${task.file.name} -t ${JSON.stringify(task.name)}`;
      const failures: string[] = [];
      for (const subject of watched.subjects) {
        await expectQuiet(subject, { expected, command }).catch((error: Error) => {
          failures.push(error.message);
        });
      }
      if (failures.length > 0) throw new Error(failures.join('\n'));
    },
    { auto: true },
  ],
  machine: async ({ watched }, use) => {
    await use(async (options = {}) => {
      const machine = await createMachine({ target: 'checked', ...options });
      watched.subjects.push(machine);
      return machine;
    });
  },
  world: async ({ watched }, use) => {
    await use(async (options) => {
      const world = await createWorld({ target: 'checked', ...options });
      watched.subjects.push(world);
      return world;
    });
  },
  expectFindings: async ({ watched }, use) => {
    await use((...kinds) => {
      for (const kind of kinds) watched.expected.add(kind);
    });
  },
});

/** Sites are named where the module's map is there; without it the rest is still said. */
async function mapOf(machine: Machine): Promise<SourceMap | undefined> {
  if (!machine.kernel.checked) return undefined;
  return loadSourceMap(machine.target).catch(() => undefined);
}

/** Two verdicts are the same where only the moment of their observation differs. */
function identityOf({ kind, machine, rule, lock, holder }: Verdict): string {
  return JSON.stringify([kind, machine, rule, lock?.address, holder]);
}

function reproductionOf({ name, release, target, settings }: Machine): string {
  const faults = settings.faults.length === 0 ? '' : `, faults ${settings.faults.join(' ')}`;
  return `${name}: release ${release}, target ${target}${faults}`;
}
