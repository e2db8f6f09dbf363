/**
 * The four questions of whatever runs a kernel: is IRQL PASSIVE, is no lock held, is no request
 * outstanding, is all pool given back? Asked in one place, of machines, worlds and bare kernels.
 */

import type { Machine } from '../machine/machine.js';
import type { World } from '../machine/world.js';
import { judge } from './judge.js';
import type { JudgeOptions } from './judge.js';
import type { Observation } from './observation.js';
import { observe } from './observe.js';
import { loadSourceMap } from './sourcemap.js';
import type { SourceMap } from './sourcemap.js';
import type { Verdict } from './verdict.js';

/** Whatever can be asked: it shows what it is, and has an end. */
export interface Subject {
  /** How to have it again: its seed, its release, its defects. */
  readonly origin: string;
  /** Before it is asked: closes what is open, lets time pass. What it throws is wrong as well. */
  rest?(): void | Promise<void>;
  /** What it is at this moment, an observation for each kernel in it. Changes nothing. */
  observe(): readonly Observation[];
  /** Unloads the drivers. Does nothing where they are unloaded, or where the kernel has stopped. */
  stop(): void;
}

/** A machine, or a world with all its machines; locks have places where the target's map is. */
export async function subjectOf(made: Machine | World): Promise<Subject> {
  const machines = 'machines' in made ? made.machines : [made];
  const { seed } = 'random' in made ? made.random : made.settings.random;
  const maps = await Promise.all(machines.map(mapOf));
  return {
    origin: [`seed ${seed}`, ...machines.map(originOf)].join('; '),
    observe: () => machines.map((machine, i) => observe(machine, maps[i])),
    stop: () => made.stop(),
  };
}

/**
 * All that is wrong with a subject: it comes to rest, is judged as it is, stopped, and judged
 * again, because only then must no request, no timer and no pool block be left. What was found
 * twice is told once.
 */
export async function askQuestions(
  subject: Subject, options: JudgeOptions = {},
): Promise<Verdict[]> {
  await subject.rest?.();
  const look = (): Verdict[] => subject.observe().flatMap((each) => judge(each, options));
  const before = look();
  subject.stop();
  const known = new Set(before.map(identityOf));
  return [...before, ...look().filter((verdict) => !known.has(identityOf(verdict)))];
}

/** Sites are named where the module's map is there; without it the rest is still said. */
async function mapOf(machine: Machine): Promise<SourceMap | undefined> {
  if (!machine.kernel.checked) return undefined;
  return loadSourceMap(machine.target).catch(() => undefined);
}

function originOf({ name, release, target, settings }: Machine): string {
  const faults = settings.faults.length === 0 ? '' : `, faults ${settings.faults.join(' ')}`;
  return `${name}: release ${release}, target ${target}${faults}`;
}

/** Two verdicts are the same where only the moment of their observation differs. */
function identityOf({ kind, machine, rule, lock, holder }: Verdict): string {
  return JSON.stringify([kind, machine, rule, lock?.address, holder]);
}
