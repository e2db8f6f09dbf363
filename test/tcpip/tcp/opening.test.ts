/** A handshake that ends on one processor while another takes it out of the table. */

import { describe, expect } from 'vitest';
import type { Listener, Machine, World, WorldOptions } from '../../../host/index.js';
import { test as it } from '../../../host/vitest.js';

const SECOND = 1e9;
const DISPATCH = 2;
const [SERVER, CLIENT] = [0x0a000001, 0x0a000002];
/** Places between the SYN and the end of the handshake; more than there are. */
const PLACES = 300;
/** One in so many is tried: neighbours are alike. */
const STRIDE = 4;

/** What came of a SetTcpEntry (DELETE_TCB) of the other processor. */
interface Deleted {
  /** False: there were fewer places. */
  readonly begun: boolean;
  /** It found something. */
  readonly found: boolean;
  /** Connections to the client, and half open ones, that the server has left. */
  readonly left: number;
  /** It was told to the server's program, and later that it is over. */
  readonly accepted: boolean;
  readonly over: boolean;
}

/** Accepts one connection, and waits for its end. */
async function serve(
  listener: Listener, program: { accepted: boolean; over: boolean },
): Promise<void> {
  const socket = await listener.accept();
  program.accepted = true;
  await socket.receive().catch(() => {});
  program.over = true;
  socket.abort();
}

/** One processor deletes when the other is at the `place`-th place at which it holds no lock. */
async function deleteAt(
  makeWorld: (options: WorldOptions) => Promise<World>, place: number,
): Promise<Deleted> {
  const on: { server?: Machine; port?: number } = {};
  let left = place;
  let found = false;
  const onPreempt = (): void => {
    const { server } = on;
    if (server === undefined || left === 0) return;
    const [half] = server.halfOpen();
    if (half !== undefined) on.port ??= half.remotePort;
    const levels = [server.irql(0), server.irql(1)];
    // One processor is at it, and holds nothing; the other is idle.
    const busy = levels.findIndex((irql) => irql === DISPATCH);
    const isPlace = busy >= 0 && levels[1 - busy] === 0 && server.heldLocks().length === 0;
    if (on.port === undefined || !isPlace || --left > 0) return;
    const { raw } = server.kernel;
    raw.selectProcessor(1 - busy);
    found = raw.connectionDelete(SERVER, CLIENT, on.port * 0x1_0000 + 80) === 0;
    raw.selectProcessor(busy);
  };
  const world = await makeWorld({
    target: 'explore', seed: 1, link: 'wire:', release: 'modern',
    machines: [
      { name: 'server', address: '10.0.0.1/24', processors: 2, onPreempt },
      { name: 'client', address: '10.0.0.2/24' },
    ],
  });
  const [server, client] = [world.machine('server'), world.machine('client')];
  await world.complete(client.ping('10.0.0.1'), 5 * SECOND);
  const listener = await server.user.listen(80);
  const program = { accepted: false, over: false };
  const serving = serve(listener, program).catch(() => {});
  on.server = server;
  const connecting = client.user.connect('10.0.0.1', 80).catch(() => undefined);
  const near = await world.complete(connecting, 5 * SECOND);
  await world.run(SECOND);
  const open = server.connections().filter(({ remoteAddress }) => remoteAddress === CLIENT);
  const stays = open.length + server.halfOpen().length;
  const told = { ...program };
  delete on.server;
  near?.abort();
  listener.close();
  await world.complete(serving, SECOND);
  await world.run(SECOND);
  return { begun: left === 0, found, left: stays, ...told };
}

describe('tcpip/tcp/handshake', { timeout: 120_000 }, () => {
  it('does not open what another processor has deleted meanwhile', async ({ world }) => {
    const all: Deleted[] = [];
    let begun = true;
    for (let place = 1; begun && place <= PLACES; place += STRIDE) {
      const one = await deleteAt(world, place);
      ({ begun } = one);
      if (begun) all.push(one);
    }
    expect(all.length).toBeGreaterThan(20);
    expect(all.filter(({ found, left }) => !found || left !== 0)).toEqual([]);
    // Whose program was told of it is told of its end, and both come to pass.
    expect(all.filter(({ accepted, over }) => accepted !== over)).toEqual([]);
    expect(new Set(all.map(({ accepted }) => accepted)).size).toBe(2);
    expect(begun).toBe(false);
  });
});
