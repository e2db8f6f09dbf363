/** What happens twice before a gate that is shut (Q186873) has happened once when it opens. */

import { describe, expect } from 'vitest';
import type { World, WorldOptions } from '../../host/index.js';
import { test } from '../../host/vitest.js';
import { CLIENT, Caller, SERVER, pattern } from './programs.js';

/** A server whose LANA is shut where a session is lost, and which soon knows that it is. */
const OPTIONS: WorldOptions = {
  link: 'wire:',
  machines: [
    {
      name: 'server', address: '10.0.0.1/24', netbios: true, faults: ['Q186873'],
      parameters: { TcpMaxDataRetransmissions: 2 },
    },
    { name: 'client', address: '10.0.0.2/24', netbios: true },
  ],
};
/** Half seconds after which a SEND has had its time: after TCP has given up. */
const SEND_LIMIT = 40;
/** The number of the server's program. */
const FIRST_PROGRAM = 1;
/** So long the gate is shut (SSN_CLOSE_TIMEOUT), and longer. */
const SHUT_NS = 31e9;

/** The server's program, with as many sessions as are asked for; the client's cable is pulled. */
async function lost(world: World, sessions: number): Promise<{ server: Caller; lsns: number[] }> {
  const server = await Caller.start(world, 'server', SERVER);
  const client = await Caller.start(world, 'client', CLIENT);
  const lsns: number[] = [];
  for (let i = 0; i < sessions; i++) {
    const listening = server.listen('*', { sto: SEND_LIMIT });
    await client.end(client.call(SERVER));
    lsns.push((await server.end(listening)).lsn);
  }
  await world.run(1e9);
  world.machine('client').card.unplug();
  return { server, lsns };
}

async function untilLost(world: World, left: number): Promise<void> {
  const connections = () => world.machine('server').connections();
  for (let i = 0; i < 600 && connections().length > left; i++) await world.run(1e8);
  expect(connections()).toHaveLength(left);
}

describe('netbios: before a gate that is shut', () => {
  test('a SEND is lost and has had its time, and ends once', async ({ world }) => {
    const made = await world(OPTIONS);
    const { server, lsns: [first = 0, second = 0] } = await lost(made, 2);
    server.post({ command: 'SEND', lsn: first, data: pattern(100) });
    await made.run(1e9);
    const sent = server.post({ command: 'SEND', lsn: second, data: pattern(100) });
    await untilLost(made, 0);
    await made.run(SEND_LIMIT / 2 * 1e9);
    expect(sent.retcode).toBe('PENDING');
    await made.run(2 * SHUT_NS);
    expect(['SABORT', 'CMDTMO']).toContain(sent.retcode);
    server.program.end();
  });

  test('a program is gone, and is said to be once more', async ({ world }) => {
    const made = await world(OPTIONS);
    const { server, lsns: [lsn = 0] } = await lost(made, 1);
    server.post({ command: 'SEND', lsn, data: pattern(100) });
    await untilLost(made, 0);
    const waits = server.post({ command: 'SESSION_STATUS', name: '*', room: 1000 });
    expect(waits.retcode).toBe('PENDING');
    server.program.end();
    made.machine('server').kernel.raw.netbiosEnd(FIRST_PROGRAM);
    await made.run(2 * SHUT_NS);
    expect(await Caller.start(made, 'server', '')).toBeDefined();
  });
});
