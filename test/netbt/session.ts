/** Two machines with NetBT, a session between them, and one end of a session by hand. */

import type { World, WorldOptions } from '../../host/index.js';
import type { NetbiosListener, NetbiosSession, Socket } from '../../host/machine/usermode.js';
import { netbiosName } from '../../host/wire/nbname.js';

export const SERVER = '10.0.0.1';
export const NAME = 'SERVER<20>';
export const PATIENCE_NS = 60e9;
const SESSION_PORT = 139;

/** A server and a client. */
export function pairOf(link = 'wire:', options: Partial<WorldOptions> = {}): WorldOptions {
  return {
    link,
    ...options,
    machines: [
      { name: 'server', address: `${SERVER}/24`, netbios: true },
      { name: 'client', address: '10.0.0.2/24', netbios: true },
    ],
  };
}

/** What listens on the server's name; one for each world. */
const LISTENERS = new WeakMap<World, NetbiosListener>();

export async function listenerOf(world: World, direct = false): Promise<NetbiosListener> {
  const known = LISTENERS.get(world);
  if (known !== undefined) return known;
  const { sessions } = world.machine('server').user;
  const made = await world.complete(sessions.listen(NAME, { direct, backlog: 20 }), PATIENCE_NS);
  LISTENERS.set(world, made);
  return made;
}

/** Both ends of a new session. */
export async function sessionOf(
  world: World, direct = false,
): Promise<{ client: NetbiosSession; server: NetbiosSession }> {
  const listener = await listenerOf(world, direct);
  const { sessions } = world.machine('client').user;
  const call = sessions.call(NAME, 'CLIENT<00>', { address: SERVER, direct });
  const client = await world.complete(call, PATIENCE_NS);
  const server = await world.complete(listener.accept(), PATIENCE_NS);
  return { client, server };
}

/** Octets that are no others'. */
export function pattern(octets: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: octets }, (_, i) => (i * 31 + (i >>> 8) + seed) & 0xff);
}

/** A name in first-level encoding, with its length and the end of its scope. */
function encoded(name: string): number[] {
  const octets = [...netbiosName(name)];
  const letters = octets.flatMap((octet) => [0x41 + (octet >> 4), 0x41 + (octet & 15)]);
  return [letters.length, ...letters, 0];
}

/** SESSION REQUEST. */
export function sessionRequest(called = NAME, calling = 'CLIENT<00>'): Uint8Array {
  const names = [...encoded(called), ...encoded(calling)];
  return Uint8Array.from([0x81, 0, 0, names.length, ...names]);
}

/** A session whose client's end is a socket; its request may come in two pieces. */
export async function rawSession(
  world: World, noDelay = false, cut = 0,
): Promise<{ socket: Socket; server: NetbiosSession }> {
  const listener = await listenerOf(world);
  const socket = await world.complete(
    world.machine('client').user.connect(SERVER, SESSION_PORT, { noDelay }), PATIENCE_NS);
  const request = sessionRequest();
  if (cut !== 0) {
    await world.complete(socket.send(request.subarray(0, cut)), PATIENCE_NS);
    await world.run(1e8);
  }
  await world.complete(socket.send(request.subarray(cut)), PATIENCE_NS);
  const server = await world.complete(listener.accept(), PATIENCE_NS);
  const answer = await receiveExactly(world, socket, 4);
  if (answer.join() !== '130,0,0,0') throw new Error(`no positive response: ${answer.join()}`);
  return { socket, server };
}

/** So many octets of a socket. */
export async function receiveExactly(
  world: World, socket: Socket, octets: number,
): Promise<Uint8Array> {
  const all = new Uint8Array(octets);
  let have = 0;
  while (have < octets) {
    const some = await world.complete(socket.receive(octets - have), PATIENCE_NS);
    if (some === undefined) throw new Error(`the end after ${have} octets`);
    all.set(some, have);
    have += some.length;
  }
  return all;
}
