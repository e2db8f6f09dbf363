/**
 * What a server and a client of HTTP/1.0 (RFC 1945) share: heads, bodies, and the digest of a body
 * (RFC 9530). Not done: chunked bodies and connections that persist, which 1.0 does not have.
 */

import type { Socket } from '../machine/usermode.js';

/** The most octets of a head: more than any sensible one has. */
const MOST_HEAD_OCTETS = 16_384;

/** What came is no message of HTTP; the text says why. */
export class HttpError extends Error {
  constructor(readonly code: number, reason: string) {
    super(reason);
    this.name = 'HttpError';
  }
}

/** The first line of a message, and its fields by their names in small letters. */
export interface Head {
  readonly line: string;
  readonly fields: ReadonlyMap<string, string>;
}

/** Reads one message off a connection. */
export class MessageReader {
  private rest: Uint8Array = new Uint8Array(0);

  constructor(private readonly socket: Socket) {}

  /** The head; undefined where the connection ended before it. @throws HttpError for a bad one. */
  async head(): Promise<Head | undefined> {
    let text = '';
    for (;;) {
      const octets = await this.socket.receive();
      if (octets === undefined) {
        if (text === '') return undefined;
        throw new HttpError(400, 'the head is not whole');
      }
      const before = text.length;
      for (const octet of octets) text += String.fromCharCode(octet);
      const end = /\r?\n\r?\n/.exec(text);
      if (end !== null && end.index <= MOST_HEAD_OCTETS) {
        this.rest = octets.slice(end.index + end[0].length - before);
        return parseHead(text.slice(0, end.index));
      }
      if (text.length > MOST_HEAD_OCTETS) {
        throw new HttpError(431, `a head of more than ${MOST_HEAD_OCTETS} octets`);
      }
    }
  }

  /**
   * Hands out the body: so many octets, or all until the end where there is no number.
   * @throws HttpError where it ends before its length.
   */
  async body(length: number | undefined, take: (octets: Uint8Array) => void): Promise<number> {
    let octets = 0;
    let piece: Uint8Array | undefined = this.rest;
    for (;;) {
      if (length !== undefined && octets + piece.length > length) {
        piece = piece.subarray(0, length - octets);
      }
      if (piece.length > 0) take(piece);
      octets += piece.length;
      if (octets === length) return octets;
      piece = await this.socket.receive();
      if (piece !== undefined) continue;
      if (length === undefined) return octets;
      throw new HttpError(400, `the body ended after ${octets} of ${length} octets`);
    }
  }
}

/** The length that a head gives; undefined where it gives none. @throws HttpError for a bad one. */
export function lengthOf({ fields }: Head): number | undefined {
  const text = fields.get('content-length');
  if (text === undefined) return undefined;
  if (/^[0-9]{1,15}$/.test(text)) return Number(text);
  throw new HttpError(400, `a length of '${text}'`);
}

/** A head as it is sent. */
export function formatHead(line: string, fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${line}\r\n${lines.join('')}\r\n`;
}

/** A SHA-256 in base64 as the field `Content-Digest` has it. */
export function formatDigest(sha256: string): string {
  return `sha-256=:${sha256}:`;
}

function parseHead(text: string): Head {
  const [line = '', ...rest] = text.split(/\r?\n/);
  const fields = new Map<string, string>();
  for (const each of rest) {
    const colon = each.indexOf(':');
    if (colon < 1) throw new HttpError(400, `'${each.slice(0, 80)}' is no field of a head`);
    fields.set(each.slice(0, colon).trim().toLowerCase(), each.slice(colon + 1).trim());
  }
  return { line, fields };
}
