/** NCBs and what they bring back, as nb30.h lays them out (nt-facts 6.2 and 6.3). */

import { viewOf } from './octets.js';
import { NAME_OCTETS, nameText, netbiosName } from './nbname.js';

/** Octets of an NCB. */
export const NCB_OCTETS = 64;

/** Where its fields lie. */
const AT = {
  command: 0, retcode: 1, lsn: 2, num: 3, buffer: 4, length: 8, callname: 10, chainLength: 10,
  chainBuffer: 12, name: 26, rto: 42, sto: 43, lana: 48,
} as const;

/** What is written into an NCB. */
export interface NcbOctets {
  /** ASYNCH included. */
  readonly command: number;
  readonly lsn?: number;
  readonly num?: number;
  /** Where the buffer lies, and its octets. */
  readonly buffer?: number;
  readonly length?: number;
  /** As `SERVER<20>`; `*`: whoever it is. */
  readonly callname?: string;
  readonly name?: string;
  /** CHAIN SEND: where the second buffer lies, and its octets. */
  readonly chain?: { readonly buffer: number; readonly length: number };
  /** RESET: what the program is to have. */
  readonly wanted?: {
    readonly sessions: number; readonly names: number; readonly permanent: boolean;
  };
  /** In units of 500 ms. */
  readonly rto?: number;
  readonly sto?: number;
  readonly lana?: number;
}

/** Writes an NCB. @throws TypeError for a name that is none. */
export function writeNcb(target: Uint8Array, fields: NcbOctets): void {
  const view = viewOf(target);
  target.fill(0, 0, NCB_OCTETS);
  target[AT.command] = fields.command;
  target[AT.lsn] = fields.lsn ?? 0;
  target[AT.num] = fields.num ?? 0;
  view.setUint32(AT.buffer, fields.buffer ?? 0, true);
  view.setUint16(AT.length, fields.length ?? 0, true);
  if (fields.callname !== undefined) target.set(nameOctets(fields.callname), AT.callname);
  if (fields.name !== undefined) target.set(nameOctets(fields.name), AT.name);
  if (fields.chain !== undefined) {
    view.setUint16(AT.chainLength, fields.chain.length, true);
    view.setUint32(AT.chainBuffer, fields.chain.buffer, true);
  }
  if (fields.wanted !== undefined) {
    const { sessions, names, permanent } = fields.wanted;
    target.set([sessions, 0, names, permanent ? 1 : 0], AT.callname);
  }
  target[AT.rto] = fields.rto ?? 0;
  target[AT.sto] = fields.sto ?? 0;
  target[AT.lana] = fields.lana ?? 0;
}

function nameOctets(name: string): Uint8Array {
  return netbiosName(name.toUpperCase());
}

/** What is read of an NCB. */
export interface NcbHeard {
  readonly retcode: number;
  readonly lsn: number;
  readonly num: number;
  readonly length: number;
  readonly callname: string;
}

/** Reads an NCB. */
export function readNcb(octets: Uint8Array): NcbHeard {
  return {
    retcode: octets[AT.retcode] ?? 0,
    lsn: octets[AT.lsn] ?? 0,
    num: octets[AT.num] ?? 0,
    length: viewOf(octets).getUint16(AT.length, true),
    callname: nameText(octets.subarray(AT.callname, AT.callname + NAME_OCTETS)),
  };
}

/** A name of ADAPTER STATUS: NAME_BUFFER. */
export interface NameBuffer {
  readonly name: string;
  readonly num: number;
  readonly group: boolean;
  readonly state: 'registering' | 'registered' | 'deregistered' | 'duplicate';
}

/** ADAPTER_STATUS as far as NetBT says anything. */
export interface AdapterOctets {
  readonly mac: Uint8Array;
  readonly pendingSessions: number;
  readonly mostMessage: number;
  readonly names: readonly NameBuffer[];
}

const STATES: Readonly<Record<number, NameBuffer['state']>> = {
  0: 'registering', 4: 'registered', 5: 'deregistered', 6: 'duplicate', 7: 'duplicate',
};
const STATUS_OCTETS = 60;
const NAME_BUFFER = 18;

/** What ADAPTER STATUS brought; with INCOMP, the names that had room. */
export function readAdapterStatus(octets: Uint8Array): AdapterOctets {
  const view = viewOf(octets);
  if (octets.length < STATUS_OCTETS) {
    throw new Error(`an ADAPTER_STATUS of ${octets.length} octets`);
  }
  const room = Math.floor((octets.length - STATUS_OCTETS) / NAME_BUFFER);
  const count = Math.min(view.getUint16(58, true), room);
  const names = Array.from({ length: count }, (_, i): NameBuffer => {
    const at = STATUS_OCTETS + i * NAME_BUFFER;
    const flags = octets[at + 17] ?? 0;
    return {
      name: nameText(octets.subarray(at, at + NAME_OCTETS)),
      num: octets[at + 16] ?? 0,
      group: (flags & 0x80) !== 0,
      state: STATES[flags & 7] ?? 'registering',
    };
  });
  return {
    mac: octets.slice(0, 6),
    pendingSessions: view.getUint16(50, true),
    mostMessage: view.getUint16(56, true),
    names,
  };
}

/** A session of SESSION STATUS: SESSION_BUFFER. */
export interface SessionBuffer {
  readonly lsn: number;
  readonly state: string;
  readonly local: string;
  readonly remote: string;
  readonly receives: number;
  readonly sends: number;
}

const SESSION_STATES = [
  '', 'listen', 'call', 'established', 'hang up', 'hung up', 'aborted',
] as const;

/** What SESSION STATUS brought. */
export function readSessionStatus(octets: Uint8Array): {
  readonly num: number; readonly datagrams: number; readonly any: number;
  readonly sessions: readonly SessionBuffer[];
} {
  const [num = 0, count = 0, datagrams = 0, any = 0] = octets;
  const room = Math.floor((octets.length - 4) / 36);
  const sessions = Array.from({ length: Math.min(count, room) }, (_, i): SessionBuffer => {
    const at = 4 + i * 36;
    return {
      lsn: octets[at] ?? 0,
      state: SESSION_STATES[octets[at + 1] ?? 0] ?? '',
      local: nameText(octets.subarray(at + 2, at + 2 + NAME_OCTETS)),
      remote: nameText(octets.subarray(at + 18, at + 18 + NAME_OCTETS)),
      receives: octets[at + 34] ?? 0,
      sends: octets[at + 35] ?? 0,
    };
  });
  return { num, datagrams, any, sessions };
}

/** What FIND NAME brought: the addresses of the nodes that have the name. */
export function readFindName(octets: Uint8Array): {
  readonly group: boolean; readonly addresses: readonly number[];
} {
  const view = viewOf(octets);
  const count = Math.min(view.getUint16(0, true), Math.floor((octets.length - 4) / 33));
  return {
    group: octets[3] === 1,
    addresses: Array.from({ length: count }, (_, i) => view.getUint32(4 + i * 33 + 11)),
  };
}
