/** A name server and the nodes that ask it: who has which name, until when. */

import { describe, expect } from 'vitest';
import type { Machine } from '../../host/machine/machine.js';
import type { World } from '../../host/machine/world.js';
import type { WorldOptions } from '../../host/user/create.js';
import { NameServer } from '../../host/user/nameserver.js';
import type { NameServerOptions } from '../../host/user/nameserver.js';
import { test } from '../../host/vitest.js';
import {
  NAME_OPCODE, NAME_RESULT, RECORD_TYPE, buildNamePacket, nbData, parseNamePacket,
} from '../../host/wire/nbname.js';

const SERVER = 0x0a000001;
const SECOND = 1e9;

interface Net {
  readonly world: World;
  readonly server: NameServer;
  readonly nodes: readonly [Machine, Machine, Machine];
}

/** A name server and three p nodes, which hear of one another by it alone. */
async function net(
  world: (options: WorldOptions) => Promise<World>, options: NameServerOptions = {}, nodeType = 2,
): Promise<Net> {
  const parameters = { NameServer: SERVER, NodeType: nodeType };
  const made = await world({
    link: 'switch:',
    machines: [
      { name: 'wins', address: '10.0.0.1/24' },
      ...[2, 3, 4].map((i) => ({
        name: `node${i}`, address: `10.0.0.${i}/24`, netbios: true, parameters,
      })),
    ],
  });
  const [wins, one, two, three] = made.machines as readonly [Machine, Machine, Machine, Machine];
  const server = await made.complete(NameServer.start(wins, options), SECOND);
  return { world: made, server, nodes: [one, two, three] };
}

