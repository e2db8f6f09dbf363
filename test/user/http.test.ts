/** The small server and client of HTTP/1.0, each against the other and against wrong requests. */

import { createHash } from 'node:crypto';
import { describe, expect } from 'vitest';
import type { Machine } from '../../host/index.js';
import { contentPieces, fillContent } from '../../host/user/content.js';
import { serveHttp } from '../../host/user/http.js';
import { httpGet, httpPut, parseHttpUrl } from '../../host/user/httpclient.js';
import { SERVER, it } from './pair.js';
import type { Pair } from './pair.js';

const newHash = () => createHash('sha256');

async function start({ server }: Pair) {
  return serveHttp(server.user, { newHash, yieldTurn: async () => server.sleep(1000) });
}

/** What a raw request is answered with. */
async function ask(client: Machine, ...pieces: string[]): Promise<string> {
  const socket = await client.user.connect(SERVER, 80);
  for (const piece of pieces) {
    await socket.send(piece);
    await client.sleep(1e6);
  }
  const octets = await socket.receiveAll();
  await socket.close();
  return new TextDecoder('latin1').decode(octets);
}

function digestOf(octets: number): string {
  const hash = newHash();
  for (const piece of contentPieces(octets)) hash.update(piece);
  return `sha-256=:${hash.digest('base64')}:`;
}

const URL_OF = (path: string) => parseHttpUrl(`http://${SERVER}${path}`);

describe.each(['free', 'checked'] as const)('user/http (%s)', (target) => {
  it.for([0, 1, 65_536, 300_001])('carries %d octets each way', async (octets, { pair }) => {
    await pair({ target }, async (both) => {
      const service = await start(both);
      const { user } = both.client;
      const digest = digestOf(octets);
      const expected = { code: 200, octets, digest, told: digest };
      expect(await httpGet(user, URL_OF(`/${octets}`), newHash)).toEqual(expected);
      expect(await httpPut(user, URL_OF(`/x/${octets}`), newHash)).toEqual(expected);
      service.close();
    });
  });
});

describe('user/http', () => {
  it('answers a head in pieces, with line feeds alone, and one that asks before', async ({
    pair,
  }) => {
    await pair({}, async (both) => {
      const service = await start(both);
      const { client } = both;
      expect(await ask(client, 'GET /5 HT', 'TP/1.0\n', '\n')).toContain('Content-Length: 5\r\n');
      const put = await ask(client, 'PUT /x HTTP/1.1\r\nExpect: 100-Continue\r\n',
        'Content-Length: 3\r\n\r\n', 'abcdef');
      expect(put).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.0 200 OK\r\n/);
      const abc = createHash('sha256').update('abc').digest('base64');
      expect(put.endsWith(`\r\n\r\nsha-256=:${abc}:\n`)).toBe(true);
      service.close();
    });
  });

  it('says what it does not serve', async ({ pair }) => {
    await pair({}, async (both) => {
      const service = await start(both);
      const cases: readonly (readonly [request: string, answer: RegExp])[] = [
        ['GET / HTTP/1.0\r\n\r\n', /^HTTP\/1\.0 404 Not Found\r\n.*so many octets/s],
        ['GET /17179869185 HTTP/1.0\r\n\r\n', /^HTTP\/1\.0 404 /],
        ['DELETE /1 HTTP/1.0\r\n\r\n', /^HTTP\/1\.0 405 .*no DELETE/s],
        ['GET /1\r\n\r\n', /^HTTP\/1\.0 400 /],
        ['GET /1 HTTP/1.0\r\nno field\r\n\r\n', /^HTTP\/1\.0 400 .*'no field' is no field/s],
        ['PUT /1 HTTP/1.0\r\n\r\n', /^HTTP\/1\.0 411 /],
        ['PUT /1 HTTP/1.0\r\nContent-Length: -1\r\n\r\n', /^HTTP\/1\.0 400 .*a length of '-1'/s],
        [`GET /1 HTTP/1.0\r\nX: ${'y'.repeat(17_000)}\r\n\r\n`, /^HTTP\/1\.0 431 /],
      ];
      for (const [request, answer] of cases) {
        expect(await ask(both.client, request)).toMatch(answer);
      }
      const cut = await both.client.user.connect(SERVER, 80);
      await cut.send('PUT /1 HTTP/1.0\r\nContent-Length: 9\r\n\r\nabc');
      await cut.shutdown();
      expect(new TextDecoder().decode(await cut.receiveAll())).toMatch(/ended after 3 of 9 octets/);
      await cut.close();
      service.close();
    });
  });

  it('tells a body that is cut short, and no answer at all', async ({ pair }) => {
    await pair({}, async ({ server, client }) => {
      const answers = ['HTTP/1.0 200 OK\r\nContent-Length: 10\r\n\r\nabc', '', 'hello\r\n\r\n'];
      const listener = await server.user.listen(80, {}, async (socket) => {
        await socket.receive();
        await socket.send(answers.shift() ?? '');
        await socket.close();
      });
      const get = async () => httpGet(client.user, URL_OF('/10'), newHash);
      await expect(get()).rejects.toThrow('the body ended after 3 of 10 octets');
      await expect(get()).rejects.toThrow('the server closed without an answer');
      await expect(get()).rejects.toThrow("'hello' is no answer of HTTP");
      listener.close();
    });
  });

  it('takes URLs apart', () => {
    expect(parseHttpUrl('http://10.0.0.1')).toEqual({ host: '10.0.0.1', port: 80, path: '/' });
    expect(parseHttpUrl('http://10.0.0.1:81/a/5')).toEqual(
      { host: '10.0.0.1', port: 81, path: '/a/5' },
    );
    for (const wrong of ['10.0.0.1/5', 'https://10.0.0.1/', 'http://host/', 'http://1.2.3.4:0/']) {
      expect(() => parseHttpUrl(wrong)).toThrow('is no URL like http://10.0.0.1:8080/1000');
    }
  });
});

describe('user/content', () => {
  it('is the same however it is cut, and no two words are alike', () => {
    const whole = new Uint8Array(4096);
    fillContent(whole, 0);
    const part = new Uint8Array(102);
    fillContent(part, 1000);
    expect(part).toEqual(whole.slice(1000, 1102));
    const words = new Uint32Array(whole.buffer);
    expect(new Set(words).size).toBe(words.length);
  });
});
