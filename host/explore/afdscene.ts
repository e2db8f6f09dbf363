/**
 * What a window of afd begins in: selects that wait for octets, room, connections and closes; ends
 * that linger, some of them beyond their time; a dynamic backlog that grows; all of it against FIN,
 * RST, ticks and closes from elsewhere.
 */

import type { LoadContext } from '../load/load.js';
import { formatAddress } from '../machine/address.js';
import type { Machine } from '../machine/machine.js';
import type { Listener, Selectable, SelectSets, Socket, UserMode } from '../machine/usermode.js';
import type { World } from '../machine/world.js';
import { tried } from './tried.js';

/** The scene's name, for `ntstack explore`. */
export const AFD = 'afd';

/** A backlog that grows with every few SYNs. */
export const AFD_PARAMETERS: Readonly<Record<string, number>> = {
  EnableDynamicBacklog: 1, MinimumDynamicBacklog: 2, MaximumDynamicBacklog: 8,
  DynamicBacklogGrowthDelta: 2, NtstackRefusedRetryDelay: 0,
};

const PORT = 7;
/** Where nobody reads what comes, so that who lingers waits for nothing. */
const DEAF_PORT = 9;
const BACKLOG = 3;
/** A listener goes, and another comes, after so many connections. */
const LIFE = 6;
/** Seconds of SO_LINGER. */
const LINGER = 1;
/** What one of those waits for that have no end in sight. */
const PATIENCE_MS = 20;
const PAUSE_NS = 1e7;
/** Octets of each conversation in turn: one segment, some. */
const LENGTHS = [300, 5000] as const;
/** More than a deaf peer has room for. */
const MUCH = 40_000;
const SMALL_BUFFER = 2000;

/** Keeps all clients and their server busy until it is abandoned. */
export class AfdScene {
  private stopped = false;
  private readonly listeners = new Set<Listener>();

  start(world: World, { server, clients }: LoadContext): void {
    void this.serve(server);
    void this.beDeaf(world, server);
    for (const client of clients) {
      // Several at once, so that SYNs meet.
      for (let i = 0; i < BACKLOG; i++) void this.converse(world, client, server, i);
      void this.linger(world, client, server);
      void this.send(world, client, server);
    }
  }

  abandon(): void {
    this.stopped = true;
    for (const listener of this.listeners) listener.close();
  }

  /** Accepts where a select says so, and answers each; the listener closes under a select. */
  private async serve({ user }: Machine): Promise<void> {
    while (!this.stopped) {
      const listener = await this.listen(user, PORT, { linger: LINGER });
      if (listener === null) return;
      for (let count = 0; count < LIFE && !this.stopped; count++) {
        await tried(user.select({ read: [listener] }, PATIENCE_MS));
        const socket = await tried(listener.accept());
        if (socket !== null) void this.answer(user, socket);
      }
      const last = tried(user.select({ read: [listener] }));
      this.end(listener);
      await last;
    }
  }

  /** Gives back what comes, as a select tells of it. */
  private async answer(user: UserMode, socket: Socket): Promise<void> {
    for (;;) {
      if (!await ready(user, { read: [socket] })) break;
      const data = await tried(socket.receive());
      if (data === null || data === undefined) break;
      if (!await ready(user, { write: [socket] })) break;
      if (await tried(socket.send(data)) === null) break;
    }
    await tried(socket.close());
  }

  private async converse(
    world: World, { user }: Machine, server: Machine, first: number,
  ): Promise<void> {
    const address = formatAddress(server.settings.address);
    for (let turn = first; !this.stopped; turn++) {
      const socket = await tried(user.connect(address, PORT, { linger: turn % 3 === 0 ? 0 : 1 }));
      if (socket === null) {
        await world.sleep(PAUSE_NS);
        continue;
      }
      await tried(socket.send(new Uint8Array(LENGTHS[turn % LENGTHS.length] ?? 0)));
      const both = tried(user.select({ read: [socket], write: [socket] }, PATIENCE_MS));
      // From here on another select waits for it, which its close ends.
      const other = tried(user.select({ read: [socket] }));
      if (turn % 4 === 0) socket.abort();
      await both;
      await tried(socket.receive());
      await tried(socket.close());
      await other;
    }
  }

  /** Who is connected here is left waiting for about as long as it lingers. */
  private async beDeaf(world: World, { user }: Machine): Promise<void> {
    const listener = await this.listen(user, DEAF_PORT, { receiveBuffer: SMALL_BUFFER });
    if (listener === null) return;
    for (let turn = 0; !this.stopped; turn++) {
      const socket = await tried(listener.accept());
      if (socket === null) return;
      void this.ignore(world, socket, turn);
    }
  }

  /** Ends it before the other's time is up, just then, or after; in one way or the other. */
  private async ignore(world: World, socket: Socket, turn: number): Promise<void> {
    const before = [3e8, LINGER * 1e9, LINGER * 1.2e9][turn % 3] ?? 0;
    await world.sleep(before);
    if (turn % 2 === 0) socket.abort();
    else await tried(socket.receiveAll());
    await tried(socket.close());
  }

  private async linger(world: World, { user }: Machine, server: Machine): Promise<void> {
    const address = formatAddress(server.settings.address);
    for (let turn = 0; !this.stopped; turn++) {
      const socket = await tried(user.connect(address, DEAF_PORT, { linger: LINGER }));
      if (socket === null) {
        await world.sleep(PAUSE_NS);
        continue;
      }
      await tried(socket.send(new Uint8Array(MUCH)));
      const closed = tried(socket.close());
      if (turn % 3 === 2) {
        await world.sleep(LINGER * 1e9);
        socket.abort();
      }
      await closed;
    }
  }

  /** Datagrams, and selects of who waits for them. */
  private async send(world: World, { user }: Machine, server: Machine): Promise<void> {
    const address = formatAddress(server.settings.address);
    const own = await tried(user.datagram());
    const theirs = await tried(server.user.datagram());
    if (own === null || theirs === null) return;
    while (!this.stopped) {
      const waits = ready(server.user, { read: [theirs] });
      await tried(own.send('a datagram', address, theirs.port));
      if (await waits) await tried(theirs.receive());
      await world.sleep(PAUSE_NS);
    }
    own.close();
    theirs.close();
  }

  private async listen(
    user: UserMode, port: number, options: { linger?: number; receiveBuffer?: number },
  ): Promise<Listener | null> {
    const listener = await tried(user.listen(port, { backlog: BACKLOG, ...options }));
    if (listener !== null) this.listeners.add(listener);
    return listener;
  }

  private end(listener: Listener): void {
    this.listeners.delete(listener);
    listener.close();
  }
}

/** Whether one of them came to be ready. */
async function ready(user: UserMode, sets: SelectSets): Promise<boolean> {
  const selected = await tried(user.select(sets, PATIENCE_MS));
  const all: (readonly Selectable[])[] = [selected?.read ?? [], selected?.write ?? []];
  return all.some(({ length }) => length > 0);
}
