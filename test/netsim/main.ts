/** `npm run netsim`: the whole grid of windows, losses and delays, line by line. */

import { parseArgs } from 'node:util';
import { createWorld } from '../../host/index.js';
import type { World, WorldOptions } from '../../host/index.js';
import { WHOLE, measureGrid } from './grid.js';

const USAGE = 'usage: npm run netsim -- [--release NAME] [--seconds N]';

process.exitCode = await main(process.argv.slice(2));

/** Gives the exit code: 2 for wrong use. */
async function main(words: readonly string[]): Promise<number> {
  try {
    const { values } = parseArgs({
      args: [...words], options: { release: { type: 'string' }, seconds: { type: 'string' } },
    });
    const { release = WHOLE.release } = values;
    const seconds = values.seconds === undefined ? WHOLE.seconds : Number(values.seconds);
    if (!Number.isInteger(seconds) || seconds < 1) {
      throw new TypeError(`option --seconds: ${values.seconds} is no whole number above 0`);
    }
    const worlds: World[] = [];
    const makeWorld = async (options: WorldOptions): Promise<World> => {
      const world = await createWorld(options);
      worlds.push(world);
      return world;
    };
    const table = await measureGrid(makeWorld, { ...WHOLE, release, seconds }, (line) => {
      process.stderr.write(`${line}\n`);
      for (const world of worlds.splice(0)) world.stop();
    });
    process.stdout.write(table);
    return 0;
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    process.stderr.write(`${thrown.message}\n${USAGE}\n`);
    return 2;
  }
}
