/**
 * The debugger's eyes for connections that are over: who has not told whom, and which connection
 * blocks are in use for nobody. Reads only, as inspect.ts does.
 */

import { NONE, valueOf } from './layout.js';
import type { Kernel } from './load.js';
import { nameOf } from './status.js';

/** A connection that is over, and whose client has not been told. */
export interface OwedEndView {
  /** Who owes it, and to whom: drivers. */
  readonly transport: string;
  readonly client: string;
  /** Where the connection lies. */
  readonly address: number;
  /** The client's own word for it. */
  readonly context: number;
  /** An IPv4 address as a number. */
  readonly remoteAddress: number;
  readonly remotePort: number;
  readonly endedTick: number;
  /** Octets that the transport counts as held for its client, and those that there are. */
  readonly counted: number;
  readonly kept: number;
  /** Something waits of which the client has been told, and for which it has not asked. */
  readonly clientsTurn: boolean;
  /** The transport has no such connection any more. */
  readonly lost: boolean;
}

/** Blocks that a driver has in a limited number. */
export interface BlockSetView {
  readonly name: string;
  /** All of them. */
  readonly blocks: number;
  /** Those that are in use although what they are bound to is over: their addresses. */
  readonly forNobody: readonly { readonly address: number; readonly endedTick: number }[];
}

/** A limit for lists of the kernel that might be damaged. */
const MOST = 1 << 24;

/** One connection, to be asked. */
type Ask = (query: string) => number;

function asker({ raw, layout }: Kernel, transport: string, address: number): Ask {
  const number = valueOf(layout, 'Transport', transport);
  return (query) => raw.askEnd(number, address, valueOf(layout, 'EndQuery', query)) >>> 0;
}

/** The connections of all transports that are over, and whose client has not been told. */
export function readOwedEnds(kernel: Kernel): OwedEndView[] {
  const found: OwedEndView[] = [];
  const { raw } = kernel;
  let position = raw.nextConnection(0) >>> 0;
  for (let left = MOST; position !== NONE && left > 0; left--) {
    const address = raw.connectionAt(position) >>> 0;
    const ask = asker(kernel, 'TCPIP', address);
    if (ask('IS_OWED') !== 0) found.push(viewOf(kernel, 'TCPIP', address, ask));
    position = raw.nextConnection(position + 1) >>> 0;
  }
  for (const address of blocksOf(kernel)) {
    const ask = asker(kernel, 'NETBT', address);
    if (ask('IS_OWED') !== 0) found.push(viewOf(kernel, 'NETBT', address, ask));
    if (ask('IS_LOST') !== 0) found.push(lostOf(kernel, address, ask));
  }
  return found;
}

function viewOf(kernel: Kernel, transport: string, address: number, ask: Ask): OwedEndView {
  return {
    transport: transport.toLowerCase(),
    client: nameOf(kernel.layout, 'TransportClient', ask('CLIENT')).toLowerCase(),
    address,
    context: ask('CONTEXT'),
    remoteAddress: ask('REMOTE_ADDRESS'),
    remotePort: ask('REMOTE_PORT'),
    endedTick: ask('ENDED_TICK'),
    counted: ask('COUNTED'),
    kept: ask('KEPT'),
    clientsTurn: ask('IS_CLIENTS_TURN') !== 0,
    lost: false,
  };
}

/** NetBT has not been told by TCP. */
function lostOf(kernel: Kernel, address: number, ask: Ask): OwedEndView {
  const view = viewOf(kernel, 'NETBT', address, ask);
  return {
    ...view,
    transport: 'tcpip',
    client: 'netbt',
    context: address,
    counted: 0,
    kept: 0,
    clientsTurn: false,
    lost: true,
  };
}

function blocksOf({ raw }: Kernel): number[] {
  const found: number[] = [];
  let address = raw.nextBlock(0) >>> 0;
  while (address !== 0 && found.length < MOST) {
    found.push(address);
    address = raw.nextBlock(address) >>> 0;
  }
  return found;
}

/** The connection blocks of each device of NetBT that has some in use. */
export function readBlockSets(kernel: Kernel): BlockSetView[] {
  const { raw, layout } = kernel;
  const sets = new Map<number, { used: number; forNobody: BlockSetView['forNobody'][number][] }>();
  for (const address of blocksOf(kernel)) {
    const ask = asker(kernel, 'NETBT', address);
    const device = ask('DEVICE');
    const set = sets.get(device) ?? { used: 0, forNobody: [] };
    sets.set(device, set);
    set.used++;
    if (ask('IS_FOR_NOBODY') !== 0) set.forNobody.push({ address, endedTick: ask('ENDED_TICK') });
  }
  const free = valueOf(layout, 'BlockCount', 'FREE');
  return [...sets].map(([device, { used, forNobody }]) => ({
    name: `connection blocks of NetBT ${device}`,
    blocks: used + (raw.netbtBlocks(device, free) >>> 0),
    forNobody,
  }));
}
