/** The peer's server: Node's own HTTP on the Linux kernel's sockets; same paths as ours. */

import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { contentPieces } from '../../host/user/content.js';
import { formatDigest } from '../../host/user/httpmessage.js';

/** Its port. */
export const PEER_PORT = 8000;

/** Starts it, on all addresses. */
export async function servePeer(): Promise<Server> {
  const server = createServer((request, response) => {
    const answer = request.method === 'PUT' ? take : give;
    answer(request, response).catch((thrown: unknown) => {
      response.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    });
  });
  server.listen(PEER_PORT);
  await once(server, 'listening');
  return server;
}

/** SHA-256 of so many octets of the content, as `Content-Digest` has it. */
export function digestOfContent(octets: number): string {
  const hash = createHash('sha256');
  for (const piece of contentPieces(octets)) hash.update(piece);
  return formatDigest(hash.digest('base64'));
}

async function give(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const octets = Number(request.url?.slice(1));
  response.writeHead(200, {
    'Content-Length': octets, 'Content-Digest': digestOfContent(octets),
  });
  for (const piece of contentPieces(octets)) {
    if (!response.write(Buffer.from(piece))) await once(response, 'drain');
  }
  response.end();
}

async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  for await (const octets of request) hash.update(octets as Buffer);
  response.end(`${formatDigest(hash.digest('base64'))}\n`);
}
