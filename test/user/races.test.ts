/**
 * Calls of user mode beside one another, and beside an interrupt, under many schedules: each window
 * is two or three calls that meet on one object.
 */

import { describe, expect } from 'vitest';
import { explore } from '../../host/explore/explorer.js';
import { Recorder } from '../../host/explore/recorder.js';
import type { RecordedCall } from '../../host/explore/recorder.js';
import { prepareWindow } from '../../host/explore/window.js';
import type { SocketHandler } from '../../host/index.js';
import { valueOf } from '../../host/kernel/layout.js';
import { loadModule } from '../../host/kernel/load.js';
import type { Machine } from '../../host/machine/machine.js';
import type { World } from '../../host/machine/world.js';
import { test as it } from '../../host/vitest.js';

const LIMIT = { timeout: 60_000 };
const SERVER = 0x0a00_0001;
const CLIENT = 0x0a00_0002;
const PORT = 7;
/** A struct linger: on, for a second. */
const LINGER_1_S = 0x1_0001;
/** More octets than a receiver takes of which nobody reads, and whose buffer is of `LITTLE`. */
const MUCH = 40_000;
const LITTLE = 1000;
const silent: SocketHandler = { onEvent: (): void => undefined };

/** A routine and its words. */
type Call = readonly [routine: string, ...words: number[]];

/** Two machines, the server's calls recorded; and what is found in a window of it. */
interface Meeting {
  readonly world: World;
  readonly server: Machine;
  readonly client: Machine;
  /** The window that begins with the first `routine` from here on begins there. */
  begin(routine: string): void;
  /**
   * What is found where others, routines and their words, run beside that call; `block` is memory
   * of user mode.
   */
  findings(beside: (block: number) => readonly Call[]): Promise<string[]>;
}

const meet = it.extend<{ meeting: Meeting }>({
  meeting: async ({ world: make }, use) => {
    let wanted = '';
    const recorder = new Recorder({
      calls: 1, most: 1, begins: (_, routine) => routine === wanted,
    });
    const world = await make({
      target: 'explore',
      machines: [
        { name: 'server', address: '10.0.0.1/24', processors: 2, tap: recorder.tap },
        { name: 'client', address: '10.0.0.2/24' },
      ],
    });
    await use({
      world,
      server: world.machine('server'),
      client: world.machine('client'),
      begin: (routine) => void (wanted = routine),
      findings: async (beside) => {
        const [window] = recorder.windows;
        const [first] = window?.calls ?? [];
        if (window === undefined || first === undefined) throw new Error(`no ${wanted} came`);
        const others = beside(window.blocks.at(-1) ?? 0).map(([routine, ...words]): RecordedCall =>
          ({ routine, words, frames: [], time: first.time }));
        const prepared = prepareWindow(await loadModule('explore'), {
          ...window, calls: [first, ...others],
        }, { name: wanted, processors: 2, points: 'interlocked', halt: true });
        return explore(prepared, { schedules: 300 }).findings.map(({ sentence }) => sentence);
      },
    });
  },
});

describe('user mode calls', LIMIT, () => {
  meet('close a socket while its connect ends', async ({ meeting }) => {
    const { server, client, world } = meeting;
    const { raw } = server.user;
    const listener = client.user.raw.open('stream', silent);
    client.user.raw.bind(listener, 0, PORT);
    client.user.raw.listen(listener, 1);
    await world.run(1e8);
    raw.echo(CLIENT, 8, 1000, silent); // Each knows where the other is.
    await world.run(1e8);
    meeting.begin('onInterrupt');
    const socket = raw.open('stream', silent);
    raw.connect(socket, CLIENT, PORT);
    await world.run(1e8);
    raw.close(socket, true);
    client.user.raw.close(listener, true);
    expect(await meeting.findings(() => [['socketClose', socket, 1]])).toEqual([]);
  });

  meet('fill a backlog while its listener closes', async ({ meeting }) => {
    const { server, client, world } = meeting;
    const { raw } = server.user;
    const listener = raw.open('stream', silent);
    raw.bind(listener, 0, PORT);
    raw.listen(listener, 2);
    const near = client.user.raw.open('stream', silent);
    client.user.raw.connect(near, SERVER, PORT);
    await world.run(1e8);
    const accepted = raw.accept(listener, silent);
    expect(accepted).not.toBe(0);
    meeting.begin('socketClose');
    raw.close(listener, true);
    raw.close(accepted, true);
    client.user.raw.close(near, true);
    expect(await meeting.findings(() => [['runThreads', 100]])).toEqual([]);
  });

  meet('close a socket while the time of its linger is up', async ({ meeting }) => {
    const { server, client, world } = meeting;
    const { raw } = server.user;
    const listener = client.user.raw.open('stream', silent);
    client.user.raw.option(listener, 'RECEIVE_BUFFER', LITTLE);
    client.user.raw.bind(listener, 0, PORT);
    client.user.raw.listen(listener, 1);
    const socket = raw.open('stream', silent);
    raw.option(socket, 'LINGER', LINGER_1_S);
    raw.connect(socket, CLIENT, PORT);
    await world.run(1e8);
    const accepted = client.user.raw.accept(listener, silent);
    raw.option(socket, 'SEND_BUFFER', MUCH);
    expect(raw.send(socket, raw.allocate(MUCH), MUCH)).toBe(MUCH);
    await world.run(1e8);
    expect(raw.linger(socket)).toBe(valueOf(server.kernel.layout, 'Status', 'PENDING'));
    await world.run(99e7);
    meeting.begin('onTick');
    await world.run(1e8);
    raw.close(socket, true);
    for (const each of [accepted, listener]) client.user.raw.close(each, true);
    expect(await meeting.findings(() => [['socketClose', socket, 0]])).toEqual([]);
  });

  meet('cancel an echo while its reply comes', async ({ meeting }) => {
    const { server, world } = meeting;
    const { raw } = server.user;
    raw.allocate(64);
    raw.echo(CLIENT, 8, 1000, silent);
    await world.run(1e8);
    meeting.begin('onInterrupt');
    raw.echo(CLIENT, 8, 1000, silent);
    await world.run(1e8);
    const cancels = [0, 1, 2].map((context) => ['echoCancel', context] as const);
    const found = await meeting.findings((at) => [...cancels, ['socketPoll', at, 4]]);
    expect(found).toEqual([]);
  });
});
