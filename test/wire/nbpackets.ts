/** Packets of the name and datagram services, one of each kind, as stations send them. */

import { DATAGRAM_FLAG, DATAGRAM_TYPE, buildNbDatagram } from './nbdatagram.js';
import {
  NAME_FLAG, NAME_OPCODE, NAME_RESULT, NB_FLAG, RECORD_TYPE, buildNamePacket, nbData, netbiosName,
} from '../../host/wire/nbname.js';
import { join } from '../../host/wire/octets.js';

const {
  RESPONSE, AUTHORITATIVE, RECURSION_DESIRED, RECURSION_AVAILABLE, BROADCAST,
} = NAME_FLAG;
const NB = RECORD_TYPE.NB;
const HOST = 0x0a000005;
const asked = { name: 'SERVER<20>', type: NB };
const entry = (flags: number = NB_FLAG.NODE_B): Uint8Array => nbData({ flags, address: HOST });
const answer = (data: Uint8Array, ttl = 300_000) =>
  [{ name: 'SERVER<20>', type: NB, ttl, data }];

/** One name of a node status answer. */
function statusName(name: string, flags: number): Uint8Array {
  return join(netbiosName(name), Uint8Array.of(flags >> 8, flags & 255));
}

/** Each kind of name service packet (RFC 1002, 4.2.2 to 4.2.18), by what it is. */
export const NAME_PACKETS: Readonly<Record<string, Uint8Array>> = {
  query: buildNamePacket({
    id: 1, opcode: NAME_OPCODE.QUERY, flags: RECURSION_DESIRED | BROADCAST, question: asked,
  }),
  queryInScope: buildNamePacket({
    id: 1, opcode: NAME_OPCODE.QUERY, flags: RECURSION_DESIRED, question: asked,
    scope: 'CORP.EXAMPLE',
  }),
  positiveAnswer: buildNamePacket({
    id: 2, opcode: NAME_OPCODE.QUERY, flags: RESPONSE | AUTHORITATIVE | RECURSION_DESIRED,
    answers: answer(entry()),
  }),
  answerOfSeveral: buildNamePacket({
    id: 2, opcode: NAME_OPCODE.QUERY, flags: RESPONSE | AUTHORITATIVE | RECURSION_AVAILABLE,
    answers: answer(join(entry(NB_FLAG.GROUP), entry(NB_FLAG.NODE_H), entry(NB_FLAG.NODE_M))),
  }),
  negativeAnswer: buildNamePacket({
    id: 3, opcode: NAME_OPCODE.QUERY, flags: RESPONSE | AUTHORITATIVE, result: NAME_RESULT.NAME,
    answers: [{ name: 'SERVER<20>', type: RECORD_TYPE.NULL, data: new Uint8Array(0) }],
  }),
  redirect: buildNamePacket({
    id: 4, opcode: NAME_OPCODE.QUERY, flags: RESPONSE | RECURSION_DESIRED,
    authorities: [{ name: 'SERVER<20>', type: RECORD_TYPE.NS, data: Uint8Array.of(1, 0x4e, 0) }],
    additionals: [{ name: 'NS<00>', type: RECORD_TYPE.A, data: Uint8Array.of(10, 0, 0, 9) }],
  }),
  registration: buildNamePacket({
    id: 5, opcode: NAME_OPCODE.REGISTRATION, flags: RECURSION_DESIRED | BROADCAST,
    question: asked, additionals: [{ type: NB, ttl: 300_000, data: entry() }],
  }),
  multihomed: buildNamePacket({
    id: 5, opcode: NAME_OPCODE.MULTIHOMED, flags: RECURSION_DESIRED,
    question: asked, additionals: [{ type: NB, ttl: 300_000, data: entry(NB_FLAG.NODE_H) }],
  }),
  refresh: buildNamePacket({
    id: 6, opcode: NAME_OPCODE.REFRESH, question: asked,
    additionals: [{ type: NB, ttl: 300_000, data: entry(NB_FLAG.NODE_P) }],
  }),
  release: buildNamePacket({
    id: 7, opcode: NAME_OPCODE.RELEASE, question: asked,
    additionals: [{ type: NB, data: entry() }],
  }),
  registered: buildNamePacket({
    id: 5, opcode: NAME_OPCODE.REGISTRATION,
    flags: RESPONSE | AUTHORITATIVE | RECURSION_DESIRED | RECURSION_AVAILABLE,
    answers: answer(entry()),
  }),
  conflictDemand: buildNamePacket({
    id: 8, opcode: NAME_OPCODE.REGISTRATION,
    flags: RESPONSE | AUTHORITATIVE | RECURSION_DESIRED | RECURSION_AVAILABLE,
    result: NAME_RESULT.CONFLICT, answers: answer(entry(), 0),
  }),
  wait: buildNamePacket({
    id: 5, opcode: NAME_OPCODE.WACK, flags: RESPONSE | AUTHORITATIVE,
    answers: answer(Uint8Array.of(0x29, 0x10), 5),
  }),
  statusQuery: buildNamePacket({
    id: 9, opcode: NAME_OPCODE.QUERY, question: { name: '*', type: RECORD_TYPE.NBSTAT },
  }),
  statusAnswer: buildNamePacket({
    id: 9, opcode: NAME_OPCODE.QUERY, flags: RESPONSE | AUTHORITATIVE,
    answers: [{
      name: '*', type: RECORD_TYPE.NBSTAT,
      data: join(
        Uint8Array.of(2),
        statusName('SERVER<00>', NB_FLAG.ACTIVE),
        statusName('DOMAIN<00>', NB_FLAG.ACTIVE | NB_FLAG.GROUP),
        Uint8Array.of(2, 0, 10, 0, 0, 5), new Uint8Array(40),
      ),
    }],
  }),
};

