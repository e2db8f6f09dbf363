/** A machine with two cards on two nets: a LANA each, with its own names, sessions and status. */

import { describe, expect } from 'vitest';
import { readAdapterStatus } from '../../host/index.js';
import type { World, WorldOptions } from '../../host/index.js';
import type { NcbFields } from '../../host/machine/ncb.js';
import { test } from '../../host/vitest.js';
import { Caller, PATIENCE_NS } from './programs.js';

const SECOND = 1e9;
const NAME = 'SERVER<20>';
const ROOM = 60 + 18 * 10;

/** A server on two nets, and a client on each. */
function twoNets(options: Partial<WorldOptions> = {}): WorldOptions {
  return {
    link: 'switch:',
    links: { far: 'switch:' },
    ...options,
    machines: [
      {
        name: 'server', address: '10.0.0.1/24', netbios: true,
        cards: [{ address: '10.0.1.1/24', netbios: true, link: 'far' }],
      },
      { name: 'near', address: '10.0.0.2/24', netbios: true },
      // Its first card is on the first link, where nobody is of its net.
      {
        name: 'far', address: '10.0.2.2/24',
        cards: [{ address: '10.0.1.2/24', netbios: true, link: 'far' }],
      },
    ],
  };
}

/** What each LANA of a caller's answers to an NCB. */
async function onBoth(caller: Caller, ncb: NcbFields): Promise<string[]> {
  return [await caller.code({ ...ncb, lana: 0 }), await caller.code({ ...ncb, lana: 1 })];
}

/** A session from `client`, on its LANA, with the server on another: both numbers. */
async function sessionOn(
  server: Caller, lana: number, client: Caller, own: number,
): Promise<[server: number, client: number]> {
  const listen = server.listen('*', { lana });
  const { lsn } = await client.good({
    command: 'CALL', name: client.name, callname: NAME, lana: own,
  });
  return [(await server.end(listen)).lsn, lsn];
}

async function start(world: World): Promise<{ server: Caller; near: Caller; far: Caller }> {
  const server = await Caller.start(world, 'server', NAME);
  await server.good({ command: 'RESET', lana: 1 });
  await server.good({ command: 'ADD_NAME', name: NAME, lana: 1 });
  const near = await Caller.start(world, 'near', 'NEAR<00>');
  const far = await Caller.start(world, 'far', 'FAR<00>', { lana: 1 });
  return { server, near, far };
}

