/** Machines in a scope hear of one another, and of nobody outside it. */

import { describe, expect } from 'vitest';
import type { Machine } from '../../host/machine/machine.js';
import { test } from '../../host/vitest.js';
import { encodeName } from '../../host/wire/nbname.js';
import { NAME, PATIENCE_NS, SERVER, receiveExactly } from './session.js';

/** As long as one may be: each name of a session request has 255 octets with it. */
const LONGEST = ['A'.repeat(63), 'B'.repeat(63), 'C'.repeat(63), 'D'.repeat(28)].join('.');
/** Two machines, of which the first is the server; the other's scope may be another. */
const machines = (scopeId: string, other = scopeId) => [
  { name: 'server', address: `${SERVER}/24`, netbios: true, scopeId },
  { name: 'client', address: '10.0.0.2/24', netbios: true, scopeId: other },
];

describe('a scope', () => {
  test('keeps names apart: the same name on one net, twice', async ({ world }) => {
    const made = await world({
      link: 'switch:',
      machines: ['CORP.EXAMPLE', 'CORP.EXAMPLE', 'corp.example', '*'].map((scopeId, i) => (
        { name: `m${i}`, address: `10.0.0.${i + 1}/24`, netbios: true, scopeId }
      )),
    });
    const [inside, alike, lower, none] =
      made.machines as readonly [Machine, Machine, Machine, Machine];
    await made.complete(inside.user.netbios.add('SERVER<20>'), 30e9);
    await made.complete(lower.user.netbios.add('SERVER<20>'), 30e9);
    await made.complete(none.user.netbios.add('SERVER<20>'), 30e9);
    const found = await made.complete(alike.user.netbios.find('SERVER<20>'), 30e9);
    expect(found.addresses).toEqual(['10.0.0.1']);
    expect(none.nbtDrops()['NAME_SCOPE']).toBeGreaterThan(0);
    const { names } = await made.complete(alike.user.netbios.status('10.0.0.1'), 30e9);
    expect(names.map(({ name }) => name)).toEqual(['SERVER<20>']);
  });

  for (const scopeId of ['LAB.EXAMPLE', LONGEST]) {
    test(`of ${scopeId.length} octets is in session requests`, async ({ world }) => {
      const made = await world({ machines: machines(scopeId) });
      const [server, client] = made.machines as readonly [Machine, Machine];
      const listener = await made.complete(server.user.sessions.listen(NAME), PATIENCE_NS);
      const called = await made.complete(
        client.user.sessions.call(NAME, 'CLIENT<00>', { address: SERVER }), PATIENCE_NS);
      const accepted = await made.complete(listener.accept(), PATIENCE_NS);
      expect(accepted.remoteName).toBe('CLIENT<00>');
      await made.complete(called.send('hello'), PATIENCE_NS);
      const heard = await made.complete(accepted.receive(), PATIENCE_NS);
      expect(new TextDecoder().decode(heard)).toBe('hello');
      called.close();
      accepted.close();
      listener.close();
      await made.run(PATIENCE_NS);
    });
  }

  test('is that of the machine, octet for octet', async ({ world }) => {
    const made = await world({
      machines: [
        { name: 'server', address: `${SERVER}/24` },
        { name: 'client', address: '10.0.0.2/24', netbios: true, scopeId: 'LAB' },
      ],
    });
    const [server, client] = made.machines as readonly [Machine, Machine];
    const listener = await made.complete(server.user.listen(139), PATIENCE_NS);
    const call = client.user.sessions.call(NAME, 'CLIENT<00>', { address: SERVER });
    const outcome = call.catch((thrown: unknown) => (thrown as { status: string }).status);
    const socket = await made.complete(listener.accept(), PATIENCE_NS);
    const names = [...encodeName(NAME, 'LAB'), ...encodeName('CLIENT<00>', 'LAB')];
    expect([...await receiveExactly(made, socket, 4 + names.length)])
      .toEqual([0x81, 0, 0, names.length, ...names]);
    socket.abort();
    // Error 53, as Q141344 has it of a request that is answered by RST.
    expect(await made.complete(outcome, PATIENCE_NS)).toBe('BAD_NETWORK_PATH');
    listener.close();
    await made.run(PATIENCE_NS);
  });

  test('keeps sessions apart: who calls in another is not heard', async ({ world }) => {
    for (const [scopeId, other] of [['LAB', 'lab'], ['LAB', '*'], ['*', 'LAB']] as const) {
      const made = await world({ machines: machines(scopeId, other) });
      const [server, client] = made.machines as readonly [Machine, Machine];
      await made.complete(server.user.sessions.listen(NAME), PATIENCE_NS);
      await expect(made.complete(
        client.user.sessions.call(NAME, 'CLIENT<00>', { address: SERVER }), PATIENCE_NS),
      ).rejects.toMatchObject({ status: 'BAD_NETWORK_PATH' });
      await made.run(PATIENCE_NS);
    }
  });

  test('is refused where it is none', async ({ machine }) => {
    for (const scopeId of ['A..B', 'A B', 'X'.repeat(64), 'A'.repeat(60).concat('.B').repeat(4)]) {
      await expect(machine({ scopeId })).rejects.toThrow(`scopeId: '${scopeId}' is no scope`);
    }
  });
});
