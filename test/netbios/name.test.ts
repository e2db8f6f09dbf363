/** Names of programs: added, shared, refused, deleted; what there is of them; where they are. */

import { describe, expect } from 'vitest';
import { readAdapterStatus, readFindName, readSessionStatus } from '../../host/index.js';
import { test } from '../../host/vitest.js';
import { CLIENT, Caller, SERVER, pair, talk } from './programs.js';

describe('netbios/name', () => {
  test('needs a RESET first, of each program; ENUM does not', async ({ world }) => {
    const made = await world(pair());
    const program = made.machine('server').user.netbios.program();
    const add = { command: 'ADD_NAME', name: 'A<00>' } as const;
    const code = async (ncb: Parameters<typeof program.netbios>[0]) =>
      (await made.complete(program.netbios(ncb), 60e9)).code;
    expect(await code(add)).toBe('ENVNOTDEF');
    const list = await made.complete(program.netbios({ command: 'ENUM', room: 255 }), 1e9);
    expect([list.code, ...list.data]).toEqual(['GOODRET', 1, 0]);
    expect(await code({ command: 'ENUM', room: 1 })).toBe('BUFLEN');
    expect(await code({ command: 'RESET' })).toBe('GOODRET');
    expect(await code({ command: 'RESET', lana: 1 })).toBe('BRIDGE');
    expect(await code({ command: 'RESET', lana: 255 })).toBe('BRIDGE');
    expect(await code(add)).toBe('GOODRET');
    expect(await code({ command: 'RESET', lsn: 1 })).toBe('GOODRET');
    expect(await code(add)).toBe('ENVNOTDEF');
    for (const command of ['ACTION', 'TRACE'] as const) {
      expect(await code({ command })).toBe('ILLCMD');
    }
    expect(await code({ command: 'UNLINK' })).toBe('GOODRET');
  });

  test('has a number from 2 on, and as many as were asked for', async ({ world }) => {
    const one = await Caller.start(await world(pair()), 'server', '', { names: 2 });
    expect(await one.good({ command: 'ADD_NAME', name: 'A<00>' })).toMatchObject({ num: 2 });
    expect(await one.good({ command: 'ADD_GROUP_NAME', name: 'B<00>' })).toMatchObject({ num: 3 });
    expect(await one.code({ command: 'ADD_NAME', name: 'C<00>' })).toBe('NAMTFUL');
    expect(await one.code({ command: 'ADD_NAME', name: 'A<00>' })).toBe('DUPNAME');
    expect(await one.code({ command: 'ADD_NAME', name: '*' })).toBe('NOWILD');
    await one.good({ command: 'DELETE_NAME', name: 'A<00>' });
    expect(await one.code({ command: 'DELETE_NAME', name: 'A<00>' })).toBe('NOWILD');
    expect(await one.good({ command: 'ADD_NAME', name: 'C<00>' })).toMatchObject({ num: 4 });
  });

  test('is one program\'s alone, unless it is a group\'s', async ({ world }) => {
    const made = await world(pair());
    const one = await Caller.start(made, 'server', 'A<00>');
    const two = await Caller.start(made, 'server', '');
    const far = await Caller.start(made, 'client', '');
    expect(await two.code({ command: 'ADD_NAME', name: 'A<00>' })).toBe('DUPNAME');
    expect(await far.code({ command: 'ADD_NAME', name: 'A<00>' })).toBe('INUSE');
    for (const each of [one, two, far]) {
      await each.good({ command: 'ADD_GROUP_NAME', name: 'GROUP<1E>' });
    }
    one.program.end();
    await two.good({ command: 'ADD_NAME', name: 'A<00>' });
  });

  test('goes with what waits for it; a session keeps it', async ({ world }) => {
    const { server, serverLsn } = await talk(await world(pair()));
    const listen = server.listen();
    const any = server.post({ command: 'RECEIVE_ANY', num: server.num, room: 1 });
    const datagram = server.post({ command: 'RECEIVE_DATAGRAM', num: server.num, room: 1 });
    expect(await server.code({ command: 'DELETE_NAME', name: SERVER })).toBe('ACTSES');
    for (const each of [listen, any, datagram]) {
      expect((await server.end(each)).code).toBe('NAMERR');
    }
    expect(await server.code({ command: 'ADD_NAME', name: SERVER })).toBe('DUPNAME');
    await server.good({ command: 'HANG_UP', lsn: serverLsn });
    await server.good({ command: 'ADD_NAME', name: SERVER });
  });

  test('is in ADAPTER STATUS, near and far', async ({ world }) => {
    const made = await world(pair());
    const server = await Caller.start(made, 'server', SERVER, { permanent: true });
    await server.good({ command: 'ADD_GROUP_NAME', name: 'GROUP<1E>' });
    const client = await Caller.start(made, 'client', CLIENT);
    const room = 60 + 18 * 10;
    const near = await server.good({ command: 'ADAPTER_STATUS', callname: '*', room });
    const own = readAdapterStatus(near.data);
    expect(own.names.slice(1)).toEqual([
      { name: SERVER, num: 2, group: false, state: 'registered' },
      { name: 'GROUP<1E>', num: 3, group: true, state: 'registered' },
    ]);
    expect(own.names[0]).toMatchObject({ num: 1, group: false });
    const far = await client.good({ command: 'ADAPTER_STATUS', callname: SERVER, room });
    const status = readAdapterStatus(far.data);
    expect(status.names.map(({ name }) => name).sort()).toEqual(
      own.names.map(({ name }) => name).sort());
    expect(status.mac).toEqual(own.mac);
    const short = { command: 'ADAPTER_STATUS', callname: '*', room: 70 } as const;
    expect(await client.code(short)).toBe('INCOMP');
    expect(await client.code({ ...short, callname: 'ABSENT<20>' })).toBe('NOCALL');
  });

  test('is found where it is', async ({ world }) => {
    const made = await world(pair());
    const server = await Caller.start(made, 'server', SERVER);
    await server.good({ command: 'ADD_GROUP_NAME', name: 'GROUP<1E>' });
    const client = await Caller.start(made, 'client', CLIENT);
    const find = async (callname: string) =>
      readFindName((await client.good({ command: 'FIND_NAME', callname, room: 200 })).data);
    expect(await find(SERVER)).toEqual({ group: false, addresses: [0x0a000001] });
    expect(await find('GROUP<1E>')).toMatchObject({ group: true });
    expect(await client.code({ command: 'FIND_NAME', callname: 'ABSENT<20>', room: 200 }))
      .toBe('NOCALL');
  });

  test('has sessions, which SESSION STATUS tells', async ({ world }) => {
    const { server, client, serverLsn } = await talk(await world(pair()));
    server.receive(serverLsn);
    server.listen();
    server.post({ command: 'RECEIVE_DATAGRAM', num: 255, room: 1 });
    const { data } = await server.good({ command: 'SESSION_STATUS', name: '*', room: 200 });
    expect(readSessionStatus(data)).toEqual({
      num: 255, datagrams: 1, any: 0,
      sessions: [
        {
          lsn: serverLsn, state: 'established', local: SERVER, remote: CLIENT, receives: 1,
          sends: 0,
        },
        {
          lsn: serverLsn + 1, state: 'listen', local: SERVER, remote: '*<00>', receives: 0,
          sends: 0,
        },
      ],
    });
    const named = await client.good({ command: 'SESSION_STATUS', name: CLIENT, room: 200 });
    expect(readSessionStatus(named.data)).toMatchObject({
      num: client.num, sessions: [{ lsn: 1 }],
    });
    const ask = { command: 'SESSION_STATUS', name: '*' } as const;
    expect(await client.code({ ...ask, name: 'NO<00>', room: 9 })).toBe('NOWILD');
    expect(await client.code({ ...ask, room: 3 })).toBe('BUFLEN');
    expect(await client.code({ ...ask, room: 9 })).toBe('INCOMP');
  });
});