describe('user/nameserver', () => {
  test('knows who has registered, and tells who asks', async ({ world }) => {
    const { world: run, server, nodes: [one, two] } = await net(world);
    await run.complete(one.user.netbios.add('SERVER<20>'), 30 * SECOND);
    expect(server.names()).toEqual([
      { name: 'SERVER<20>', scope: '', type: 'unique', addresses: ['10.0.0.2'] },
    ]);
    const found = await run.complete(two.user.netbios.find('SERVER<20>'), 30 * SECOND);
    expect(found).toEqual({ addresses: ['10.0.0.2'], group: false });
    expect(two.nbtCounters()).toMatchObject({ RESOLVED_BY_SERVER: 1, RESOLVED_BY_BROADCAST: 0 });
    await expect(run.complete(two.user.netbios.find('NOBODY<20>'), 30 * SECOND))
      .rejects.toMatchObject({ status: 'BAD_NETWORK_PATH' });
  });

  test('keeps a name for an owner that is there', async ({ world }) => {
    const { world: run, server, nodes: [one, two] } = await net(world);
    await run.complete(one.user.netbios.add('SERVER<20>'), 30 * SECOND);
    await expect(run.complete(two.user.netbios.add('SERVER<20>'), 30 * SECOND))
      .rejects.toMatchObject({ status: 'DUPLICATE_NAME' });
    expect(server.names()[0]?.addresses).toEqual(['10.0.0.2']);
  });

  test('gives the name of an owner that is gone to who wants it', async ({ world }) => {
    const { world: run, server, nodes: [one, two] } = await net(world);
    await run.complete(one.user.netbios.add('SERVER<20>'), 30 * SECOND);
    one.card.unplug();
    await run.complete(two.user.netbios.add('SERVER<20>'), 30 * SECOND);
    expect(server.names()[0]?.addresses).toEqual(['10.0.0.3']);
  });

  test('forgets a name that is released', async ({ world }) => {
    const { world: run, server, nodes: [one] } = await net(world);
    const name = await run.complete(one.user.netbios.add('SERVER<20>'), 30 * SECOND);
    name.delete();
    await run.run(SECOND);
    expect(server.names()).toEqual([]);
  });

  test('has groups of everybody, and internet groups by their members', async ({ world }) => {
    const { world: run, server, nodes } = await net(world);
    for (const node of nodes) {
      const group = { group: true };
      await run.complete(node.user.netbios.add('DOMAIN<00>', group), 30 * SECOND);
      await run.complete(node.user.netbios.add('DOMAIN<1C>', group), 30 * SECOND);
    }
    expect(server.names().map(({ name, type }) => [name, type])).toEqual([
      ['DOMAIN<00>', 'group'], ['DOMAIN<1C>', 'internet group'],
    ]);
    const [one] = nodes;
    const all = await run.complete(one.user.netbios.find('DOMAIN<00>'), 30 * SECOND);
    expect(all).toEqual({ addresses: ['10.0.0.255'], group: true });
    const some = await run.complete(one.user.netbios.find('DOMAIN<1C>'), 30 * SECOND);
    expect([...some.addresses].sort()).toEqual(['10.0.0.2', '10.0.0.3', '10.0.0.4']);
    await expect(run.complete(one.user.netbios.add('DOMAIN<00>'), 30 * SECOND))
      .rejects.toMatchObject({ status: 'DUPLICATE_NAME' });
  });

  test('is told again before a name expires, and forgets what is not', async ({ world }) => {
    const { world: run, server, nodes: [one, two] } = await net(world, { ttl: 1300 });
    await run.complete(one.user.netbios.add('STAYS<20>'), 30 * SECOND);
    await run.complete(two.user.netbios.add('GOES<20>'), 30 * SECOND);
    two.card.unplug();
    await run.run(4000 * SECOND);
    expect(server.names().map(({ name }) => name)).toEqual(['STAYS<20>']);
  });

  test('keeps a bounded number of names', async ({ world }) => {
    const { world: run, server, nodes: [one] } = await net(world, { mostNames: 2 });
    for (const name of ['A<20>', 'B<20>']) {
      await run.complete(one.user.netbios.add(name), 30 * SECOND);
    }
    await expect(run.complete(one.user.netbios.add('C<20>'), 30 * SECOND))
      .rejects.toMatchObject({ status: 'DUPLICATE_NAME' });
    expect(server.names()).toHaveLength(2);
  });

  test('serves h and m nodes beside their broadcasts', async ({ world }) => {
    for (const nodeType of [4, 8]) {
      const { world: run, server, nodes: [one, two] } = await net(world, {}, nodeType);
      await run.complete(one.user.netbios.add('SERVER<20>'), 30 * SECOND);
      expect(server.names()).toHaveLength(1);
      await run.complete(two.user.netbios.find('SERVER<20>'), 30 * SECOND);
      expect(two.nbtCounters()).toMatchObject(
        nodeType === 4 ? { RESOLVED_BY_BROADCAST: 1 } : { RESOLVED_BY_SERVER: 1 },
      );
    }
  });

  test('keeps a group that a member has left, and no name that is let go', async ({ world }) => {
    const { world: run, server, nodes: [one] } = await net(world);
    const names = ['SERVER<20>', 'DOMAIN<00>', 'DOMAIN<1C>', 'DOMAIN<1D>'];
    for (const [i, name] of names.entries()) {
      const added = one.user.netbios.add(name, { group: i > 0 });
      (await run.complete(added, 30 * SECOND)).delete();
      await run.run(SECOND);
    }
    expect(server.names().map(({ name }) => name)).toEqual(['DOMAIN<00>']);
  });

  test('keeps no master browser, and lets each have the name', async ({ world }) => {
    const { world: run, server, nodes: [one, two] } = await net(world);
    for (const { user } of [one, two]) {
      await run.complete(user.netbios.add('DOMAIN<1D>'), 30 * SECOND);
    }
    expect(server.names()).toEqual([]);
  });

  test('is no owner of a name that somebody says is at 127.64.64.1', async ({ world }) => {
    const { world: run, server, nodes: [one] } = await net(world);
    const socket = await run.complete(one.user.datagram(1137), SECOND);
    const question = { name: 'SERVER<20>', type: RECORD_TYPE.NB };
    await run.complete(socket.send(buildNamePacket({
      id: 7, opcode: NAME_OPCODE.REGISTRATION, question,
      additionals: [{ ...question, ttl: 600, data: nbData({ flags: 0, address: 0x7f404001 }) }],
    }), '10.0.0.1', 137), SECOND);
    await run.complete(socket.receive(), SECOND);
    expect(server.names()[0]?.addresses).toEqual(['127.64.64.1']);
    await run.complete(one.user.netbios.add('SERVER<20>'), 30 * SECOND);
    expect(server.names()[0]?.addresses).toEqual(['10.0.0.2']);
    socket.close();
  });

  test('takes a scope of 237 characters, as WINS did, and no longer one', async ({ world }) => {
    const made = await world({
      machines: [
        { name: 'wins', address: '10.0.0.1/24' }, { name: 'node', address: '10.0.0.2/24' },
      ],
    });
    const [wins, node] = made.machines as readonly [Machine, Machine];
    const server = await made.complete(NameServer.start(wins), SECOND);
    const socket = await made.complete(node.user.datagram(137), SECOND);
    const results: number[] = [];
    for (const octets of [237, 238]) {
      const scope = `${`${'A'.repeat(62)}.`.repeat(3)}${'B'.repeat(octets - 189)}`;
      expect(scope).toHaveLength(octets);
      const question = { name: 'SERVER<20>', type: RECORD_TYPE.NB };
      const data = nbData({ flags: 0, address: 0x0a000002 });
      await made.complete(socket.send(buildNamePacket({
        id: octets, opcode: NAME_OPCODE.REGISTRATION, question, scope,
        additionals: [{ ...question, ttl: 600, data }],
      }), '10.0.0.1', 137), SECOND);
      const answer = await made.complete(socket.receive(), SECOND);
      results.push(parseNamePacket(answer?.data ?? new Uint8Array(0)).result);
    }
    expect(results).toEqual([NAME_RESULT.SUCCESS, NAME_RESULT.SERVER]);
    expect(server.names().map(({ scope }) => scope.length)).toEqual([237]);
    socket.close();
  });
});
