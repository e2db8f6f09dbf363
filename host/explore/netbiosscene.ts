/**
 * What a window of NetBT begins in: sessions that are called, accepted, answered, ended in order or
 * at once, listeners that come and go, and datagrams for a name, all beside one another.
 */

import type { LoadContext } from '../load/load.js';
import { formatAddress } from '../machine/address.js';
import type { Machine } from '../machine/machine.js';
import type { NetbiosListener, NetbiosSession, RegisteredName } from '../machine/usermode.js';
import type { World } from '../machine/world.js';
import { tried } from './tried.js';

/** The scene's name, for `ntstack explore`. */
export const NETBIOS = 'netbios';

/** Names are claimed at once, as far as the registry lets them. */
export const NETBIOS_PARAMETERS: Readonly<Record<string, number>> = {
  BcastNameQueryCount: 1, BcastQueryTimeout: 100,
};

/** A name on port 139, and one that is listened for on port 445. */
const SERVICES = [
  { name: 'SERVER<20>', direct: false }, { name: 'SERVER<21>', direct: true },
] as const;
const MAIL = 'SERVER<03>';
/** A listener goes, and another comes, after so many sessions. */
const LIFE = 5;
/** Every so many sessions one is ended at once. */
const ABORTED = 3;
/** Octets of each message in turn: of none, of one segment, of some. */
const LENGTHS = [0, 300, 4000] as const;

/** Keeps all clients and their server busy until it is abandoned. */
export class NetbiosScene {
  private stopped = false;
  private readonly listeners = new Set<NetbiosListener>();
  private readonly names: RegisteredName[] = [];

  start(_: World, { server, clients }: LoadContext): void {
    for (const service of SERVICES) {
      void this.serve(server, service);
      for (const client of clients) void this.call(client, server, service);
    }
    void this.read(server);
    for (const client of clients) void this.write(client, server);
  }

  abandon(): void {
    this.stopped = true;
    for (const listener of this.listeners) listener.close();
    for (const name of this.names) name.delete();
  }

  private async serve(server: Machine, { name, direct }: typeof SERVICES[number]): Promise<void> {
    while (!this.stopped) {
      const listener = await tried(server.user.sessions.listen(name, { direct, backlog: 2 }));
      if (listener === null) return;
      this.listeners.add(listener);
      for (let sessions = 0; sessions < LIFE && !this.stopped; sessions++) {
        const session = await tried(listener.accept());
        if (session !== null) void this.answer(session);
      }
      this.listeners.delete(listener);
      listener.close();
    }
  }

  private async answer(session: NetbiosSession): Promise<void> {
    for (;;) {
      const message = await tried(session.receive());
      if (message === null || message === undefined) break;
      if (await tried(session.send(message)) === null) break;
    }
    session.close();
  }

  private async call(
    client: Machine, server: Machine, { name, direct }: typeof SERVICES[number],
  ): Promise<void> {
    const address = formatAddress(server.settings.address);
    for (let turn = 0; !this.stopped; turn++) {
      const session = await tried(
        client.user.sessions.call(name, `C${turn % 2}<00>`, { address, direct }));
      if (session === null) {
        // Some time passes, also where it fails at once.
        await tried(client.ping(address));
        continue;
      }
      const message = new Uint8Array(LENGTHS[turn % LENGTHS.length] ?? 0);
      const isSent = await tried(session.send(message)) !== null;
      if (turn % ABORTED === 0 || !isSent) {
        session.abort();
      } else {
        await tried(session.receive());
        session.close();
      }
    }
  }

  /** Datagrams come in for a name. */
  private async read(server: Machine): Promise<void> {
    const name = await tried(server.user.netbios.add(MAIL));
    if (name === null) return;
    this.names.push(name);
    while (!this.stopped && await tried(name.receive()) !== undefined);
  }

  private async write(client: Machine, server: Machine): Promise<void> {
    const address = formatAddress(server.settings.address);
    const name = await tried(client.user.netbios.add(`${client.name.slice(0, 15)}<03>`));
    if (name === null) return;
    this.names.push(name);
    while (!this.stopped && await tried(name.send('to one', MAIL)) !== null) {
      await tried(name.send('to all', '*'));
      await tried(client.ping(address));
    }
  }
}
