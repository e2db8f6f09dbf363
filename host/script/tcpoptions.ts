/** TCP options between the words of scripts and octets (RFC 9293, 3.2; RFC 7323; RFC 2018). */

import type { SackBlock, TcpOption } from './syntax.js';

const KIND = { EOL: 0, NOP: 1, MSS: 2, WSCALE: 3, SACK_OK: 4, SACK: 5, TIMESTAMPS: 8 } as const;

/** The octets of options in their order, filled up with zeros to whole words. */
export function writeOptions(options: readonly TcpOption[]): Uint8Array {
  const octets = options.flatMap(octetsOf);
  while (octets.length % 4 !== 0) octets.push(KIND.EOL);
  return Uint8Array.from(octets);
}

function octetsOf(option: TcpOption): number[] {
  switch (option.kind) {
    case 'eol':
      return [KIND.EOL];
    case 'nop':
      return [KIND.NOP];
    case 'sackOK':
      return [KIND.SACK_OK, 2];
    case 'mss':
      return [KIND.MSS, 4, option.octets >> 8, option.octets & 255];
    case 'wscale':
      return [KIND.WSCALE, 3, option.shift];
    case 'sack': {
      const edges = option.blocks.flatMap(({ left, right }) => [...word(left), ...word(right)]);
      return [KIND.SACK, 2 + edges.length, ...edges];
    }
    case 'TS':
      return [KIND.TIMESTAMPS, 10, ...word(option.value), ...word(option.echo)];
    case 'other': {
      const data = (option.data.match(/../g) ?? []).map((hex) => parseInt(hex, 16));
      return [option.number, 2 + data.length, ...data];
    }
  }
}

function word(value: number): number[] {
  return [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** Options out of octets. @throws Error for a length that cannot be (MUST-7). */
export function readOptions(octets: Uint8Array): TcpOption[] {
  const view = new DataView(octets.buffer, octets.byteOffset, octets.length);
  const options: TcpOption[] = [];
  for (let at = 0; at < octets.length;) {
    const kind = octets[at] as number;
    if (kind === KIND.EOL || kind === KIND.NOP) {
      options.push({ kind: kind === KIND.EOL ? 'eol' : 'nop' });
      at++;
      continue;
    }
    const length = octets[at + 1] ?? 0;
    if (length < 2 || at + length > octets.length) {
      throw new Error(`an option ${kind} of TCP of ${length} octets`);
    }
    options.push(readOption(view, at, kind, length));
    at += length;
  }
  return options;
}

function readOption(view: DataView, at: number, kind: number, length: number): TcpOption {
  if (kind === KIND.MSS && length === 4) return { kind: 'mss', octets: view.getUint16(at + 2) };
  if (kind === KIND.WSCALE && length === 3) return { kind: 'wscale', shift: view.getUint8(at + 2) };
  if (kind === KIND.SACK_OK && length === 2) return { kind: 'sackOK' };
  if (kind === KIND.SACK && (length - 2) % 8 === 0) {
    const blocks: SackBlock[] = [];
    for (let edge = at + 2; edge < at + length; edge += 8) {
      blocks.push({ left: view.getUint32(edge), right: view.getUint32(edge + 4) });
    }
    return { kind: 'sack', blocks };
  }
  if (kind === KIND.TIMESTAMPS && length === 10) {
    return { kind: 'TS', value: view.getUint32(at + 2), echo: view.getUint32(at + 6) };
  }
  let data = '';
  for (let i = at + 2; i < at + length; i++) data += view.getUint8(i).toString(16).padStart(2, '0');
  return { kind: 'other', number: kind, data };
}

/** The options that mean something, in an order of their own: padding does not count. */
export function comparable(options: readonly TcpOption[]): string {
  return options
    .filter(({ kind }) => kind !== 'nop' && kind !== 'eol')
    .map(wordsOf)
    .sort()
    .join(',');
}

/** An option as scripts write it. */
export function wordsOf(option: TcpOption): string {
  switch (option.kind) {
    case 'mss':
      return `mss ${option.octets}`;
    case 'wscale':
      return `wscale ${option.shift}`;
    case 'sack':
      return `sack ${option.blocks.map(({ left, right }) => `${left}:${right}`).join(' ')}`;
    case 'TS':
      return `TS val ${option.value} ecr ${option.echo}`;
    case 'other':
      return `option ${option.number} ${option.data}`.trim();
    default:
      return option.kind;
  }
}
