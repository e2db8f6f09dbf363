/** Checks of what links are given: each names the option, and says what it may be. */

/** The most time a link may be told to wait, in ns: an hour. */
export const LONGEST_NS = 3_600_000_000_000;

/** The value; TypeError unless it is a number from `low` to `high`, whole. */
export function mustBeWhole(option: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value;
  throw new TypeError(`${option}: ${value} is not a whole number from ${low} to ${high}`);
}

/** The value; TypeError unless it is a number from 0 to 1. */
export function mustBeProbability(option: string, value: number): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new TypeError(`${option}: ${value} is not a number from 0 to 1`);
}

/** The value; TypeError unless it is a time in whole ns, at most an hour. */
export function mustBeTime(option: string, value: number): number {
  return mustBeWhole(option, value, 0, LONGEST_NS);
}
