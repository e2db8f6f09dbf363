/** What TCP keeps of a message is asked for while the session ends, on two processors. */

import { describe, expect } from 'vitest';
import { keysOf } from '../../../host/explore/explorer.js';
import { replayOf } from '../../../host/explore/replay.js';
import { Recorder } from '../../../host/explore/recorder.js';
import { prepareWindow } from '../../../host/explore/window.js';
import type { WorldOptions } from '../../../host/index.js';
import { loadModule } from '../../../host/kernel/load.js';
import { Random } from '../../../host/machine/random.js';
import { test } from '../../../host/vitest.js';
import { pairOf, sessionOf } from '../session.js';

/** More than the server's socket takes before it is read: TCP keeps the rest. */
const MESSAGES = 4;
const OCTETS = 60_000;
/** More points than the receive has, and than the end has. */
const PLACES = 200;
const PIECE = 500;

describe('netbt/session/pull', () => {
  test('gives back what it took, whichever comes first', async ({ world: make }) => {
    let armed = false;
    const recorder = new Recorder({ calls: 2, most: 1, alike: 1, begins: () => armed });
    const options = pairOf('wire:', { seed: 1, target: 'explore' });
    const [first, second] = options.machines;
    const world = await make({ ...options, machines: [
      { ...first, processors: 2, tap: recorder.tap }, second,
    ] as WorldOptions['machines'] });
    const { client, server } = await sessionOf(world);
    for (let i = 0; i < MESSAGES; i++) void client.send(new Uint8Array(OCTETS)).catch(() => 0);
    await world.run(5e9);
    armed = true;
    void server.receive().catch(() => undefined);
    client.abort();
    await world.run(1e9);
    const [window] = recorder.windows;
    expect(window?.calls.map(({ routine }) => routine)).toEqual(['socketReceive', 'onInterrupt']);
    if (window === undefined) return;
    const prepared = prepareWindow(await loadModule('explore'), window, {
      name: 'pull', processors: 2, points: 'locks', halt: true,
    });
    const { engine } = prepared;
    const stream = new Random(1).stream('pull');
    const found: string[] = [];
    // The session ends in one piece, before each of the receive's points in turn.
    for (let place = 0; place < PLACES; place++) {
      const choices = Array.from({ length: place + PIECE }, (_, at) => at < place ? 0 : 1);
      const run = engine.run(replayOf(choices, true), stream);
      found.push(...keysOf(run).map((key) => `at ${place}: ${JSON.stringify(key)}`));
      expect(run.ending).toBe('done');
    }
    expect(found).toEqual([]);
  });
});
