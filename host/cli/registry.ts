/** `ntstack registry`: the registry values that `--set` takes, with ranges and defaults. */

import { describeParameter, parameterNames } from '../machine/registry.js';
import type { ParameterDescription } from '../machine/registry.js';
import { RELEASES } from '../machine/release.js';
import { DEFAULT_RELEASE } from './plan.js';
import { formatTable, paintFor } from './show.js';
import { WrongUse, oneLine } from './wronguse.js';

/**
 * Prints a value, or a table of all of them. Gives the exit code.
 * @throws WrongUse for a name that is none.
 */
export function registry(name: string | undefined): number {
  const paint = paintFor(process.stdout);
  if (name !== undefined) {
    const value = describe(name);
    const rows = RELEASES.map((release) => [release.name, String(value.defaults[release.name])]);
    const lines = [
      `${paint.bold(value.name)}  ${value.description}`,
      `range ${rangeOf(value)}; defaults from ${value.source}`,
      formatTable(['release', 'default'], rows, paint),
    ];
    process.stdout.write(`${lines.join('\n')}\n`);
    return 0;
  }
  const rows = parameterNames().map((each) => {
    const value = describeParameter(each);
    return [value.name, rangeOf(value), String(value.defaults[DEFAULT_RELEASE])];
  });
  const head = ['name', 'range', `default of ${DEFAULT_RELEASE}`];
  process.stdout.write(`${formatTable(head, rows, paint)}\n`);
  return 0;
}

function describe(name: string): ParameterDescription {
  try {
    return describeParameter(name);
  } catch (thrown) {
    throw new WrongUse(oneLine(thrown), { cause: thrown });
  }
}

function rangeOf({ range, unit }: ParameterDescription): string {
  const { least, most, powerOfTwo } = range;
  const words = [`${least}..${most}`, unit, powerOfTwo ? 'powers of two' : ''];
  return words.filter((word) => word !== '').join(' ');
}