const between = { id: 0x1234, source: HOST, from: 'CLIENT<00>', to: 'SERVER<20>' };
const data = new TextEncoder().encode('a datagram');

/** Each kind of datagram service packet (RFC 1002, 4.4.2 to 4.4.4), by what it is. */
export const DATAGRAM_PACKETS: Readonly<Record<string, Uint8Array>> = {
  unique: buildNbDatagram({ type: DATAGRAM_TYPE.DIRECT_UNIQUE, ...between, data }),
  group: buildNbDatagram({ type: DATAGRAM_TYPE.DIRECT_GROUP, ...between, to: 'DOMAIN<1E>', data }),
  broadcast: buildNbDatagram({ type: DATAGRAM_TYPE.BROADCAST, ...between, to: '*', data }),
  inScope: buildNbDatagram({
    type: DATAGRAM_TYPE.DIRECT_UNIQUE, ...between, scope: 'CORP.EXAMPLE', data,
  }),
  firstPart: buildNbDatagram({
    type: DATAGRAM_TYPE.DIRECT_UNIQUE, ...between, data,
    flags: DATAGRAM_FLAG.FIRST | DATAGRAM_FLAG.MORE,
  }),
  secondPart: buildNbDatagram({
    type: DATAGRAM_TYPE.DIRECT_UNIQUE, ...between, data, flags: 0, offset: data.length,
  }),
  empty: buildNbDatagram({ type: DATAGRAM_TYPE.DIRECT_UNIQUE, ...between }),
  error: buildNbDatagram({ type: DATAGRAM_TYPE.ERROR, ...between, errorCode: 0x82 }),
  queryRequest: buildNbDatagram({ type: DATAGRAM_TYPE.QUERY_REQUEST, ...between }),
  positiveQuery: buildNbDatagram({ type: DATAGRAM_TYPE.POSITIVE_QUERY_RESPONSE, ...between }),
  negativeQuery: buildNbDatagram({ type: DATAGRAM_TYPE.NEGATIVE_QUERY_RESPONSE, ...between }),
};
