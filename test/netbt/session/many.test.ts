/**
 * Many sessions, opened, used and closed in every order of close, reset and lost cable, on a wire
 * that loses frames: nothing is left of them. NTSTACK_NETBT_SESSIONS says how many.
 */

import { describe, expect } from 'vitest';
import type { Machine } from '../../../host/machine/machine.js';
import type { World } from '../../../host/index.js';
import type { NetbiosSession } from '../../../host/machine/usermode.js';
import { readPoolTags } from '../../../host/kernel/inspect.js';
import { valueOf } from '../../../host/kernel/layout.js';
import { test } from '../../../host/vitest.js';
import { PATIENCE_NS, listenerOf, pairOf, pattern, sessionOf } from '../session.js';

const SESSIONS = Number(process.env['NTSTACK_NETBT_SESSIONS'] ?? 288);
/** Two of each order of ends, with and without a message that nobody has read. */
const TOGETHER = 32;
/** TCP gives up what is not acknowledged, and forgets what is over, in less (nt-facts 3.2, 3.6). */
const SILENCE_NS = 900e9;
const GAP_NS = 2e8;

/** When the cable is lost: not at all, before the first end, between both. */
const CABLES = ['whole', 'lost', 'lost between'] as const;

/** What is kept for the next when it is freed: requests, and fronts of messages. */
const KEPT = ['Irp ', 'NbtS'];

/** What is in use on a machine, and what is kept for later. */
function inUse({ kernel }: Machine): Readonly<Record<string, number>> {
  const { raw, layout } = kernel;
  const block = (what: string): number => raw.netbtBlocks(0, valueOf(layout, 'BlockCount', what));
  return {
    free: block('FREE'), inbound: block('INBOUND'), sessions: block('SESSIONS'),
    irps: raw.irpsInUse(), timers: raw.runningTimers(),
    connections: raw.tableCount(), work: raw.waitingWork(),
    ...Object.fromEntries(readPoolTags(kernel)
      .map(({ tag, allocations, frees }) => [tag, allocations - frees] as const)
      .filter(([tag, blocks]) => blocks > 0 && !KEPT.includes(tag))),
  };
}

interface Pair {
  readonly client: NetbiosSession;
  readonly server: NetbiosSession;
}

/** Sends that a lost connection does not take are no failure: nobody waits for them. */
function sendOn(session: NetbiosSession, octets: number): void {
  session.send(pattern(octets, octets)).catch(() => undefined);
}

function endOf({ client, server }: Pair, i: number, which: 0 | 1): void {
  const side = (i & 1) === which ? client : server;
  if ((i >> (1 + which)) & 1) side.close();
  else side.abort();
}

/** Opens some sessions, and ends each in another order. */
async function round(world: World, turn: number): Promise<void> {
  const cable = CABLES[turn % CABLES.length];
  const { card } = world.machine('client');
  const pairs: Pair[] = [];
  for (let i = 0; i < TOGETHER; i++) pairs.push(await sessionOf(world));
  for (const [i, { client, server }] of pairs.entries()) {
    await world.complete(client.send(pattern(400 + i, turn)), PATIENCE_NS);
    expect(await world.complete(server.receive(), PATIENCE_NS)).toEqual(pattern(400 + i, turn));
    if (i & 8) sendOn(client, 3000);
    if (i & 16) sendOn(server, 3000);
  }
  if (cable === 'lost') card.unplug();
  for (const [i, pair] of pairs.entries()) endOf(pair, i, 0);
  await world.run(GAP_NS);
  if (cable === 'lost between') card.unplug();
  for (const [i, pair] of pairs.entries()) endOf(pair, i, 1);
  await world.run(SILENCE_NS);
  if (cable !== 'whole') card.plug(world.link);
}

describe('netbt/session/many', () => {
  test(`nothing is left of ${SESSIONS} sessions`, async ({ world }) => {
    const made = await world(pairOf('wire:?loss=5%'));
    await listenerOf(made);
    // The pool grows with the first: what it has afterwards it keeps.
    for (const turn of CABLES.keys()) await round(made, turn);
    const before = made.machines.map(inUse);
    for (let turn = CABLES.length; turn * TOGETHER < SESSIONS; turn++) {
      await round(made, turn);
      expect(made.machines.map(inUse), `after round ${turn}`).toEqual(before);
    }
    for (const { sessions, inbound, irps } of before) {
      expect([sessions, inbound, irps]).toEqual([0, 0, 0]);
    }
  });
});
