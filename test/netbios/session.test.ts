/** Sessions of programs: CALL, LISTEN, SEND, RECEIVE, RECEIVE ANY, CHAIN SEND, HANG UP. */

import { describe, expect } from 'vitest';
import { test } from '../../host/vitest.js';
import { CLIENT, Caller, SERVER, pair, pattern, talk } from './programs.js';

describe('netbios/session', () => {
  test('is there for who calls and who listens, by their numbers and names', async ({ world }) => {
    const made = await world(pair());
    const server = await Caller.start(made, 'server', SERVER);
    const client = await Caller.start(made, 'client', CLIENT);
    expect(await client.end(client.call(SERVER))).toMatchObject({ code: 'REMTFUL' });
    const wrong = server.listen('NOBODY<00>');
    const right = server.listen();
    const called = await client.end(client.call(SERVER));
    expect(called).toMatchObject({ code: 'GOODRET', lsn: 2 });
    expect(await server.end(right)).toMatchObject({ code: 'GOODRET', lsn: 2, callname: CLIENT });
    expect(wrong.retcode).toBe('PENDING');
    expect(await client.end(client.call('ABSENT<20>'))).toMatchObject({ code: 'NOCALL' });
    expect(await client.code({ command: 'CALL', name: 'OTHER<00>', callname: SERVER }))
      .toBe('NOWILD');
  });

  test('carries messages whole, empty ones too, in their order', async ({ world }) => {
    const { server, client, serverLsn, clientLsn } = await talk(await world(pair()));
    const first = server.receive(serverLsn);
    await client.good({ command: 'SEND', lsn: clientLsn, data: pattern(500) });
    expect((await server.end(first)).data).toEqual(pattern(500));
    for (const octets of [0, 1, 0, 4096, 3]) {
      await client.good({ command: 'SEND', lsn: clientLsn, data: pattern(octets) });
    }
    for (const octets of [0, 1, 0, 4096, 3]) {
      const came = await server.good({ command: 'RECEIVE', lsn: serverLsn, room: 8192 });
      expect(came.data).toEqual(pattern(octets));
    }
    const sent = server.post({ command: 'SEND', lsn: serverLsn, data: pattern(60_000) });
    const all = await client.good({ command: 'RECEIVE', lsn: clientLsn, room: 65_535 });
    expect(all.data).toEqual(pattern(60_000));
    expect((await server.end(sent)).code).toBe('GOODRET');
  });

  test('gives what has no room to the next RECEIVE', async ({ world }) => {
    const { server, client, serverLsn, clientLsn } = await talk(await world(pair()));
    await client.good({ command: 'SEND', lsn: clientLsn, data: pattern(250) });
    const receive = async () => server.do({ command: 'RECEIVE', lsn: serverLsn, room: 100 });
    const parts = [await receive(), await receive(), await receive()];
    expect(parts.map(({ code }) => code)).toEqual(['INCOMP', 'INCOMP', 'GOODRET']);
    const octets = parts.flatMap(({ data }) => [...data]);
    expect(Uint8Array.from(octets)).toEqual(pattern(250));
  });

  test('sends both buffers of a CHAIN SEND as one message', async ({ world }) => {
    const { server, client, serverLsn, clientLsn } = await talk(await world(pair()));
    for (const command of ['CHAIN_SEND', 'CHAIN_SEND_NO_ACK'] as const) {
      await client.good({ command, lsn: clientLsn, data: pattern(700), more: pattern(300, 7) });
      const came = await server.good({ command: 'RECEIVE', lsn: serverLsn, room: 2000 });
      expect(came.data).toEqual(Uint8Array.from([...pattern(700), ...pattern(300, 7)]));
    }
    await client.good({ command: 'SEND_NO_ACK', lsn: clientLsn, data: pattern(5) });
    const came = await server.good({ command: 'RECEIVE', lsn: serverLsn, room: 2000 });
    expect(came.data).toEqual(pattern(5));
  });

  test('gives a message to a RECEIVE ANY where no RECEIVE waits', async ({ world }) => {
    const { server, client, serverLsn, clientLsn } = await talk(await world(pair()));
    const any = server.post({ command: 'RECEIVE_ANY', num: 255, room: 100 });
    const own = server.post({ command: 'RECEIVE_ANY', num: server.num, room: 100 });
    const first = server.receive(serverLsn);
    for (const seed of [1, 2, 3]) {
      await client.good({ command: 'SEND', lsn: clientLsn, data: pattern(10, seed) });
    }
    expect((await server.end(first)).data).toEqual(pattern(10, 1));
    const { num } = server;
    expect(await server.end(own)).toMatchObject({ lsn: serverLsn, num, data: pattern(10, 2) });
    expect(await server.end(any)).toMatchObject({ lsn: serverLsn, num, data: pattern(10, 3) });
    expect(await server.code({ command: 'RECEIVE_ANY', num: 77, room: 1 })).toBe('ILLNN');
  });

  test('completes a SEND when TCP has it acknowledged, whoever receives', async ({ world }) => {
    const made = await world(pair('wire:?delay=100ms'));
    const { server, client, serverLsn, clientLsn } = await talk(made);
    const since = made.clock.now;
    await client.good({ command: 'SEND', lsn: clientLsn, data: pattern(1000) });
    const took = made.clock.now - since;
    expect(took).toBeGreaterThanOrEqual(200e6);
    expect(took).toBeLessThan(500e6);
    const { data } = await server.good({ command: 'RECEIVE', lsn: serverLsn, room: 1000 });
    expect(data).toEqual(pattern(1000));
  });

  test('hung up: what was sent arrives, and then its end', async ({ world }) => {
    const { server, client, serverLsn, clientLsn } = await talk(await world(pair()));
    const waits = client.receive(clientLsn);
    const sent = client.post({ command: 'SEND', lsn: clientLsn, data: pattern(5000) });
    const hungUp = client.post({ command: 'HANG_UP', lsn: clientLsn });
    expect((await client.end(waits)).code).toBe('SCLOSED');
    expect((await client.end(sent)).code).toBe('GOODRET');
    expect((await client.end(hungUp)).code).toBe('GOODRET');
    const came = await server.do({ command: 'RECEIVE', lsn: serverLsn, room: 8000 });
    expect([came.code, came.data.length]).toEqual(['GOODRET', 5000]);
    const end = { command: 'RECEIVE', lsn: serverLsn, room: 1 } as const;
    expect(await server.code(end)).toBe('SCLOSED');
    expect(await server.code(end)).toBe('SNUMOUT');
    expect(await client.code({ command: 'HANG_UP', lsn: clientLsn })).toBe('SNUMOUT');
  });

  test('hung up by the peer: RECEIVE and one RECEIVE ANY hear of it', async ({ world }) => {
    const { server, client, serverLsn, clientLsn } = await talk(await world(pair()));
    const receive = server.receive(serverLsn);
    const [any, more] = [1, 2].map(() =>
      server.post({ command: 'RECEIVE_ANY', num: 255, room: 10 }));
    await client.good({ command: 'HANG_UP', lsn: clientLsn });
    expect((await server.end(receive)).code).toBe('SCLOSED');
    expect(await any?.done).toMatchObject({ code: 'SCLOSED', lsn: serverLsn });
    expect(more?.retcode).toBe('PENDING');
  });

  test('with a peer that is gone: SEND and RECEIVE end abnormally', async ({ world }) => {
    const made = await world(pair());
    const { server, client, serverLsn, clientLsn } = await talk(made);
    const receive = client.receive(clientLsn);
    made.machine('server').card.unplug();
    const sent = client.post({ command: 'SEND', lsn: clientLsn, data: pattern(10) });
    await made.run(300e9);
    expect([receive.retcode, sent.retcode]).toEqual(['SABORT', 'SABORT']);
    expect(await client.code({ command: 'HANG_UP', lsn: clientLsn })).toBe('SNUMOUT');
    expect(server.receive(serverLsn).retcode).toBe('PENDING');
  });

  test('is hung up by a reset where its peer does not close in 30 s', async ({ world }) => {
    const made = await world(pair('wire:', { parameters: { TcpMaxDataRetransmissions: 20 } }));
    const { client, clientLsn } = await talk(made);
    made.machine('server').card.unplug();
    const sent = client.post({ command: 'SEND', lsn: clientLsn, data: pattern(10) });
    const hungUp = client.post({ command: 'HANG_UP', lsn: clientLsn });
    await made.run(29e9);
    expect([sent.retcode, hungUp.retcode]).toEqual(['PENDING', 'PENDING']);
    await made.run(2e9);
    expect([sent.retcode, hungUp.retcode]).toEqual(['SABORT', 'CMDTMO']);
  });

  test('limits RECEIVE and SEND as its CALL and LISTEN said', async ({ world }) => {
    const made = await world(pair());
    const { server, client, serverLsn, clientLsn } = await talk(made, { rto: 4, sto: 6 });
    const receive = client.receive(clientLsn);
    await made.run(1.9e9);
    expect(receive.retcode).toBe('PENDING');
    await made.run(0.2e9);
    expect(receive.retcode).toBe('CMDTMO');
    await client.good({ command: 'SEND', lsn: clientLsn, data: pattern(1) });
    const waits = server.receive(serverLsn, 1);
    expect((await server.end(waits)).data).toEqual(pattern(1));
    made.machine('server').card.unplug();
    const send = client.post({ command: 'SEND', lsn: clientLsn, data: pattern(1) });
    await made.run(3.2e9);
    expect(send.retcode).toBe('CMDTMO');
    expect(await client.code({ command: 'SEND', lsn: clientLsn, data: '' })).toBe('SNUMOUT');
  });
});

