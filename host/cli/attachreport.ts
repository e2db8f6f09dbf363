/** What the worker of `ntstack attach` tells, and how it is shown. */

import type { Answer } from '../user/prompt.js';
import { formatVerdict } from '../watch/verdict.js';
import type { Verdict } from '../watch/verdict.js';
import { formatCount } from './show.js';

/** What came of an errand. */
export interface ErrandOutcome {
  readonly kind: 'fetch' | 'put' | 'ping';
  readonly where: string;
  readonly succeeded: boolean;
  /** The digest, the status, or why it failed. */
  readonly words: string;
  /** The server's answer. */
  readonly code?: number;
  readonly octets?: number;
  readonly roundTripUs?: number;
  readonly seconds: number;
}

/** Counters of an attached machine; what `--json` gives. */
export interface AttachReport {
  /** Wall time. */
  readonly seconds: number;
  /** Of which the machine knows nothing: the program was stopped. */
  readonly skippedSeconds: number;
  readonly framesIn: number;
  readonly octetsIn: number;
  readonly framesOut: number;
  readonly octetsOut: number;
  /** The MIB's, by name. */
  readonly counters: Readonly<Record<string, number>>;
  /** By reason: the drivers' own, and those of link and card. */
  readonly drops: Readonly<Record<string, number>>;
  /** Frames that a fault of the link changed. */
  readonly altered: Readonly<Record<string, number>>;
  /** What was wrong with it at its end; `checked` sees most. */
  readonly findings: readonly Verdict[];
  readonly errands: readonly ErrandOutcome[];
  /** Errands that were not done when it ended. */
  readonly unfinished: number;
}

/** A message of the worker. */
export type AttachMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'station'; readonly succeeded: boolean; readonly words: string }
  | { readonly kind: 'answer'; readonly line: string; readonly answer: Answer }
  | { readonly kind: 'errand'; readonly outcome: ErrandOutcome }
  | { readonly kind: 'report'; readonly report: AttachReport }
  | { readonly kind: 'failed'; readonly words: string };

/** An errand in a line. */
export function formatErrand(outcome: ErrandOutcome): string {
  const { kind, where, succeeded, words, octets, roundTripUs, seconds } = outcome;
  const about = `${kind.padEnd(6)}${where}  ${succeeded ? 'ok' : 'FAILED'}  ${words}`;
  if (kind === 'ping') return succeeded ? `${about}  ${(roundTripUs ?? 0) / 1000} ms` : about;
  if (octets === undefined) return about;
  const rate = seconds > 0 ? `  ${(octets / 1e6 / seconds).toFixed(1)} MB/s` : '';
  return `${about}  ${formatCount(octets)} octets in ${seconds.toFixed(2)} s${rate}`;
}

/** The counters in a line, and what was found in a line each. */
export function formatAttach(report: AttachReport): string {
  const { counters, drops, findings, skippedSeconds } = report;
  const count = (name: string): string => formatCount(counters[name] ?? 0);
  const parts = [
    `${report.seconds.toFixed(1)} s`,
    `in ${formatCount(report.framesIn)} frames ${formatCount(report.octetsIn)} octets`,
    `out ${formatCount(report.framesOut)} frames ${formatCount(report.octetsOut)} octets`,
    `connections ${count('TCP_PASSIVE_OPENS')} accepted ${count('TCP_ACTIVE_OPENS')} opened`,
    `${count('TCP_RETRANS_SEGS')} retransmissions`,
  ];
  const lost = Object.entries(drops).map(([reason, number]) => `${reason} ${formatCount(number)}`);
  if (lost.length > 0) parts.push(`dropped ${lost.join(' ')}`);
  if (skippedSeconds >= 0.1) parts.push(`stood still ${skippedSeconds.toFixed(1)} s`);
  return [parts.join(', '), ...findings.map(formatVerdict)].join('\n');
}
