import { describe, expect } from 'vitest';
import type { World } from '../../host/index.js';
import { test } from '../../host/vitest.js';
import { pattern, SECOND, SERVER } from './pair.js';

const DATA = pattern(20_000);

/** Connects, sends, closes; the statuses of what failed. */
async function converse(world: World): Promise<string[]> {
  const [server, client] = [world.machine('server'), world.machine('client')];
  const failed: string[] = [];
  const attempt = async <T>(promise: Promise<T>): Promise<T | undefined> =>
    promise.catch((error: unknown) => {
      failed.push((error as { status: string }).status);
      return undefined;
    });
  const listener = await attempt(server.user.listen(80));
  const near = await attempt(client.user.connect(SERVER, 80));
  if (listener !== undefined && near !== undefined) {
    const far = await attempt(listener.accept());
    const arrives = far === undefined ? undefined : attempt(far.receiveAll());
    await attempt(near.send(DATA));
    await near.close();
    const arrived = await arrives;
    if (failed.length === 0) expect(Buffer.compare(arrived ?? new Uint8Array(0), DATA)).toBe(0);
    await far?.close();
  } else await near?.close();
  listener?.close();
  return failed;
}

describe('user mode without memory', () => {
  test.for([
    ['server', 0], ['server', 1], ['client', 0], ['client', 1],
  ] as const)('%s: allocation n fails, all after it: %i', async (each, { world: make, finish }) => {
    const [name, all] = each;
    const statuses = new Set<string>();
    let last = 0;
    for (let n = 1, failures = 1; failures > 0; n++) {
      const world = await make({
        digest: false,
        machines: [
          { name: 'server', address: '10.0.0.1/24' },
          { name: 'client', address: '10.0.0.2/24' },
        ],
      });
      await world.run(SECOND / 1000);
      const { raw } = world.machine(name).kernel;
      raw.failAllocation(n, all);
      const program = converse(world);
      expect(await world.runUntil(program, 3600 * SECOND), `allocation ${n}: a hang`).toBe(true);
      failures = raw.poolFailures();
      raw.failAllocation(0, 0);
      for (const status of await program) statuses.add(status);
      await world.run(300 * SECOND);
      await finish();
      last = n;
    }
    expect(last).toBeGreaterThan(5);
    expect(statuses).toContain(name === 'client' || all === 0
      ? 'INSUFFICIENT_RESOURCES'
      : 'IO_TIMEOUT');
    expect(statuses).not.toContain(undefined);
  });
});
