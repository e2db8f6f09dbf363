/** The packets of the NetBIOS datagram service (RFC 1002, 4.4), built, and read strictly. */

import { decodeName, encodeName } from '../../host/wire/nbname.js';
import { join, viewOf } from '../../host/wire/octets.js';

/** MSG_TYPE */
export const DATAGRAM_TYPE = {
  DIRECT_UNIQUE: 0x10, DIRECT_GROUP: 0x11, BROADCAST: 0x12, ERROR: 0x13, QUERY_REQUEST: 0x14,
  POSITIVE_QUERY_RESPONSE: 0x15, NEGATIVE_QUERY_RESPONSE: 0x16,
} as const;
/** FLAGS: more follows, this is the first; the kind of node above them. */
export const DATAGRAM_FLAG = { MORE: 1, FIRST: 2 } as const;

/** Octets of a datagram's header, before its names. */
const HEADER = 14;
const COMMON = 10;

/** What a packet says; what is left out is right, or 0. */
export interface DatagramFields {
  readonly type: number;
  /** FIRST where not given. */
  readonly flags?: number;
  readonly id: number;
  readonly source: number;
  readonly port?: number;
  readonly from?: string;
  readonly to?: string;
  readonly scope?: string;
  readonly data?: Uint8Array;
  /** Where its data begins in that of the datagram. */
  readonly offset?: number;
  readonly length?: number;
  readonly errorCode?: number;
}

/** A packet that was read. */
export interface DatagramHeard {
  readonly type: number;
  readonly flags: number;
  readonly id: number;
  readonly source: number;
  readonly port: number;
  readonly from?: string;
  readonly to?: string;
  readonly scope?: string;
  readonly offset?: number;
  readonly data?: Uint8Array;
  readonly errorCode?: number;
}

/** A packet of the datagram service. */
export function buildNbDatagram(fields: DatagramFields): Uint8Array {
  const { type, from = '*', to = '*', scope, data = new Uint8Array(0) } = fields;
  const common = new Uint8Array(COMMON);
  const view = viewOf(common);
  view.setUint8(0, type);
  view.setUint8(1, fields.flags ?? DATAGRAM_FLAG.FIRST);
  view.setUint16(2, fields.id);
  view.setUint32(4, fields.source);
  view.setUint16(8, fields.port ?? 138);
  if (type === DATAGRAM_TYPE.ERROR) return join(common, Uint8Array.of(fields.errorCode ?? 0));
  if (type > DATAGRAM_TYPE.ERROR) return join(common, encodeName(to, scope));
  const body = join(encodeName(from, scope), encodeName(to, scope), data);
  const rest = new Uint8Array(HEADER - COMMON);
  viewOf(rest).setUint16(0, fields.length ?? body.length);
  viewOf(rest).setUint16(2, fields.offset ?? 0);
  return join(common, rest, body);
}

/** Reads a packet. @throws Error saying what no peer would accept. */
export function parseNbDatagram(octets: Uint8Array): DatagramHeard {
  const view = viewOf(octets);
  if (octets.length < COMMON + 1) throw new Error(`a packet of ${octets.length} octets`);
  const heard = {
    type: view.getUint8(0), flags: view.getUint8(1), id: view.getUint16(2),
    source: view.getUint32(4), port: view.getUint16(8),
  };
  if (heard.type === DATAGRAM_TYPE.ERROR) return { ...heard, errorCode: view.getUint8(COMMON) };
  if (heard.type > DATAGRAM_TYPE.ERROR) {
    const { name, scope } = decodeName(octets, COMMON);
    return { ...heard, to: name, scope };
  }
  if (view.getUint16(10) !== octets.length - HEADER) {
    throw new Error(`a length of ${view.getUint16(10)} in ${octets.length} octets`);
  }
  const from = decodeName(octets, HEADER);
  const to = decodeName(octets, from.end);
  return {
    ...heard, from: from.name, to: to.name, scope: to.scope, offset: view.getUint16(12),
    data: octets.subarray(to.end),
  };
}
