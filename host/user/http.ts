/**
 * A small HTTP/1.0 server (RFC 1945): GET /N gives N octets with their digest (RFC 9530), PUT and
 * POST are answered with the digest of what came.
 */

import type { Socket, UserMode } from '../machine/usermode.js';
import { MOST_CONTENT, contentPieces } from './content.js';
import type { Hash } from './content.js';
import { HttpError, MessageReader, formatDigest, formatHead, lengthOf } from './httpmessage.js';
import type { Head } from './httpmessage.js';
import { serve } from './service.js';
import type { Service } from './service.js';

/** Its port where no other is given. */
export const HTTP_PORT = 80;

/** What a server needs from outside. */
export interface HttpOptions {
  /** A new SHA-256. */
  readonly newHash: () => Hash;
  /** Lets others have their turn: a digest of much takes its time. */
  readonly yieldTurn: () => Promise<void>;
}

/** Pieces that are hashed in one turn: a millisecond or so. */
const PIECES_PER_TURN = 16;
const REASONS: Readonly<Record<number, string>> = {
  200: 'OK', 400: 'Bad Request', 404: 'Not Found', 405: 'Method Not Allowed',
  411: 'Length Required', 431: 'Request Header Fields Too Large',
};

/** Starts it. @throws Error with the status where the port is taken. */
export async function serveHttp(
  user: UserMode, options: HttpOptions, port: number = HTTP_PORT,
): Promise<Service> {
  const digests = new Map<number, string>();
  return serve(user, 'http', port, async (socket) => {
    try {
      const reader = new MessageReader(socket);
      const head = await reader.head();
      if (head === undefined) return;
      const [method = '', path = '', version = ''] = head.line.split(' ');
      if (!/^HTTP\/1\.[0-9]$/.test(version)) throw new HttpError(400, 'no request of HTTP/1');
      if (method === 'GET') await give(socket, path, digests, options);
      else if (method === 'PUT' || method === 'POST') await take(socket, head, reader, options);
      else throw new HttpError(405, `no ${method.slice(0, 20)}: there are GET, PUT and POST`);
    } catch (thrown) {
      if (!(thrown instanceof HttpError)) throw thrown;
      await reply(socket, thrown.code, `${thrown.message}\n`);
    }
  });
}

async function give(
  socket: Socket, path: string, digests: Map<number, string>, options: HttpOptions,
): Promise<void> {
  const octets = /^\/[0-9]{1,11}$/.test(path) ? Number(path.slice(1)) : NaN;
  if (!(octets <= MOST_CONTENT)) {
    throw new HttpError(404, `there are /0 to /${MOST_CONTENT}: so many octets`);
  }
  const digest = digests.get(octets) ?? (await digestOf(octets, options));
  digests.set(octets, digest);
  await socket.send(formatHead('HTTP/1.0 200 OK', {
    'Content-Type': 'application/octet-stream',
    'Content-Length': String(octets),
    'Content-Digest': formatDigest(digest),
  }));
  for (const piece of contentPieces(octets)) await socket.send(piece);
}

async function take(
  socket: Socket, head: Head, reader: MessageReader, { newHash }: HttpOptions,
): Promise<void> {
  const length = lengthOf(head);
  if (length === undefined) throw new HttpError(411, 'a body needs its length');
  if (head.fields.get('expect')?.toLowerCase() === '100-continue') {
    await socket.send('HTTP/1.1 100 Continue\r\n\r\n');
  }
  const hash = newHash();
  await reader.body(length, (piece) => hash.update(piece));
  const digest = formatDigest(hash.digest('base64'));
  await reply(socket, 200, `${digest}\n`);
}

async function reply(socket: Socket, code: number, text: string): Promise<void> {
  const head = formatHead(`HTTP/1.0 ${code} ${REASONS[code] ?? ''}`, {
    'Content-Type': 'text/plain',
    'Content-Length': String(text.length),
  });
  await socket.send(head + text);
}

async function digestOf(octets: number, { newHash, yieldTurn }: HttpOptions): Promise<string> {
  const hash = newHash();
  let pieces = 0;
  for (const piece of contentPieces(octets)) {
    hash.update(piece);
    if (++pieces % PIECES_PER_TURN === 0) await yieldTurn();
  }
  return hash.digest('base64');
}
