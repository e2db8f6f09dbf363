/** The packets of a script: `< S. 0:0(0) ack 1 win 8192 <mss 1460>` and the other protocols. */

import { TCP_FLAG } from '../wire/build.js';
import { ICMP_CODES, ICMP_TYPES } from './icmp.js';
import type { Scanner } from './scanner.js';
import { MissingFeature } from './syntax.js';
import type { IcmpPattern, IpPattern, PacketPattern, SackBlock } from './syntax.js';
import type { TcpOption, TcpPattern } from './syntax.js';

const FLAGS: Readonly<Record<string, number>> = {
  F: TCP_FLAG.FIN, S: TCP_FLAG.SYN, R: TCP_FLAG.RST, P: TCP_FLAG.PSH, '.': TCP_FLAG.ACK,
  U: TCP_FLAG.URG, E: TCP_FLAG.ECE, W: TCP_FLAG.CWR, C: TCP_FLAG.CWR, A: TCP_FLAG.AE,
};
/** ECN in the two low bits of the type of service (RFC 3168, 5). */
const ECN: Readonly<Record<string, number>> = { noecn: 0, ect1: 1, ect0: 2, ce: 3 };

const FLAG_WORD = /[FSRPUEWCA.]+(?=\s)|-(?=\s)/y;
const HEXADECIMAL = /[0-9a-fA-F]*/y;
/** Options that carry opaque octets: their numbers (IANA's registry of TCP options). */
const OPAQUE: Readonly<Record<string, readonly [number: number, prefix: string]>> = {
  md5: [19, ''], FO: [34, ''], FOEXP: [254, 'f989'],
};

/** A packet; its `<` or `>` comes next. @throws ScriptSyntaxError. */
export function parsePacket(scanner: Scanner): PacketPattern {
  const direction = scanner.take('<') ? '<' : '>';
  if (direction === '>') scanner.must('>');
  const ip = parseIp(scanner);
  const ports = parsePorts(scanner);
  const named = { direction, ip, ...(ports === undefined ? {} : { ports }) } as const;
  if (scanner.take('icmp')) return { ...named, body: parseIcmp(scanner) };
  if (scanner.take('udp')) return { ...named, body: { kind: 'udp', length: parseLength(scanner) } };
  if (scanner.sees('ipv4') || scanner.sees('ipv6') || scanner.sees('gre')) {
    throw new MissingFeature('packets within packets');
  }
  if (scanner.sees('sctp')) throw new MissingFeature('SCTP');
  return { ...named, body: parseTcp(scanner, direction) };
}

function parseIp(scanner: Scanner): IpPattern {
  let ip: IpPattern = {};
  for (;;) {
    const close = scanner.take('[') ? ']' : scanner.take('(') ? ')' : undefined;
    if (close === undefined) return ip;
    do {
      const { place } = scanner;
      const word = scanner.name('ect0, ect1, ce, noecn, tos or ttl');
      if (word in ECN) ip = { ...ip, ecn: ECN[word] as number };
      else if (word === 'tos') ip = { ...ip, tos: scanner.integer('a type of service') };
      else if (word === 'ttl') ip = { ...ip, ttl: scanner.integer('a time to live') };
      else if (word === 'flowlabel') throw new MissingFeature('IPv6');
      else scanner.fail(`expected ect0, ect1, ce, noecn, tos or ttl, and not '${word}'`, place);
    } while (scanner.take(','));
    scanner.must(close);
  }
}

function parsePorts(scanner: Scanner): { source: number; destination: number } | undefined {
  if (!/[0-9]/.test(scanner.peek())) return undefined;
  const source = scanner.integer('a port');
  scanner.must('>');
  return { source, destination: scanner.integer('a port') };
}

function parseTcp(scanner: Scanner, direction: '<' | '>'): TcpPattern {
  const word = scanner.match(FLAG_WORD);
  if (word === undefined) scanner.fail('expected flags of TCP (like S, ., F., PE.), icmp or udp');
  const flags = [...word as string].reduce((sum, flag) => sum | (FLAGS[flag] ?? 0), 0);
  const { sequence, length } = scanner.take('...')
    ? { sequence: undefined, length: parseLength(scanner) } : parseRange(scanner);
  const acknowledgment = scanner.take('ack') ? parseNumber(scanner) : undefined;
  const window = scanner.take('win') ? scanner.integer('a window') : undefined;
  const urgent = scanner.take('urg') ? scanner.integer('an urgent pointer') : 0;
  const options = scanner.take('<') ? parseOptions(scanner) : [];
  if (options === 'any' && direction === '<') scanner.fail('a packet for us says its options');
  return { kind: 'tcp', flags, sequence, length, acknowledgment, window, urgent, options };
}

