/** `sockstat`: a line for each socket and for each connection that has none (FreeBSD's tool). */

import { formatAddress } from '../machine/address.js';
import type { Program } from './program.js';
import { MissingFeature } from './syntax.js';
import { connectionOf } from './tcpinfo.js';

/** What scripts call the program that opened their sockets: cut to what a table has room for. */
const PROGRAM = 'root     packetdril 1000 ';
/** A connection that no program has. */
const NOBODY = '?        ?          ?    ?  ';

/** The lines of its table, for the ports that are asked for. */
export function sockstat({ machine, sockets }: Program, words: readonly string[]): string[] {
  const ports = readPorts(words);
  const owned = new Set<number>();
  const lines: [localPort: number, remotePort: number, line: string][] = [];
  for (const descriptor of sockets.all()) {
    if (descriptor.kind !== 'stream') continue;
    const connection = connectionOf(machine, descriptor);
    if (connection !== undefined) owned.add(connection.address);
    const state = descriptor.state === 'listening' ? 'LISTEN' : connection?.state ?? 'CLOSED';
    const { localPort } = descriptor;
    const remote = endOf(connection?.remoteAddress ?? 0, connection?.remotePort ?? 0);
    const head = `${PROGRAM}${descriptor.number}  tcp4   `;
    const local = endOf(connection?.localAddress ?? 0, localPort);
    const line = `${head}${local}  ${remote}  ${berkeley(state)}`;
    lines.push([localPort, connection?.remotePort ?? 0, line]);
  }
  for (const each of machine.connections()) {
    if (owned.has(each.address)) continue;
    const { localPort, remotePort } = each;
    const local = endOf(each.localAddress, localPort);
    const remote = endOf(each.remoteAddress, remotePort);
    const line = `${NOBODY}tcp4   ${local}  ${remote}  ${berkeley(each.state)}`;
    lines.push([localPort, remotePort, line]);
  }
  for (const { localAddress, localPort, remoteAddress, remotePort, state } of machine.halfOpen()) {
    const ends = `${endOf(localAddress, localPort)}  ${endOf(remoteAddress, remotePort)}`;
    const line = `${NOBODY}tcp4   ${ends}  ${berkeley(state)}`;
    lines.push([localPort, remotePort, line]);
  }
  const wanted = lines.filter(([local, remote]) => {
    return ports === undefined || ports.has(local) || ports.has(remote);
  });
  return wanted.map(([, , line]) => line);
}

/** `-p 80,443`; the other options choose what is all there is here: TCP over IPv4. */
function readPorts(words: readonly string[]): ReadonlySet<number> | undefined {
  let ports: Set<number> | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    if (word === '-p') ports = new Set((words[++i] ?? '').split(',').map(Number));
    else if (word === '-P') i++;
    else if (!/^-[46clsLnqu]+$/.test(word)) throw new MissingFeature(`sockstat ${word}`);
  }
  return ports;
}

function endOf(address: number, port: number): string {
  return `${address === 0 ? '*' : formatAddress(address)}:${port === 0 ? '*' : port}`;
}

/** The name of a state in Berkeley's tables. */
function berkeley(state: string): string {
  return state === 'SYN_RECEIVED' ? 'SYN_RCVD' : state;
}
