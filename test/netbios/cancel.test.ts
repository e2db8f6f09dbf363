/** CANCEL, RESET, HANG UP and a program's end, at every moment of every command that waits. */

import { describe, expect } from 'vitest';
import type { NcbFields, PostedNcb } from '../../host/index.js';
import { test } from '../../host/vitest.js';
import { CLIENT, Caller, SERVER, pair, pattern, talk } from './programs.js';
import type { Talk } from './programs.js';

/** A command that waits, as the client posts it while its session is there. */
type Waits = (talk: Talk) => NcbFields;

/** Nobody is at the other end: what is sent waits for TCP. */
const LOST: Readonly<Record<string, Waits>> = {
  SEND: ({ clientLsn }) => ({ command: 'SEND', lsn: clientLsn, data: pattern(3000) }),
  SEND_NO_ACK: ({ clientLsn }) => ({ command: 'SEND_NO_ACK', lsn: clientLsn, data: 'x' }),
  CHAIN_SEND: ({ clientLsn }) => ({
    command: 'CHAIN_SEND', lsn: clientLsn, data: pattern(500), more: pattern(500),
  }),
  HANG_UP: ({ clientLsn }) => ({ command: 'HANG_UP', lsn: clientLsn }),
};
const WAITING: Readonly<Record<string, Waits>> = {
  ...LOST,
  CALL: ({ client }) => ({ command: 'CALL', name: client.name, callname: 'ABSENT<20>' }),
  LISTEN: ({ client }) => ({ command: 'LISTEN', name: client.name, callname: '*' }),
  RECEIVE: ({ clientLsn }) => ({ command: 'RECEIVE', lsn: clientLsn, room: 100 }),
  RECEIVE_ANY: () => ({ command: 'RECEIVE_ANY', num: 255, room: 100 }),
  RECEIVE_DATAGRAM: () => ({ command: 'RECEIVE_DATAGRAM', num: 255, room: 100 }),
  RECEIVE_BROADCAST: () => ({ command: 'RECEIVE_BROADCAST', num: 255, room: 100 }),
  LAN_STATUS_ALERT: () => ({ command: 'LAN_STATUS_ALERT' }),
  FIND_NAME: () => ({ command: 'FIND_NAME', callname: 'ABSENT<20>', room: 100 }),
  ADAPTER_STATUS: () => ({ command: 'ADAPTER_STATUS', callname: 'ABSENT<20>', room: 100 }),
  ADD_NAME: () => ({ command: 'ADD_NAME', name: 'MORE<00>' }),
  ADD_GROUP_NAME: () => ({ command: 'ADD_GROUP_NAME', name: 'MORE<1E>' }),
  SEND_DATAGRAM: ({ client }) => ({
    command: 'SEND_DATAGRAM', num: client.num, callname: 'ABSENT<20>', data: 'x',
  }),
};
/** Those to which CANCEL may not be said (nt-facts 6.4). */
const FIRM: readonly string[] = ['ADD_NAME', 'ADD_GROUP_NAME', 'SEND_DATAGRAM'];
/** Those that take their session with them. */
const CLOSES: readonly string[] = ['SEND', 'SEND_NO_ACK', 'CHAIN_SEND', 'HANG_UP'];

/** How long it waits before the other command comes. */
const MOMENTS_NS = [0, 1e6, 0.3e9, 1.2e9];

/** Posts one that waits; with a HANG UP, something must be under way. */
function begin(talk: Talk, name: string): PostedNcb[] {
  const waits = WAITING[name];
  if (waits === undefined) throw new Error(name);
  const before = name === 'HANG_UP' ? [talk.client.post(LOST['SEND']?.(talk) as NcbFields)] : [];
  return [talk.client.post(waits(talk)), ...before];
}

