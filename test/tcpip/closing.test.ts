/**
 * A socket that closes while another processor calls it: windows of a machine's life, many
 * schedules of each. A client is called no more once its endpoint, or its address, is cleaned up.
 */

import { describe, expect } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import { prepareKernel } from '../../host/explore/kernelscenario.js';
import type { Prepared } from '../../host/explore/program.js';
import { Recorder } from '../../host/explore/recorder.js';
import { prepareWindow } from '../../host/explore/window.js';
import { loadModule } from '../../host/kernel/load.js';
import { test as it } from '../../host/vitest.js';

const LIMIT = { timeout: 120_000 };
const PROCESSORS = 3;
const SCHEDULES = 200;
const SERVER = 0x0a00_0001;
const PORT = 7;

/** Windows of the main job in which frames come on one processor and a socket closes on another. */
const LEAST = 2;

/** Whether frames come in a window, and sockets close. */
function isClosing({ scenario }: Prepared): boolean {
  const actors = scenario.actors.map(({ name }) => name.split(' ')[0]);
  return actors.includes('onInterrupt') && actors.includes('socketClose');
}

/** What is found in windows in which frames come and sockets close. */
function findingsOf(windows: readonly Prepared[]): string[] {
  return windows.flatMap((window) => {
    expect(isClosing(window)).toBe(true);
    return explore(window, { schedules: SCHEDULES }).findings.map(({ sentence }) => sentence);
  });
}

describe('a socket closes on one processor while another calls it', LIMIT, () => {
  it('waits for the call of a connection, and lets none begin', async () => {
    const windows = await prepareKernel('self', {
      seed: 4, processors: PROCESSORS, calls: 8, windows: 24, every: 61, points: 'interlocked',
      halt: true,
    });
    const closing = windows.filter(isClosing);
    expect(closing.length).toBeGreaterThanOrEqual(LEAST);
    expect(findingsOf(closing)).toEqual([]);
  });

  it('waits for the call of an address, and lets none begin', async ({ world: make }) => {
    const recorder = new Recorder({
      calls: 6, most: 8, begins: (_, routine) => routine === 'onInterrupt',
    });
    const world = await make({
      target: 'explore',
      machines: [
        { name: 'server', address: '10.0.0.1/24', processors: PROCESSORS, tap: recorder.tap },
        { name: 'client', address: '10.0.0.2/24' },
      ],
    });
    const [server, client] = [world.machine('server').user.raw, world.machine('client').user.raw];
    const silent = { onEvent: (): void => undefined };
    const block = client.allocate(64);
    const sender = client.open('datagram', silent);
    client.bind(sender, 0, 0);
    for (let round = 0; round < 40; round++) {
      const sockets = [0, 1].map((which) => {
        const socket = server.open('datagram', silent);
        server.bind(socket, 0, PORT + which);
        return socket;
      });
      for (const which of [0, 1]) client.sendTo(sender, block, 40, SERVER, PORT + which);
      await world.run(1e6);
      for (const socket of sockets) server.close(socket, true);
    }
    client.close(sender, true);
    const module = await loadModule('explore');
    const windows = recorder.windows.map((window, index) =>
      prepareWindow(module, window, {
        name: `datagrams ${index}`, processors: PROCESSORS, points: 'interlocked', halt: true,
      }));
    expect(windows.length).toBeGreaterThan(4);
    expect(findingsOf(windows)).toEqual([]);
  });
});