describe('netbios/driver', () => {
  test('NO_WAIT: says at once what it knows at once; the post routine runs', async ({ world }) => {
    const made = await world(pair());
    const { client, server, clientLsn, serverLsn } = await talk(made);
    const posted = client.post({ command: 'SEND', lsn: 99, data: 'x' });
    expect(posted.retcode).toBe('SNUMOUT');
    const told: string[] = [];
    const receive = server.program.post(
      { command: 'RECEIVE', lsn: serverLsn, room: 10 }, ({ code }) => told.push(code));
    expect([receive.retcode, ...told]).toEqual(['PENDING']);
    await client.good({ command: 'SEND', lsn: clientLsn, data: 'x' });
    expect(told).toEqual(['GOODRET']);
  });

  test('knows each program\'s sessions and names by numbers of its own', async ({ world }) => {
    const { server, client, serverLsn } = await talk(await world(pair()));
    const other = await Caller.start(server.world, 'server', 'OTHER<00>');
    expect(other.num).toBe(server.num);
    expect(await other.code({ command: 'SEND', lsn: serverLsn, data: '' })).toBe('SNUMOUT');
    expect(await other.code({ command: 'LISTEN', name: SERVER, callname: '*' })).toBe('NOWILD');
    server.program.end();
    expect(await client.code({ command: 'RECEIVE', lsn: 1, room: 1 })).toBe('SABORT');
  });

  test('has as many sessions as its RESET asked for', async ({ world }) => {
    const one = await Caller.start(await world(pair()), 'server', SERVER, { sessions: 2 });
    const listens = [one.listen(), one.listen(), one.listen()];
    expect(listens.map(({ retcode }) => retcode)).toEqual(['PENDING', 'PENDING', 'LOCTFUL']);
  });
});