describe.each(Object.keys(WAITING))('netbios: %s', (name) => {
  test('is cancelled, or says that it is too late', async ({ world }) => {
    for (const moment of MOMENTS_NS) {
      const made = await world(pair());
      const talking = await talk(made);
      const { client, clientLsn } = talking;
      made.machine('server').card.unplug();
      const [posted] = begin(talking, name) as [PostedNcb];
      await made.run(moment);
      const done = posted.retcode;
      const code = await client.code({ command: 'CANCEL', target: posted });
      await made.run(1e6);
      if (done !== 'PENDING') expect(code).toBe('CANOCCR');
      else if (FIRM.includes(name)) expect(code).toBe('CANCEL');
      else {
        expect([code, posted.retcode]).toEqual(['GOODRET', 'CMDCAN']);
        const again = await client.code({ command: 'SEND_DATAGRAM', num: 99, data: '' });
        expect(again).toBe('ILLNN');
        const ended = client.post({ command: 'RECEIVE', lsn: clientLsn, room: 1 }).retcode;
        expect(ended).toBe(CLOSES.includes(name) ? 'SNUMOUT' : 'PENDING');
      }
    }
  });

  test('ends with a RESET, and with its program', async ({ world }) => {
    for (const moment of MOMENTS_NS) {
      for (const how of ['RESET', 'end'] as const) {
        const made = await world(pair());
        const talking = await talk(made);
        const { client } = talking;
        made.machine('server').card.unplug();
        const posted = begin(talking, name);
        await made.run(moment);
        if (how === 'RESET') await client.good({ command: 'RESET' });
        else client.program.end();
        await made.run(1e6);
        for (const each of posted) expect(each.retcode).not.toBe('PENDING');
        const next = how === 'RESET' ? client : await Caller.start(made, 'client', '');
        await next.good({ command: 'ADD_GROUP_NAME', name: CLIENT.replace('00', '1E') });
      }
    }
  });

  test('does not keep its session from being hung up', async ({ world }) => {
    for (const moment of MOMENTS_NS) {
      const made = await world(pair());
      const talking = await talk(made);
      const { client, clientLsn } = talking;
      made.machine('server').card.unplug();
      const [posted] = begin(talking, name) as [PostedNcb];
      await made.run(moment);
      const hungUp = client.post({ command: 'HANG_UP', lsn: clientLsn });
      await made.run(40e9);
      if (name === 'HANG_UP') expect(hungUp.retcode).toBe('SCLOSED');
      else expect(['GOODRET', 'CMDTMO', 'SABORT', 'SNUMOUT']).toContain(hungUp.retcode);
      if (CLOSES.includes(name) || name === 'RECEIVE') {
        expect(posted.retcode).not.toBe('PENDING');
      }
      expect(await client.code({ command: 'HANG_UP', lsn: clientLsn })).toBe('SNUMOUT');
    }
  });
});

describe('netbios/cancel', () => {
  test('a RECEIVE into which a message is coming gives it to the next', async ({ world }) => {
    const made = await world(pair('wire:?rate=1M'));
    const { server, client, serverLsn, clientLsn } = await talk(made);
    const receive = server.post({ command: 'RECEIVE', lsn: serverLsn, room: 9000 });
    const sent = client.post({ command: 'SEND', lsn: clientLsn, data: pattern(6000) });
    await made.run(30e6);
    expect(await server.code({ command: 'CANCEL', target: receive })).toBe('GOODRET');
    expect(receive.retcode).toBe('CMDCAN');
    const first = await server.do({ command: 'RECEIVE', lsn: serverLsn, room: 2500 });
    const second = await server.do({ command: 'RECEIVE', lsn: serverLsn, room: 9000 });
    expect([first.code, second.code]).toEqual(['INCOMP', 'GOODRET']);
    expect(Uint8Array.from([...first.data, ...second.data])).toEqual(pattern(6000));
    expect((await client.end(sent)).code).toBe('GOODRET');
    expect(await server.code({ command: 'CANCEL', target: receive })).toBe('CANOCCR');
    expect(await server.code({ command: 'SEND', lsn: serverLsn, data: SERVER })).toBe('GOODRET');
  });

  test('and HANG UP help a program that has too many under way', async ({ world }) => {
    const made = await world(pair());
    const { client, clientLsn } = await talk(made);
    const receive = { command: 'RECEIVE', lsn: clientLsn, room: 10 } as const;
    const posted = Array.from({ length: 255 }, () => client.post(receive));
    expect(await client.code(receive)).toBe('TOOMANY');
    const target = posted[0] as PostedNcb;
    expect(await client.code({ command: 'CANCEL', target })).toBe('GOODRET');
    const last = client.post(receive);
    expect(await client.code(receive)).toBe('TOOMANY');
    expect(await client.code({ command: 'HANG_UP', lsn: clientLsn })).toBe('GOODRET');
    expect(target.retcode).toBe('CMDCAN');
    expect(new Set([...posted.slice(1), last].map(({ retcode }) => retcode)))
      .toEqual(new Set(['SCLOSED']));
    expect(await client.code({ command: 'SESSION_STATUS', name: '*', room: 100 })).toBe('GOODRET');
  });
});
