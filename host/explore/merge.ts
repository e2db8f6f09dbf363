/** Results of several explorations of one scenario as one: what `--shard I/N` printed, together. */

import { findAcquirer } from '../watch/sourcemap.js';
import type { Site } from '../watch/sourcemap.js';
import type { Coverage, Exploration, Finding } from './finding.js';

/** What findings with the same cause have in common: the rule, and the places. */
export function markOf({ rule, site, parties, words }: Finding): string {
  const places = parties.map(({ stack, object }) => placeOf(findAcquirer(stack)) || hex(object));
  const place = site === undefined ? hex(words[0] ?? 0) : placeOf(site);
  return `${rule} at ${place}: ${places.sort().join(' ')}`;
}

/**
 * All that several explorations found, each finding once, in the order of the parts.
 * @throws TypeError that names what the parts do not have in common, or the part that comes twice.
 */
export function mergeExplorations(parts: readonly Exploration[]): Exploration {
  const [first] = parts;
  if (first === undefined) throw new TypeError('nothing to merge: no part is given');
  for (const what of ['scenario', 'build', 'points'] as const) {
    const other = parts.find((part) => part[what] !== first[what]);
    if (other !== undefined) {
      throw new TypeError(`the parts are not of one ${what}: ${first[what]} and ${other[what]}`);
    }
  }
  mustNotOverlap(parts);
  const hashes = unionOf(parts);
  return {
    scenario: first.scenario,
    build: first.build,
    seed: [...new Set(parts.map(({ seed }) => seed))].join(','),
    points: first.points,
    findings: mergeFindings(parts.flatMap(({ findings }) => findings)),
    coverage: mergeCoverage(parts.map(({ coverage }) => coverage), hashes),
    ...(hashes === undefined ? {} : { hashes }),
  };
}

/** The same seed and the same part run the same schedules: they would be counted twice. */
function mustNotOverlap(parts: readonly Exploration[]): void {
  const seen = new Set<string>();
  for (const { seed, shard } of parts) {
    const part = shard === undefined ? '' : `shard ${shard.part}/${shard.of} of `;
    const name = `${part}seed ${seed}`;
    if (seen.has(name)) throw new TypeError(`${name} is there twice`);
    seen.add(name);
  }
}

function unionOf(parts: readonly Exploration[]): number[] | undefined {
  if (parts.some(({ hashes }) => hashes === undefined)) return undefined;
  return [...new Set(parts.flatMap(({ hashes }) => hashes ?? []))];
}

/** Without hashes the traces of one part may be those of another: only the most is certain. */
function mergeCoverage(all: readonly Coverage[], hashes: readonly number[] | undefined): Coverage {
  return {
    schedules: all.reduce((sum, { schedules }) => sum + schedules, 0),
    traces: hashes?.length ?? Math.max(...all.map(({ traces }) => traces)),
    steps: Math.max(...all.map(({ steps }) => steps)),
    exhausted: all.some(({ exhausted }) => exhausted),
    depth2: 1 - all.reduce((missed, { depth2 }) => missed * (1 - depth2), 1),
  };
}

/**
 * Of those with the same cause the one with the fewest switches; no prediction that a part
 * confirmed, and none that is open where a part refuted it.
 */
function mergeFindings(findings: readonly Finding[]): Finding[] {
  const found = new Map<string, Finding>();
  const met: Set<number>[] = [];
  for (const finding of findings) {
    if (finding.status === 'confirmed' && finding.rule === 'DEADLOCK') {
      met.push(new Set(finding.parties.map(({ object }) => object)));
    }
    const mark = finding.status === 'confirmed' ? markOf(finding) : `circle ${finding.sentence}`;
    const before = found.get(mark);
    if (before === undefined || isBetter(finding, before)) found.set(mark, finding);
  }
  return [...found.values()].filter(({ status, words }) =>
    status === 'confirmed' || !met.some((objects) => isWithin(words, objects)));
}

function isBetter(one: Finding, other: Finding): boolean {
  if (one.status !== other.status) return one.status === 'refuted';
  return one.switches.shortened < other.switches.shortened;
}

/** Whether the inner locks of a circle, of words that are outer and inner in turn, are met. */
function isWithin(words: readonly number[], objects: ReadonlySet<number>): boolean {
  return words.every((word, index) => index % 2 === 0 || objects.has(word));
}

function placeOf(site: Site | undefined): string {
  return site === undefined ? '' : `${site.file}:${site.line}`;
}

function hex(word: number): string {
  return `0x${(word >>> 0).toString(16)}`;
}
