/**
 * A call that waits for its turn while its socket closes on another processor: it is answered as
 * one on no handle, and reaches neither the socket nor the transport.
 */

import { describe, expect } from 'vitest';
import { Recorder } from '../../host/explore/recorder.js';
import type { Window } from '../../host/explore/recorder.js';
import { explore } from '../../host/explore/explorer.js';
import type { Prepared } from '../../host/explore/program.js';
import { makeStrategies } from '../../host/explore/portfolio.js';
import { prepareWindow } from '../../host/explore/window.js';
import type { SocketHandler } from '../../host/index.js';
import { valueOf } from '../../host/kernel/layout.js';
import { loadModule } from '../../host/kernel/load.js';
import { Random } from '../../host/machine/random.js';
import { test } from '../../host/vitest.js';

const LIMIT = { timeout: 60_000 };
const SCHEDULES = 200;
const SERVER = 0x0a00_0001;
const PORT = 7;
/** Octets that wait to be received, and that are sent. */
const OCTETS = 40;
const silent: SocketHandler = { onEvent: (): void => undefined };

/** The window that begins with the close of a connected socket. */
interface Closing {
  readonly window: Window;
  readonly socket: number;
  /** User mode's memory, of OCTETS octets. */
  readonly block: number;
  readonly invalidHandle: number;
}

const it = test.extend<{ closing: Closing }>({
  closing: async ({ world: make }, use) => {
    const recorder = new Recorder({
      calls: 1, most: 1, begins: (_, routine) => routine === 'socketClose',
    });
    const world = await make({
      target: 'explore',
      machines: [
        { name: 'server', address: '10.0.0.1/24', processors: 2, tap: recorder.tap },
        { name: 'client', address: '10.0.0.2/24' },
      ],
    });
    const server = world.machine('server');
    const { raw } = server.user;
    const client = world.machine('client').user.raw;
    raw.allocate(OCTETS);
    const listener = raw.open('stream', silent);
    raw.bind(listener, 0, PORT);
    raw.listen(listener, 1);
    const near = client.open('stream', silent);
    client.connect(near, SERVER, PORT);
    await world.run(1e8);
    const socket = raw.accept(listener, silent);
    client.send(near, client.allocate(OCTETS), OCTETS);
    await world.run(1e8);
    expect(raw.query(socket, 'READABLE')).toBe(OCTETS);
    raw.close(socket, true);
    raw.close(listener, true);
    client.close(near, true);
    const [window] = recorder.windows;
    if (window === undefined) throw new Error('no socket was closed');
    const invalidHandle = valueOf(server.kernel.layout, 'Status', 'INVALID_HANDLE');
    await use({ window, socket, block: window.blocks.at(-1) ?? 0, invalidHandle });
  },
});

/** The close on one processor, a call of the same socket on the other; what that call answers. */
async function prepare(
  { window }: Closing, routine: string, words: readonly number[],
): Promise<Prepared & { readonly answers: number[] }> {
  const [close] = window.calls;
  if (close === undefined) throw new Error('the window has no call');
  const calls = [close, { ...close, routine, words }];
  const { engine, scenario: both } = prepareWindow(await loadModule('explore'), {
    ...window, calls,
  }, { name: routine, processors: 2, points: 'interlocked', halt: true });
  const answers: number[] = [];
  const actors = both.actors.map((actor, index) => index === 0 ? actor : {
    ...actor,
    steps: actor.steps.map((step) => ({
      ...step, after: (answer: unknown) => void answers.push(Number(answer)),
    })),
  });
  const scenario = { ...both, actors };
  engine.prepare(scenario);
  return { engine, scenario, answers };
}

describe('afd: a call that waits for its turn while its socket closes', LIMIT, () => {
  for (const [routine, wordsOf, usual] of [
    ['socketSend', ({ block }: Closing) => [block, OCTETS], OCTETS],
    ['socketReceive', ({ block }: Closing) => [block, OCTETS], OCTETS],
    ['socketShutdown', () => [], 0],
  ] as const) {
    it(`${routine} answers as before the close, or that there is no such handle`, async ({
      closing,
    }) => {
      const { socket, invalidHandle } = closing;
      const prepared = await prepare(closing, routine, [socket, ...wordsOf(closing)]);
      const { engine, answers } = prepared;
      const { findings } = explore(prepared, { schedules: SCHEDULES });
      expect(findings.map(({ sentence }) => sentence)).toEqual([]);
      expect(new Set(answers)).toEqual(new Set([usual, invalidHandle]));

      // It came to its turn, so it had found the socket, and was sent away for all that.
      answers.length = 0;
      const strategies = makeStrategies(undefined, engine.kinds);
      const stream = new Random(1).stream('turns');
      let late = 0;
      for (let i = 0; i < SCHEDULES; i++) {
        const strategy = strategies[i % strategies.length];
        if (strategy === undefined) break;
        const { ending, steps } = engine.run(strategy, stream, { record: true });
        expect(ending).toBe('done');
        const came = steps.some(({ actor, point }) => actor === 1 && point === engine.kinds.wait);
        if (came && answers.at(-1) === invalidHandle) late++;
      }
      expect(late).toBeGreaterThan(0);
    });
  }
});
