/** What a registry value is: its range, its unit, its default in each release. */

import type { ReleaseName } from './release.js';

/** A default, from a release on, until the next one listed. */
export interface ParameterDefault {
  readonly since: ReleaseName;
  readonly value: number;
  /** The article, standard or reason it rests on. */
  readonly source: string;
}

/** One registry value. */
export interface ParameterEntry {
  readonly name: string;
  /** What one of it is; empty for a switch or a mode. */
  readonly unit: string;
  /** The least value allowed. */
  readonly least: number;
  /** The greatest value allowed. */
  readonly most: number;
  /** Only powers of two are allowed. */
  readonly powerOfTwo: boolean;
  readonly description: string;
  /** Oldest release first; the first is for `nt35`. */
  readonly defaults: readonly ParameterDefault[];
}

/** The greatest REG_DWORD. */
export const DWORD = 0xffffffff;

/** A default from a release on, and where it is from. */
type Default = readonly [since: ReleaseName, value: number, source: string];
/** What is allowed. */
type Range = readonly [least: number, most: number, powerOfTwo?: 'power of two'];

/** A registry value, on a few lines. */
export function entry(
  name: string,
  [least, most, powerOfTwo]: Range,
  unit: string,
  description: string,
  ...defaults: Default[]
): ParameterEntry {
  return {
    name,
    unit,
    least,
    most,
    powerOfTwo: powerOfTwo !== undefined,
    description,
    defaults: defaults.map(([since, value, source]) => ({ since, value, source })),
  };
}