describe('netbios/cards', () => {
  test('has a LANA for each card with NetBT, by the number of the card', async ({ world }) => {
    const made = await world(twoNets());
    const { server, far } = await start(made);
    const list = async (caller: Caller): Promise<number[]> =>
      [...(await caller.good({ command: 'ENUM', room: 255 })).data];
    expect(await list(server)).toEqual([2, 0, 1]);
    expect(await list(far)).toEqual([1, 1]);
    expect(await far.code({ command: 'RESET', lana: 0 })).toBe('BRIDGE');
    expect(await server.code({ command: 'RESET', lana: 2 })).toBe('BRIDGE');
    expect(await onBoth(server, { command: 'ADD_NAME', name: NAME })).toEqual(
      ['DUPNAME', 'DUPNAME']);
  });

  test('has names on each of its own, defended on its net alone', async ({ world }) => {
    const made = await world(twoNets());
    const { server, near, far } = await start(made);
    await server.good({ command: 'ADD_NAME', name: 'ONE<00>', lana: 1 });
    expect(await near.code({ command: 'ADD_NAME', name: NAME })).toBe('INUSE');
    expect(await near.code({ command: 'ADD_NAME', name: 'ONE<00>' })).toBe('GOODRET');
    expect(await far.code({ command: 'ADD_NAME', name: 'ONE<00>', lana: 1 })).toBe('INUSE');
    await server.good({ command: 'DELETE_NAME', name: NAME, lana: 1 });
    expect(await far.code({ command: 'ADD_NAME', name: NAME, lana: 1 })).toBe('GOODRET');
    expect(await server.code({ command: 'ADD_NAME', name: NAME, lana: 0 })).toBe('DUPNAME');
  });

  test('has sessions on each, and one cable that is pulled leaves the other', async ({ world }) => {
    const made = await world(twoNets());
    const { server, near, far } = await start(made);
    const [nearEnd, nearLsn] = await sessionOn(server, 0, near, 0);
    const [farEnd, farLsn] = await sessionOn(server, 1, far, 1);
    const say = async (
      [from, lana, lsn]: [Caller, number, number], [to, on, end]: [Caller, number, number],
    ): Promise<string> => {
      const came = to.post({ command: 'RECEIVE', lsn: end, lana: on, room: 100 });
      await from.good({ command: 'SEND', lsn, lana, data: `by LANA ${lana}` });
      return new TextDecoder().decode((await to.end(came)).data);
    };
    expect(await say([near, 0, nearLsn], [server, 0, nearEnd])).toBe('by LANA 0');
    expect(await say([server, 1, farEnd], [far, 1, farLsn])).toBe('by LANA 1');
    expect(await server.code({ command: 'SEND', lsn: farEnd + 7, lana: 1, data: '' }))
      .toBe('SNUMOUT');
    made.machine('server').cards[1]?.unplug();
    const lost = server.post({ command: 'SEND', lsn: farEnd, lana: 1, data: 'lost' });
    expect(await say([near, 0, nearLsn], [server, 0, nearEnd])).toBe('by LANA 0');
    expect(lost.retcode).toBe('PENDING');
    await made.complete(lost.done, 600 * SECOND);
    expect(lost.retcode).toBe('SABORT');
    expect(await say([server, 0, nearEnd], [near, 0, nearLsn])).toBe('by LANA 0');
  });

  test('says in ADAPTER STATUS of each its card and its names', async ({ world }) => {
    const made = await world(twoNets());
    const { server, near, far } = await start(made);
    await server.good({ command: 'ADD_NAME', name: 'ONE<00>', lana: 1 });
    const status = async (caller: Caller, callname: string, lana: number) => {
      const { data } = await caller.good({ command: 'ADAPTER_STATUS', callname, lana, room: ROOM });
      const { mac, names } = readAdapterStatus(data);
      return { mac: [...mac], names: names.map(({ name }) => name) };
    };
    const first = { mac: [2, 0, 10, 0, 0, 1], names: [NAME] };
    const second = { mac: [2, 0, 10, 0, 1, 1], names: [NAME, 'ONE<00>'] };
    expect(await status(server, '*', 0)).toEqual(first);
    expect(await status(server, '*', 1)).toEqual(second);
    expect(await status(near, NAME, 0)).toEqual(first);
    expect(await status(far, NAME, 1)).toEqual(second);
  });

  test('sends by the card on whose net the other is, others by its gateway', async ({ world }) => {
    const made = await world({
      ...twoNets(),
      machines: twoNets().machines.map((each) => each.name !== 'server' ? each : {
        ...each,
        cards: (each.cards ?? []).map((card) => ({ ...card, gateway: '10.0.1.2' })),
      }),
    });
    const [server, near, far] = made.machines;
    const counts = (): (number | undefined)[] =>
      [0, 1].map((i) => server?.cards[i]?.stats.framesOut);
    const between = async (run: () => Promise<unknown> | undefined): Promise<number[]> => {
      const before = counts();
      await made.complete(run() ?? Promise.reject(), PATIENCE_NS);
      return counts().map((count, i) => (count ?? NaN) - (before[i] ?? NaN));
    };
    // An ARP request and an echo.
    expect(await between(async () => server?.ping('10.0.0.2'))).toEqual([2, 0]);
    expect(await between(async () => server?.ping('10.0.1.2'))).toEqual([0, 2]);
    // Its gateway has the card, and no route back: the echo goes all the same.
    expect(await between(async () => server?.ping('10.9.9.9', { timeoutMs: 1000 }).catch(() => 0)))
      .toEqual([0, 1]);
    await made.complete(near?.ping('10.0.0.1') ?? Promise.reject(), PATIENCE_NS);
    await made.complete(far?.ping('10.0.1.1') ?? Promise.reject(), PATIENCE_NS);
  });
});

describe('machine/cards', () => {
  test('refuses cards that are none, or share a net, in a line', async ({ world }) => {
    const of = async (card: object): Promise<World> => world({
      machines: [{ name: 'm', address: '10.0.0.1/24', cards: [card] }],
    } as unknown as WorldOptions);
    await expect(of(null as never)).rejects.toThrow('m: cards: 0: a card is { address }');
    await expect(of({})).rejects.toThrow('m: cards: 0: a card is { address }');
    await expect(of({ address: '10.0.1.1/33' })).rejects.toThrow('m: cards: 0: address: ');
    await expect(world({
      machines: [{ name: 'm', address: '10.0.0.1/24', cards: 'x' }],
    } as unknown as WorldOptions)).rejects.toThrow('m: cards: a list of cards');
    await expect(of({ address: '10.0.0.9/16' })).rejects.toThrow(
      'cards: 10.0.0.1 and 10.0.0.9 are on one net');
    await expect(of({ address: '10.0.0.1/24' })).rejects.toThrow('have the same address');
    await expect(of({ address: '10.0.1.1/24', speed: 1 })).rejects.toThrow(
      'cards: 0: a card has no speed');
    await expect(of({ address: '10.0.1.1/24', netbios: 1 })).rejects.toThrow(
      'cards: 0: netbios: true or false, and not 1');
    await expect(of({ address: '10.0.1.1/24', link: 'other' })).rejects.toThrow(
      "m: link: the world's links have no other");
    await expect(of({ address: '10.0.1.1/24', gateway: '10.0.0.2' })).rejects.toThrow(
      'cards: 0: gateway: 10.0.0.2 is not on the net of 10.0.1.1');
  });
});
