/** The registry of a machine: the values NT documents, by their registry names (Q120642). */

import { PARAMETERS } from './parameters.js';
import type { ParameterEntry } from './parameter.js';
import { findRelease, RELEASES, releaseOrder } from './release.js';
import type { ReleaseName } from './release.js';
import { didYouMean } from './suggest.js';

/** A registry value, as a table for people shows it. */
export interface ParameterDescription {
  readonly name: string;
  readonly range: { readonly least: number; readonly most: number; readonly powerOfTwo: boolean };
  /** What one of it is; empty for a switch or a mode. */
  readonly unit: string;
  /** The default of each release. */
  readonly defaults: Readonly<Record<ReleaseName, number>>;
  /** Where the defaults are from; each with its first release where there are several. */
  readonly source: string;
  readonly description: string;
}

/** Values that the machine makes from its seed, and that nobody may set: keys known are no keys. */
const SEEDED = /^NtstackKey[0-7]$/i;

const BY_LOWER_CASE: ReadonlyMap<string, ParameterEntry> = new Map(
  PARAMETERS.map((parameter) => [parameter.name.toLowerCase(), parameter]),
);

/** The names of all values that can be set, in the order of the kernel's `Parameter`. */
export function parameterNames(): string[] {
  return PARAMETERS.map((parameter) => parameter.name);
}

/** What `name` (in any case) is. Throws a `TypeError` with close names where there is none. */
export function describeParameter(name: string): ParameterDescription {
  const parameter = findParameter(name);
  const { least, most, powerOfTwo } = parameter;
  const defaults = Object.fromEntries(
    RELEASES.map((release) => [release.name, defaultOf(parameter, release.name)]),
  ) as Record<ReleaseName, number>;
  const [only] = parameter.defaults;
  return {
    name: parameter.name,
    range: { least, most, powerOfTwo },
    unit: parameter.unit,
    defaults,
    source: parameter.defaults.length === 1 && only !== undefined
      ? only.source
      : parameter.defaults.map(({ since, source }) => `${since}: ${source}`).join('; '),
    description: parameter.description,
  };
}

/**
 * All registry values of a machine by their documented names: the defaults of `release`, then
 * `overrides`, whose names may be in any case, as in NT. Throws a `TypeError` that names the first
 * release, name or value it does not know or allow, and says what is allowed.
 */
export function resolveParameters(
  release: string,
  overrides: Readonly<Record<string, number>> = {},
): Map<string, number> {
  const { name: releaseName } = findRelease(release);
  const values = new Map(
    PARAMETERS.map((parameter) => [parameter.name, defaultOf(parameter, releaseName)]),
  );
  const given = new Set<string>();
  for (const [name, value] of Object.entries(overrides)) {
    const parameter = findParameter(name);
    if (given.has(parameter.name)) throw new TypeError(`${parameter.name}: given twice`);
    given.add(parameter.name);
    values.set(parameter.name, checkedValue(parameter, value));
  }
  const minimum = values.get('NtstackMinimumRto') ?? 0;
  const maximum = values.get('NtstackMaximumRto') ?? 0;
  if (minimum > maximum) {
    throw new TypeError(`NtstackMinimumRto: ${minimum} is above NtstackMaximumRto, ${maximum}`);
  }
  return values;
}

/**
 * A registry value by its documented name, and a number that it may have.
 * @throws TypeError as `resolveParameters`.
 */
export function checkParameter(name: string, value: number): [name: string, value: number] {
  const parameter = findParameter(name);
  return [parameter.name, checkedValue(parameter, value)];
}

function findParameter(name: string): ParameterEntry {
  const found = BY_LOWER_CASE.get(name.toLowerCase());
  if (found !== undefined) return found;
  if (SEEDED.test(name)) {
    throw new TypeError(`${name}: made from the machine's seed, and cannot be set`);
  }
  throw new TypeError(`${name}: unknown registry value${didYouMean(name, parameterNames())}`);
}

function checkedValue(parameter: ParameterEntry, value: unknown): number {
  const { name, least, most, powerOfTwo } = parameter;
  const allowed = `${least}..${most}${powerOfTwo ? ', powers of two' : ''}`;
  if (typeof value !== 'number' || !Number.isInteger(value)) {
    throw new TypeError(`${name}: ${String(value)} is not an integer; the range is ${allowed}`);
  }
  if (value < least || value > most) {
    throw new TypeError(`${name}: ${value} is out of range ${allowed}`);
  }
  if (powerOfTwo && !Number.isInteger(Math.log2(value))) {
    throw new TypeError(`${name}: ${value} is not a power of two; the range is ${allowed}`);
  }
  if (name === 'NodeType' && (value & (value - 1)) !== 0) {
    throw new TypeError(`${name}: ${value} is no kind of node; they are 0, 1, 2, 4 and 8`);
  }
  return value + 0; // -0 becomes 0
}

function defaultOf(parameter: ParameterEntry, release: ReleaseName): number {
  const order = releaseOrder(release);
  const reached = parameter.defaults.filter(({ since }) => releaseOrder(since) <= order);
  const last = reached[reached.length - 1];
  if (last === undefined) throw new Error(`${parameter.name} has no default for ${release}`);
  return last.value;
}
