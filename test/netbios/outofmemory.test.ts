/** The n-th allocation fails, for every n of what programs do: an answer each time, and no leak. */

import { describe, expect } from 'vitest';
import type { NcbFields, NetbiosProgram, World } from '../../host/index.js';
import { test } from '../../host/vitest.js';
import { pair, pattern } from './programs.js';

const PATIENCE_NS = 60e9;

/** What a program may be told without memory, besides what it is told anyway. */
const CODES = new Set([
  'GOODRET', 'NORES', 'ENVNOTDEF', 'NOWILD', 'ILLNN', 'SNUMOUT', 'SABORT', 'SCLOSED', 'NOCALL',
  'REMTFUL', 'PENDING', 'INCOMP', 'CMDTMO',
]);

/** All commands once, whatever becomes of each; what the programs leave ends with them. */
async function play(world: World, machine: string): Promise<void> {
  const server = world.machine('server').user.netbios.program();
  const client = world.machine('client').user.netbios.program();
  const codes: string[] = [];
  const note = (program: NetbiosProgram, ncb: NcbFields): void => {
    program.post(ncb, ({ code }) => codes.push(code));
  };
  const both = async (ncb: NcbFields): Promise<void> => {
    for (const each of [server, client]) note(each, ncb);
    await world.run(3e9);
  };
  await both({ command: 'RESET', permanent: true });
  note(server, { command: 'ADD_NAME', name: 'SERVER<20>' });
  note(client, { command: 'ADD_NAME', name: 'CLIENT<00>' });
  await both({ command: 'ADD_GROUP_NAME', name: 'GROUP<1E>' });
  note(server, { command: 'LISTEN', name: 'SERVER<20>', callname: '*' });
  note(client, { command: 'CALL', name: 'CLIENT<00>', callname: 'SERVER<20>' });
  for (const room of [10, 100]) await both({ command: 'RECEIVE_DATAGRAM', num: 255, room });
  await both({ command: 'RECEIVE_BROADCAST', num: 255, room: 100 });
  await both({ command: 'SEND_DATAGRAM', num: 2, callname: 'GROUP<1E>', data: pattern(50) });
  await both({ command: 'SEND_BROADCAST', num: 2, data: pattern(5) });
  await both({ command: 'SEND', lsn: 1, data: pattern(500) });
  await both({ command: 'CHAIN_SEND', lsn: 1, data: pattern(5), more: pattern(5) });
  await both({ command: 'RECEIVE', lsn: 1, room: 100 });
  await both({ command: 'RECEIVE_ANY', num: 255, room: 1000 });
  await both({ command: 'ADAPTER_STATUS', callname: '*', room: 200 });
  await both({ command: 'ADAPTER_STATUS', callname: 'SERVER<20>', room: 200 });
  await both({ command: 'FIND_NAME', callname: 'CLIENT<00>', room: 200 });
  await both({ command: 'SESSION_STATUS', name: '*', room: 200 });
  note(machine === 'server' ? server : client, { command: 'HANG_UP', lsn: 1 });
  await both({ command: 'DELETE_NAME', name: 'GROUP<1E>' });
  for (const code of codes) expect(CODES).toContain(code);
  await world.run(PATIENCE_NS);
  server.end();
  client.end();
  await world.run(PATIENCE_NS);
}

describe('netbios without memory', () => {
  test.for(['server', 'client'])('%s: the n-th allocation fails', { timeout: 600_000 }, async (
    name, { world: make, finish },
  ) => {
    let n = 0;
    for (let failures = 1; failures > 0;) {
      n++;
      const world = await make({ ...pair(), digest: false });
      const { raw } = world.machine(name).kernel;
      raw.failAllocation(n, 0);
      await play(world, name);
      failures = raw.poolFailures();
      raw.failAllocation(0, 0);
      await finish();
      if (n > 1000) throw new Error('it never runs out of allocations');
    }
    expect(n).toBeGreaterThan(50);
  });
});
