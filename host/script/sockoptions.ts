/** getsockopt and setsockopt: which options the machine has, which it remembers, which none. */

import { LINGER_ON } from '../user/socket.js';
import type { Outcome } from './calls.js';
import type { Program } from './program.js';
import type { Descriptor } from './sockets.js';
import { MissingFeature } from './syntax.js';
import type { Expression } from './syntax.js';
import { connectionOf, infoOf } from './tcpinfo.js';
import { fieldOf, isAny, nameOf, numberOf, wordsOfValue } from './values.js';

/** Options that change nothing here, and give what they were set to. */
const REMEMBERED = new Set([
  'SO_REUSEADDR', 'SO_REUSEPORT', 'SO_BROADCAST', 'SO_DEBUG', 'SO_DONTROUTE',
  'SO_TIMESTAMP', 'SO_NOSIGPIPE', 'SO_PRIORITY', 'SO_RCVLOWAT', 'SO_SNDLOWAT', 'IP_RECVTOS',
]);
/** Options that are off until they are set. */
const SWITCHES = new Set(['TCP_NODELAY', 'SO_KEEPALIVE', 'SO_OOBINLINE', 'IP_TOS']);
/** Options in seconds, or a number, that begin as a setting of the whole system says. */
const TIMES: Readonly<Record<string, readonly [setting: string, unit: number]>> = {
  TCP_KEEPIDLE: ['net.inet.tcp.keepidle', 1000], TCP_KEEPINTVL: ['net.inet.tcp.keepintvl', 1000],
  TCP_KEEPCNT: ['net.inet.tcp.keepcnt', 1], TCP_KEEPINIT: ['net.inet.tcp.keepinit', 1000],
};
/** What each system rounds and doubles in its own manner: the numbers are not compared. */
const BUFFERS = new Set(['SO_RCVBUF', 'SO_SNDBUF', 'SO_RCVBUFFORCE', 'SO_SNDBUFFORCE']);

/** setsockopt(fd, level, name, value, length). */
export function setSocketOption(
  program: Program, descriptor: Descriptor, list: readonly Expression[],
): Outcome {
  const { raw } = program.sockets;
  const name = nameOf(list[2]);
  const given = list[3];
  if (name === 'SO_LINGER') {
    const [on, seconds] = ['onoff', 'linger'].map((field, index) => {
      return fieldOf(given, `l_${field}`) ?? fieldOf(given, field) ?? fieldOf(given, String(index));
    });
    const isSet = on !== undefined && numberOf(on) !== 0;
    const value = isSet && seconds !== undefined ? LINGER_ON | numberOf(seconds) & 0xffff : 0;
    // A socket of datagrams has nothing to wait for.
    if (descriptor.kind === 'datagram') return { value: 0 };
    const status = raw.option(descriptor.handle, 'LINGER', value);
    return status < 0 ? { value: -1, error: program.sockets.errnoOf(status) } : { value: 0 };
  }
  const number = given === undefined ? 0 : numberOf(given);
  const time = TIMES[name];
  // One program, one machine: what it asks for its socket, all of its connections have.
  if (time !== undefined) program.sysctls.apply(time[0], number * time[1]);
  if (REMEMBERED.has(name) || time !== undefined) {
    descriptor.remembered.set(name, number);
    return { value: 0 };
  }
  if (name === 'SO_RCVBUF') {
    // Its room is the window of connections that are opened from here on.
    program.sysctls.set('net.inet.tcp.recvspace', number);
    return { value: 0 };
  }
  const status = setOption(raw, descriptor, name, number);
  if (status === undefined) throw new MissingFeature(`setsockopt() of ${name}`);
  descriptor.remembered.set(name, number);
  if (status >= 0) return { value: 0 };
  return { value: -1, error: program.sockets.errnoOf(status) };
}

function setOption(
  raw: Program['sockets']['raw'], { handle }: Descriptor, name: string, value: number,
): number | undefined {
  switch (name) {
    case 'TCP_NODELAY':
      return raw.option(handle, 'NO_DELAY', value === 0 ? 0 : 1);
    case 'SO_KEEPALIVE':
      return raw.option(handle, 'KEEP_ALIVE', value === 0 ? 0 : 1);
    case 'SO_OOBINLINE':
      return raw.option(handle, 'OOB_INLINE', value === 0 ? 0 : 1);
    case 'IP_TOS':
      return raw.option(handle, 'TYPE_OF_SERVICE', value & 0xff);
    case 'SO_SNDBUF':
      return raw.option(handle, 'SEND_BUFFER', value);
    default:
      return undefined;
  }
}

/** getsockopt(fd, level, name, [value], [length]). */
export function getSocketOption(
  program: Program, descriptor: Descriptor, list: readonly Expression[],
): Outcome {
  const name = nameOf(list[2]);
  const wanted = list[3];
  if (BUFFERS.has(name)) return { value: 0 };
  if (name === 'SO_ERROR') return errorOutcome(descriptor.takeError(), wanted);
  if (name === 'TCP_INFO') return infoOutcome(program, descriptor, wanted);
  const found = valueOf(program, descriptor, name);
  if (found === undefined) throw new MissingFeature(`getsockopt() of ${name}`);
  if (isAny(wanted) || wanted === undefined || numberOf(wanted) === found) return { value: 0 };
  return { value: 0, wrong: `${name} is ${found}, and not ${wordsOfValue(wanted)}` };
}

function valueOf(program: Program, descriptor: Descriptor, name: string): number | undefined {
  const remembered = descriptor.remembered.get(name);
  if (remembered !== undefined) return remembered;
  const time = TIMES[name];
  if (time !== undefined) return Math.floor(program.sysctls.get(time[0]) / time[1]);
  if (name === 'TCP_MAXSEG') return connectionOf(program.machine, descriptor)?.mss;
  if (name === 'SO_ACCEPTCONN') return descriptor.state === 'listening' ? 1 : 0;
  const isKnown = REMEMBERED.has(name) || SWITCHES.has(name);
  return isKnown ? 0 : undefined;
}

function errorOutcome(error: string | undefined, wanted: Expression | undefined): Outcome {
  if (wanted === undefined || isAny(wanted)) return { value: 0 };
  const [only] = wanted.kind === 'list' ? wanted.items : [wanted];
  const asked = only?.kind === 'name' ? only.name : undefined;
  const isMet = asked === undefined ? error === undefined : asked === error;
  if (isMet) return { value: 0 };
  return { value: 0, wrong: `SO_ERROR is ${error ?? 0}, and not ${wordsOfValue(wanted)}` };
}

function infoOutcome(
  program: Program, descriptor: Descriptor, wanted: Expression | undefined,
): Outcome {
  const [struct] = wanted?.kind === 'list' ? wanted.items : [wanted];
  if (struct?.kind !== 'struct') return { value: 0 };
  for (const [field, value] of struct.fields) {
    const found = infoOf(program.machine, descriptor, field);
    if (found === undefined) throw new MissingFeature(`tcp_info's ${field}`);
    if (isAny(value) || numberOf(value) === found) continue;
    return { value: 0, wrong: `${field} is ${found}, and not ${wordsOfValue(value)}` };
  }
  return { value: 0 };
}
