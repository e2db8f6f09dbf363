/** A small HTTP/1.0 client (RFC 1945): fetches a document or puts one, and tells its digest. */

import type { UserMode } from '../machine/usermode.js';
import { MOST_CONTENT, contentPieces } from './content.js';
import type { Hash } from './content.js';
import { HttpError, MessageReader, formatDigest, formatHead, lengthOf } from './httpmessage.js';
import type { Head } from './httpmessage.js';
import { HTTP_PORT } from './http.js';
import { SEND_BUFFER } from './service.js';

/** What is read of an answer to a PUT: a digest. */
const MOST_ANSWER = 1024;

/** Where a document is. */
export interface HttpUrl {
  readonly host: string;
  readonly port: number;
  readonly path: string;
}

/** What came of it. */
export interface HttpOutcome {
  /** The server's answer: 200 where it went well. */
  readonly code: number;
  /** Of the document. */
  readonly octets: number;
  /** Ours, of what we received or sent, as `Content-Digest` has it. */
  readonly digest: string;
  /** The server's, of what it sent or, as its answer's text, of what it received. */
  readonly told: string | undefined;
}

/**
 * `http://10.0.0.1:8080/path`, taken apart.
 * @throws TypeError where it is not so written: names are not looked up.
 */
export function parseHttpUrl(text: string): HttpUrl {
  const match = /^http:\/\/([0-9.]+)(?::([0-9]{1,5}))?(\/[^\s#]*)?$/.exec(text);
  const port = Number(match?.[2] ?? HTTP_PORT);
  if (match === null || port < 1 || port > 0xffff) {
    throw new TypeError(`'${text}' is no URL like http://10.0.0.1:8080/1000`);
  }
  return { host: match[1] as string, port, path: match[3] ?? '/' };
}

/** Fetches a document. @throws Error with the status of the connection; HttpError for an answer. */
export async function httpGet(
  user: UserMode, url: HttpUrl, newHash: () => Hash,
): Promise<HttpOutcome> {
  const socket = await user.connect(url.host, url.port);
  try {
    await socket.send(formatHead(`GET ${url.path} HTTP/1.0`, { Host: url.host }));
    const reader = new MessageReader(socket);
    const head = mustHaveHead(await reader.head());
    const hash = newHash();
    const octets = await reader.body(lengthOf(head), (piece) => hash.update(piece));
    const digest = formatDigest(hash.digest('base64'));
    return { code: codeOf(head), octets, digest, told: head.fields.get('content-digest') };
  } finally {
    await socket.close();
  }
}

/** Puts so many octets as the path has for its last part, those that GET of it gives. */
export async function httpPut(
  user: UserMode, url: HttpUrl, newHash: () => Hash,
): Promise<HttpOutcome> {
  const octets = contentOctetsOf(url);
  const socket = await user.connect(url.host, url.port, { sendBuffer: SEND_BUFFER });
  try {
    await socket.send(formatHead(`PUT ${url.path} HTTP/1.0`, {
      Host: url.host, 'Content-Length': String(octets),
    }));
    const hash = newHash();
    for (const piece of contentPieces(octets)) {
      hash.update(piece);
      await socket.send(piece);
    }
    const reader = new MessageReader(socket);
    const head = mustHaveHead(await reader.head());
    let told = '';
    await reader.body(lengthOf(head), (piece) => {
      if (told.length < MOST_ANSWER) for (const octet of piece) told += String.fromCharCode(octet);
    });
    const digest = formatDigest(hash.digest('base64'));
    return { code: codeOf(head), octets, digest, told: told.trim() };
  } finally {
    await socket.close();
  }
}

/** How many octets a path of ours stands for. @throws TypeError where it says no number. */
export function contentOctetsOf({ path }: HttpUrl): number {
  const octets = Number(/\/([0-9]{1,11})$/.exec(path)?.[1] ?? NaN);
  if (octets <= MOST_CONTENT) return octets;
  throw new TypeError(`'${path}' must end in a number of octets, at most ${MOST_CONTENT}`);
}

function mustHaveHead(head: Head | undefined): Head {
  if (head !== undefined) return head;
  throw new HttpError(400, 'the server closed without an answer');
}

function codeOf({ line }: Head): number {
  const code = /^HTTP\/1\.[0-9] ([0-9]{3})/.exec(line)?.[1];
  if (code !== undefined) return Number(code);
  throw new HttpError(400, `'${line.slice(0, 80)}' is no answer of HTTP`);
}
