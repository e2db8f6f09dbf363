/** What a detector found: the kind of defect, who is in it, where, and since when. */

import type { Site } from './sourcemap.js';

/**
 * The kinds of defects, causes before what follows from them; verdicts are told in this order.
 * `data` is what a load complains of: what arrived is not what was sent.
 */
export const VERDICT_KINDS = [
  'stopped',
  'lock leaked',
  'deadlock',
  'lock order',
  'lock misuse',
  'reference count',
  'pool misuse',
  'irp misuse',
  'indication misuse',
  'indication owed',
  'blocks leaked',
  'irql',
  'requests wait',
  'hang',
  'irp leaked',
  'timer left',
  'pool leaked',
  'data',
] as const;

/** One of `VERDICT_KINDS`. */
export type VerdictKind = (typeof VERDICT_KINDS)[number];

/** What was found. It is plain data: `JSON.stringify` keeps all of it. */
export interface Verdict {
  readonly kind: VerdictKind;
  /** The machine's name. */
  readonly machine: string;
  /** All of it in one sentence, for whoever wrote the driver. */
  readonly sentence: string;
  /** The verifier's rule that was broken, where it was the verifier who saw it. */
  readonly rule?: string;
  /** That rule's number: the sub-code of stop code 0xC4 where Driver Verifier has one. */
  readonly code?: number;
  /** The lock: its name in ke/lockorder.ts, and which of that name. */
  readonly lock?: { readonly name: string; readonly address: number };
  /** The processor that holds it. */
  readonly holder?: number;
  /** The processors that wait for it. */
  readonly waiters?: readonly number[];
  /** Where the lock was acquired, or the object allocated; where stacks were kept. */
  readonly site?: Site;
  /** Since when, as far as is known, in us of virtual time. */
  readonly sinceUs: number;
  /** The numbers behind it: the rule's words; a tag and its blocks; ticks. */
  readonly words: readonly number[];
  /** The article of the Knowledge Base that describes it. */
  readonly article?: string;
}

/** `tcpip/tcp/connect.ts:88`, with the function in front where it is known. */
export function formatSite(site: Site): string {
  const place = `${site.file}:${site.line}`;
  return site.function === '' ? place : `${site.function} (${place})`;
}

/** Causes first; of one kind the oldest first. Does not change its argument. */
export function sortVerdicts(verdicts: readonly Verdict[]): Verdict[] {
  return [...verdicts].sort(
    (one, other) =>
      VERDICT_KINDS.indexOf(one.kind) - VERDICT_KINDS.indexOf(other.kind) ||
      one.sinceUs - other.sinceUs,
  );
}

/** One line: machine, kind, what the lock or the rule is, and the sentence. */
export function formatVerdict(verdict: Verdict): string {
  const rule =
    verdict.rule === undefined
      ? ''
      : ` [${verdict.rule}${verdict.code === undefined ? '' : ` 0x${verdict.code.toString(16)}`}]`;
  const article = verdict.article === undefined ? '' : ` (${verdict.article})`;
  return `${verdict.machine}: ${verdict.kind}${rule}: ${verdict.sentence}${article}`;
}
