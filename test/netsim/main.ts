/**
 * `npm run netsim`: the whole grid of windows, losses and delays, line by line; `--check` holds it
 * against the table on record, `--update` puts it on record.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createWorld } from '../../host/index.js';
import type { World, WorldOptions } from '../../host/index.js';
import { WHOLE, changes, measureGrid } from './grid.js';

const USAGE = 'usage: npm run netsim -- [--release NAME] [--seconds N | --check | --update]';

process.exitCode = await main(process.argv.slice(2));

/** Gives the exit code: 1 where the table is not that on record, 2 for wrong use. */
async function main(words: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        release: { type: 'string' }, seconds: { type: 'string' },
        check: { type: 'boolean' }, update: { type: 'boolean' },
      },
    });
    const { release = WHOLE.release, check = false, update = false } = values;
    const seconds = values.seconds === undefined ? WHOLE.seconds : Number(values.seconds);
    if (!Number.isInteger(seconds) || seconds < 1) {
      throw new TypeError(`option --seconds: ${values.seconds} is no whole number above 0`);
    }
    if ((check || update) && values.seconds !== undefined) {
      throw new TypeError(`option --seconds: the table on record is of ${WHOLE.seconds} s`);
    }
    if (check && update) throw new TypeError('option --update: --check leaves the table as it is');
    const record = fileURLToPath(new URL(`whole.${release}.txt`, import.meta.url));
    if (check && !existsSync(record)) {
      throw new TypeError(`option --check: there is no table of ${release}`);
    }
    const table = await measure(release, seconds);
    process.stdout.write(table);
    if (update) writeFileSync(record, table);
    return check ? compare(table, readFileSync(record, 'utf8')) : 0;
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    process.stderr.write(`${thrown.message}\n${USAGE}\n`);
    return 2;
  }
}

async function measure(release: string, seconds: number): Promise<string> {
  const worlds: World[] = [];
  const makeWorld = async (options: WorldOptions): Promise<World> => {
    const world = await createWorld(options);
    worlds.push(world);
    return world;
  };
  return measureGrid(makeWorld, { ...WHOLE, release, seconds }, (line) => {
    process.stderr.write(`${line}\n`);
    for (const world of worlds.splice(0)) world.stop();
  });
}

/** Shows what is not as it was; gives the exit code. */
function compare(table: string, record: string): number {
  const changed = changes(record, table);
  for (const line of changed) process.stdout.write(`${line}\n`);
  process.stdout.write(`${changed.length / 2} lines are not as on record\n`);
  return changed.length === 0 ? 0 : 1;
}
