/** Why a script failed: where it stands, what was wrong, and what shows it. */

import type { Place } from './syntax.js';

/** The first thing in a script that is not so. */
export class Failure extends Error {
  /** `details` are lines below: packets, one above the other. */
  constructor(
    readonly path: string,
    readonly place: Place,
    readonly reason: string,
    readonly details: readonly string[] = [],
  ) {
    super([`${path}:${place.line}: ${reason}`, ...details].join('\n'));
    this.name = 'Failure';
  }
}

/** A time as scripts write it, in seconds with microseconds. */
export function seconds(ns: number): string {
  return `${(ns / 1e9).toFixed(6)} s`;
}
