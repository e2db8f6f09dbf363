/**
 * An interrupt that comes while the DPC of an earlier one runs, on its processor or on another:
 * under each schedule that is tried the card has been served when all is over.
 */

import { describe, expect } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import { Recorder } from '../../host/explore/recorder.js';
import type { RecordedCall, Window } from '../../host/explore/recorder.js';
import { prepareWindow } from '../../host/explore/window.js';
import { FrameBatch } from '../../host/link/batch.js';
import type { KernelExports } from '../../host/kernel/exports.js';
import { readCounters } from '../../host/kernel/inspect.js';
import { readLayout } from '../../host/kernel/layout.js';
import { loadModule } from '../../host/kernel/load.js';
import type { Kernel } from '../../host/kernel/load.js';
import { LinearMemory } from '../../host/kernel/memory.js';
import { TransmitRing } from '../../host/kernel/ring.js';
import { test } from '../../host/vitest.js';

const LIMIT = { timeout: 60_000 };
const SCHEDULES = 300;
/** Where a ring keeps what it counts (assembly/miniport/ring.ts). */
const PRODUCED = 0;
const CONSUMED = 4;
const RECLAIMED = 20;

/** A card at the end of a schedule. */
interface Served {
  readonly echoes: number;
  readonly replies: number;
  /** Frames that came and were not indicated. */
  readonly unread: number;
  /** Frames that the host has taken and whose packets were not let go. */
  readonly unreclaimed: number;
}

/** The window that begins with an echo request on the server's line. */
const it = test.extend<{ request: Window }>({
  request: async ({ world: make }, use) => {
    let wanted = false;
    const recorder = new Recorder({
      calls: 1, most: 1, begins: (_, routine) => wanted && routine === 'onInterrupt',
    });
    const world = await make({
      target: 'explore',
      machines: [
        { name: 'server', address: '10.0.0.1/24', processors: 2, tap: recorder.tap },
        { name: 'client', address: '10.0.0.2/24' },
      ],
    });
    const client = world.machine('client');
    await world.complete(client.ping('10.0.0.1'), 1e9); // Each knows where the other is.
    wanted = true;
    await world.complete(client.ping('10.0.0.1'), 1e9);
    const [window] = recorder.windows;
    if (window === undefined) throw new Error('no echo request came');
    await use(window);
  },
});

/**
 * The server's card at the end of each schedule of these calls; before those at `takesBefore` the
 * host takes what was sent.
 */
async function servedUnder(
  window: Window, calls: readonly RecordedCall[], takesBefore: readonly number[],
): Promise<readonly Served[]> {
  const { engine, scenario } = prepareWindow(await loadModule('explore'), { ...window, calls }, {
    name: 'service', processors: 2, points: 'interlocked', halt: true,
  });
  const raw = engine.module.raw as unknown as KernelExports;
  const layout = readLayout(raw as unknown as WebAssembly.Exports);
  const kernel: Kernel = { raw, memory: new LinearMemory(raw.memory), layout, checked: true };
  const rings = { receive: raw.receiveRing(0) >>> 0, transmit: raw.transmitRing(0) >>> 0 };
  const sent = new TransmitRing(kernel.memory, rings.transmit);
  const before = readCounters(kernel);
  const since = (name: string): number =>
    (readCounters(kernel)[name] ?? NaN) - (before[name] ?? NaN);
  const differenceIn = (ring: number, more: number, less: number): number =>
    kernel.memory.word(ring + more) - kernel.memory.word(ring + less);
  const served: Served[] = [];
  const prepared = {
    ...scenario,
    actors: scenario.actors.map((actor, index) => {
      if (!takesBefore.includes(index)) return actor;
      const steps = actor.steps.map((step) => ({ ...step, before: () => take(sent) }));
      return { ...actor, steps };
    }),
    after: () => {
      served.push({
        echoes: since('ICMP_IN_ECHOS'),
        replies: since('ICMP_OUT_ECHO_REPS'),
        unread: differenceIn(rings.receive, PRODUCED, CONSUMED),
        unreclaimed: differenceIn(rings.transmit, CONSUMED, RECLAIMED),
      });
      scenario.after?.();
    },
  };
  engine.prepare(prepared);
  const { findings } = explore({ engine, scenario: prepared }, { schedules: SCHEDULES });
  expect(findings.map(({ sentence }) => sentence)).toEqual([]);
  return served;
}

function take(ring: TransmitRing): void {
  const batch = new FrameBatch();
  while (ring.waits) {
    batch.clear();
    ring.take(batch);
  }
}

/** What is in the schedules, each once. */
function distinct(served: readonly Served[]): Served[] {
  return [...new Map(served.map((each) => [JSON.stringify(each), each])).values()];
}

describe('miniport: an interrupt beside the DPC of another', LIMIT, () => {
  for (const count of [2, 3]) {
    it(`has the frames of ${count} interrupts indicated and answered`, async ({ request }) => {
      const [first] = request.calls as [RecordedCall];
      const served = await servedUnder(request, Array.from({ length: count }, () => first), []);
      expect(served.length).toBeGreaterThan(20);
      expect(distinct(served)).toEqual([
        { echoes: count, replies: count, unread: 0, unreclaimed: 0 },
      ]);
    });
  }

  it('lets go of what the host took meanwhile', async ({ request }) => {
    const [first] = request.calls as [RecordedCall];
    const served = await servedUnder(request, [first, { ...first, frames: [] }], [1]);
    expect(served.length).toBeGreaterThan(20);
    expect(distinct(served)).toEqual([{ echoes: 1, replies: 1, unread: 0, unreclaimed: 0 }]);
  });
});