function parseNumber(scanner: Scanner): number | undefined {
  return scanner.take('...') ? undefined : scanner.integer('an acknowledgment') >>> 0;
}

/** `0:10(10)`: where it begins, where it ends, and how many octets that is. */
function parseRange(scanner: Scanner): { sequence: number; length: number } {
  const sequence = scanner.integer('a sequence number') >>> 0;
  scanner.must(':');
  const { place } = scanner;
  const end = scanner.integer('a sequence number') >>> 0;
  const length = parseLength(scanner);
  const due = (sequence + length) >>> 0;
  if (end !== due) {
    scanner.fail(`expected ${due}, where ${length} octets from ${sequence} on end`, place);
  }
  return { sequence, length };
}

function parseLength(scanner: Scanner): number {
  scanner.must('(');
  const length = scanner.integer('a number of octets');
  scanner.must(')');
  return length;
}

function parseOptions(scanner: Scanner): readonly TcpOption[] | 'any' {
  if (scanner.take('...')) {
    scanner.must('>');
    return 'any';
  }
  const options: TcpOption[] = [];
  if (scanner.take('>')) return options;
  do options.push(parseOption(scanner)); while (scanner.take(','));
  scanner.must('>');
  return options;
}

function parseOption(scanner: Scanner): TcpOption {
  const { place } = scanner;
  const word = scanner.name('an option of TCP');
  switch (word) {
    case 'eol':
    case 'nop':
    case 'sackOK':
      return { kind: word };
    case 'mss':
      return { kind: 'mss', octets: scanner.integer('octets of a segment') };
    case 'wscale':
      return { kind: 'wscale', shift: scanner.integer('a shift') };
    case 'sack':
      return { kind: 'sack', blocks: parseBlocks(scanner) };
    case 'TS': {
      scanner.must('val');
      const value = scanner.integer('a time') >>> 0;
      scanner.must('ecr');
      return { kind: 'TS', value, echo: scanner.integer('a time') >>> 0 };
    }
    default: {
      const [number, prefix] = OPAQUE[word] ?? scanner.fail(`'${word}' is no option of TCP`, place);
      return { kind: 'other', number, data: prefix + (scanner.match(HEXADECIMAL) ?? '') };
    }
  }
}

function parseBlocks(scanner: Scanner): SackBlock[] {
  const blocks: SackBlock[] = [];
  do {
    const left = scanner.integer('the left edge of a block') >>> 0;
    scanner.must(':');
    blocks.push({ left, right: scanner.integer('the right edge of a block') >>> 0 });
  } while (/[0-9]/.test(scanner.peek()));
  return blocks;
}

function parseIcmp(scanner: Scanner): IcmpPattern {
  const { place } = scanner;
  const word = scanner.name('a type of ICMP, like unreachable');
  const type = ICMP_TYPES[word] ?? scanner.fail(`'${word}' is no type of ICMP`, place);
  const codes = ICMP_CODES[word] ?? {};
  let code = 0;
  if (/[a-z0-9]/.test(scanner.peek()) && !scanner.sees('mtu') && !scanner.sees('id')) {
    code = parseCode(scanner, codes);
  }
  let rest = 0;
  if (scanner.take('mtu')) rest = scanner.integer('an MTU');
  if (scanner.take('id')) throw new MissingFeature('ICMP echoes in scripts');
  if (!scanner.take('[')) return { kind: 'icmp', type, code, rest, quoted: undefined };
  const quoted = parseRange(scanner);
  scanner.must(']');
  return { kind: 'icmp', type, code, rest, quoted };
}

function parseCode(scanner: Scanner, codes: Readonly<Record<string, number>>): number {
  if (/[0-9]/.test(scanner.peek())) return scanner.integer('a code');
  const { place } = scanner;
  const word = scanner.name('a code of ICMP');
  return codes[word] ?? scanner.fail(`'${word}' is no code of this ICMP message`, place);
}
