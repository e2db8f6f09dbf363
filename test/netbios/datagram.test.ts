/** Datagrams of programs: to a name, to a group, to everybody, and who gets which. */

import { describe, expect } from 'vitest';
import type { PostedNcb } from '../../host/index.js';
import { test } from '../../host/vitest.js';
import { CLIENT, Caller, SERVER, pair, pattern } from './programs.js';

describe('netbios/datagram', () => {
  test('comes to the RECEIVE DATAGRAM of its name, the oldest first', async ({ world }) => {
    const made = await world(pair());
    const server = await Caller.start(made, 'server', SERVER);
    const client = await Caller.start(made, 'client', CLIENT);
    const receive = { command: 'RECEIVE_DATAGRAM', room: 400 } as const;
    const own = server.post({ ...receive, num: server.num });
    const any = server.post({ ...receive, num: 255, room: 5 });
    const send = { command: 'SEND_DATAGRAM', num: client.num, callname: SERVER } as const;
    for (const seed of [1, 2, 3]) await client.good({ ...send, data: pattern(10, seed) });
    expect(await server.end(own)).toMatchObject({
      code: 'GOODRET', callname: CLIENT, num: server.num, data: pattern(10, 1),
    });
    const short = await server.end(any);
    expect(short).toMatchObject({ code: 'INCOMP', num: server.num });
    expect(short.data).toEqual(pattern(10, 2).subarray(0, 5));
    expect(await client.code({ ...send, num: 99, data: '' })).toBe('ILLNN');
    expect(await client.code({ ...send, callname: 'ABSENT<20>', data: '' })).toBe('NOCALL');
    expect(await client.code({ ...send, data: new Uint8Array(0xf001) })).toBe('BUFLEN');
    expect(await server.code({ ...receive, num: 99 })).toBe('ILLNN');
  });

  test('of a group comes to each program that has the name', async ({ world }) => {
    const made = await world(pair());
    const callers: { readonly caller: Caller; readonly got: PostedNcb }[] = [];
    for (const [i, machine] of ['server', 'server', 'client'].entries()) {
      const caller = await Caller.start(made, machine, `P${i}<00>`);
      const { num } = await caller.good({ command: 'ADD_GROUP_NAME', name: 'GROUP<1E>' });
      const got = caller.post({ command: 'RECEIVE_DATAGRAM', num, room: 100 });
      callers.push({ caller, got });
    }
    const [first] = callers;
    await first?.caller.good({
      command: 'SEND_DATAGRAM', num: first.caller.num, callname: 'GROUP<1E>', data: pattern(20),
    });
    for (const { caller, got } of callers) {
      expect(await caller.end(got)).toMatchObject({ callname: 'P0<00>', data: pattern(20) });
    }
  });

  test('for everybody comes to RECEIVE BROADCAST DATAGRAM alone', async ({ world }) => {
    const made = await world(pair());
    const server = await Caller.start(made, 'server', SERVER);
    const client = await Caller.start(made, 'client', CLIENT);
    const all = server.post({ command: 'RECEIVE_BROADCAST', num: server.num, room: 100 });
    const own = server.post({ command: 'RECEIVE_DATAGRAM', num: server.num, room: 100 });
    await client.good({ command: 'SEND_BROADCAST', num: client.num, data: pattern(30) });
    expect(await server.end(all)).toMatchObject({ callname: CLIENT, data: pattern(30) });
    expect(own.retcode).toBe('PENDING');
  });
});
