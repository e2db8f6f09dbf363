/** Packets in the language of scripts, one above the other so that the eye sees what differs. */

import { ICMP_CODES, ICMP_TYPES } from './icmp.js';
import type { Field } from './match.js';
import type { IcmpPattern, IpPattern, PacketPattern, TcpPattern } from './syntax.js';
import { wordsOf } from './tcpoptions.js';

/** The columns of a packet, in their order. */
const COLUMNS: readonly Field[] = [
  'ip', 'ports', 'protocol', 'flags', 'sequence', 'acknowledgment', 'window', 'urgent', 'options',
];
const FLAG_LETTERS: readonly (readonly [bit: number, letter: string])[] = [
  [1, 'F'], [2, 'S'], [4, 'R'], [8, 'P'], [64, 'E'], [128, 'W'], [256, 'A'], [32, 'U'], [16, '.'],
];
const ECN_WORDS = ['noecn', 'ect1', 'ect0', 'ce'];

/** Packets with their labels, column under column, and marks under the columns that differ. */
export function alignPackets(
  rows: readonly (readonly [label: string, packet: PacketPattern])[], differing: readonly Field[],
): string[] {
  const [, first] = rows[0] ?? ['', undefined];
  const cells = rows.map(([, packet]) => cellsOf(packet, first, differing));
  const labels = Math.max(...rows.map(([label]) => label.length));
  const lines = rows.map(([label]) => `${label.padEnd(labels)}  >`);
  let marks = ' '.repeat(labels + 3);
  for (const column of COLUMNS) {
    const texts = cells.map((each) => each.get(column) ?? '');
    const width = Math.max(...texts.map((text) => text.length));
    if (width === 0) continue;
    for (const [row, text] of texts.entries()) lines[row] += ` ${text.padEnd(width)}`;
    marks += ` ${(differing.includes(column) ? '^' : ' ').repeat(width)}`;
  }
  const written = lines.map((line) => line.trimEnd());
  return differing.length === 0 ? written : [...written, marks.trimEnd()];
}

/** A packet in one line. */
export function packetWords(packet: PacketPattern): string {
  return [packet.direction, ...cellsOf(packet, packet, []).values()].join(' ');
}

/** The cells of a packet. What the script does not say of it is left out of what came, too. */
function cellsOf(
  packet: PacketPattern, asked: PacketPattern | undefined, differing: readonly Field[],
): Map<Field, string> {
  const cells = new Map<Field, string>();
  const put = (field: Field, text: string): void => {
    if (text !== '') cells.set(field, text);
  };
  if (asked !== undefined) put('ip', ipWords(packet.ip, asked.ip));
  if (packet.ports !== undefined && (asked?.ports !== undefined || differing.includes('ports'))) {
    put('ports', `${packet.ports.source} > ${packet.ports.destination}`);
  }
  const { body } = packet;
  if (body.kind === 'udp') put('protocol', `udp (${body.length})`);
  else if (body.kind === 'icmp') put('protocol', icmpWords(body));
  else putTcp(put, body, asked?.body.kind === 'tcp' ? asked.body : body);
  return cells;
}

function putTcp(
  put: (field: Field, text: string) => void, body: TcpPattern, asked: TcpPattern,
): void {
  put('flags', flagWord(body.flags));
  const { sequence, length, acknowledgment, window, urgent, options } = body;
  const range = sequence === undefined ? '...' : `${sequence}:${(sequence + length) >>> 0}`;
  put('sequence', `${range}(${length})`);
  if (acknowledgment !== undefined) put('acknowledgment', `ack ${acknowledgment}`);
  if (window !== undefined && asked.window !== undefined) put('window', `win ${window}`);
  if (urgent !== 0) put('urgent', `urg ${urgent}`);
  if (options === 'any') put('options', '<...>');
  else if (options.length > 0) put('options', `<${options.map(wordsOf).join(',')}>`);
}

function flagWord(flags: number): string {
  const word = FLAG_LETTERS.filter(([bit]) => (flags & bit) !== 0).map(([, letter]) => letter);
  return word.length === 0 ? '-' : word.join('');
}

function ipWords(ip: IpPattern, asked: IpPattern): string {
  const words: string[] = [];
  if (asked.ecn !== undefined && ip.ecn !== undefined) words.push(ECN_WORDS[ip.ecn] ?? '');
  if (asked.tos !== undefined && ip.tos !== undefined) words.push(`tos 0x${ip.tos.toString(16)}`);
  if (asked.ttl !== undefined && ip.ttl !== undefined) words.push(`ttl ${ip.ttl}`);
  return words.length === 0 ? '' : `[${words.join(',')}]`;
}

function icmpWords({ type, code, quoted }: IcmpPattern): string {
  const [name] = Object.entries(ICMP_TYPES).find(([, number]) => number === type) ?? [`${type}`];
  const codes = Object.entries(ICMP_CODES[name] ?? {});
  const [word] = codes.find(([, number]) => number === code) ?? [`${code}`];
  const range = quoted === undefined
    ? ''
    : ` [${quoted.sequence}:${quoted.sequence + quoted.length}(${quoted.length})]`;
  return `icmp ${name} ${word}${range}`;
}
