/** What a hunt came to: a table, and a line for each survivor. */

import type { Mutant } from './mutant.js';
import type { Finder, Outcome } from './outcome.js';

const FINDERS: readonly Finder[] = ['law', 'compiler', 'test', 'hang', 'equivalent', 'nobody'];
const WORDS: Readonly<Record<Finder, string>> = {
  law: 'by law', compiler: 'by compiler', test: 'by test', hang: 'by hang',
  equivalent: 'equivalent', nobody: 'survived',
};
/** What is told of a mutant. */
type Described = Omit<Mutant, 'text' | 'switched' | 'move'>;

/** What a run gives as JSON. */
export interface MutationReport {
  /** How many there are to be found, and how many were tried. */
  readonly mutants: number;
  readonly tried: number;
  /** By who found it. */
  readonly found: Readonly<Record<Finder, number>>;
  readonly survivors: readonly ReturnType<typeof describe>[];
  /** Test files that fail without a mutant: they found nothing. */
  readonly unfit: readonly string[];
  readonly secondsEach: number;
  readonly interrupted: boolean;
}

export function reportOf(
  mutants: number, outcomes: readonly Outcome[], unfit: Iterable<string>, interrupted: boolean,
): MutationReport {
  const count = (finder: Finder): number =>
    outcomes.filter((outcome) => outcome.finder === finder).length;
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  return {
    mutants,
    tried: outcomes.length,
    found: {
      law: count('law'), compiler: count('compiler'), test: count('test'), hang: count('hang'),
      equivalent: count('equivalent'), nobody: count('nobody'),
    },
    survivors: outcomes.filter(({ finder }) => finder === 'nobody')
      .map(({ mutant }) => describe(mutant)),
    unfit: [...unfit].toSorted(),
    secondsEach: outcomes.length === 0 ? 0 : Math.round(seconds / outcomes.length * 10) / 10,
    interrupted,
  };
}

/** A mutant without its text. */
export function describe({ path, line, kind, change, site, past }: Mutant): Described {
  return { path, line, kind, change, site, past };
}

/** One line: where, what is done to it, and to which call. */
export function lineOf({ path, line, kind, change, site, past }: Described): string {
  const done = change === 'remove' ? `${kind} removed` : `${kind} moved ${change}`;
  return `${path}:${line}  ${done}: ${site}${past === '' ? '' : `  past  ${shorten(past)}`}`;
}

function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

export function outcomeLine({ mutant, finder, by, seconds }: Outcome): string {
  const word = finder === 'nobody' ? 'SURVIVED' : `found ${WORDS[finder]}`;
  return `${lineOf(mutant)}\n    ${word}${by === '' ? '' : `: ${shorten(by)}`}, ${
    seconds.toFixed(1)} s`;
}

/** How many mutants there are of each kind and change. */
export function tableOf(mutants: readonly Mutant[]): string {
  const kinds = ['acquire', 'release', 'reference', 'dereference'] as const;
  const rows = kinds.map((kind) => {
    const of = (change: string): string =>
      String(mutants.filter((each) => each.kind === kind && each.change === change).length)
        .padStart(8);
    return `${kind.padEnd(12)}${of('remove')}${of('earlier')}${of('later')}`;
  });
  return `${''.padEnd(12)}  remove earlier   later\n${rows.join('\n')}`;
}

export function formatReport(report: MutationReport): string {
  const { tried, mutants, found, survivors, unfit } = report;
  const counts = FINDERS.map((finder) =>
    `${found[finder]} ${WORDS[finder]}`);
  return [
    ...survivors.map((survivor) => `survived  ${lineOf(survivor)}`),
    ...unfit.map((file) => `${file} fails without a mutant: it was left out`),
    `${tried} of ${mutants} mutants${report.interrupted ? ', interrupted' : ''}: ${
      counts.join(', ')}; ${report.secondsEach.toFixed(1)} s each`,
  ].join('\n');
}
