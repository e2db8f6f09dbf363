/** The calls of a script: each begins, and is asked until it has an end. */

import { pollAll } from './poll.js';
import type { Polled } from './poll.js';
import type { Program } from './program.js';
import { getSocketOption, setSocketOption } from './sockoptions.js';
import type { Descriptor } from './sockets.js';
import { MissingFeature } from './syntax.js';
import type { Call, Expression } from './syntax.js';
import { WrongValue, fieldOf, isAny, isCount, nameOf, numberOf, wordsOfValue } from './values.js';

/** How a call ended. */
export interface Outcome {
  readonly value: number;
  /** The name of errno; then the value is -1. */
  readonly error?: string;
  /** What it gave besides is not what the script says. */
  readonly wrong?: string;
}

/** Asks a call for its end; undefined: it waits. */
export type Attempt = () => Outcome | undefined;

/** What a call is made of: the program, its arguments, and the result that the script wants. */
interface Given {
  readonly program: Program;
  readonly list: readonly Expression[];
  readonly wanted: Expression;
}

const MSG_OOB = 1;
const MSG_PEEK = 2;
const MSG_DONTWAIT = 0x80;
const O_NONBLOCK = 4;
const O_RDWR = 2;

const CALLS: Readonly<Record<string, (given: Given) => Attempt>> = {
  socket, bind, listen, accept, connect, read, recv, recvfrom: recv, write, send, sendto: send,
  readv, writev, shutdown, close, fcntl, ioctl, poll,
  accept4: accept,
  getsockopt: optionCall(getSocketOption),
  setsockopt: optionCall(setSocketOption),
};

/** Begins a call. @throws MissingFeature for one that there is not; WrongValue. */
export function beginCall(program: Program, { name, arguments: list, result }: Call): Attempt {
  const begin = CALLS[name];
  if (begin === undefined) throw new MissingFeature(`the call ${name}()`);
  return begin({ program, list, wanted: result.value });
}

/** Why an outcome is not what the script wants; undefined where it is. */
export function outcomeDiffers(outcome: Outcome, { name, result }: Call): string | undefined {
  const actual = outcomeWords(outcome);
  if (outcome.wrong !== undefined) return `${name}(): ${outcome.wrong}`;
  const expected = resultWords(result);
  if (result.error !== undefined && canonical(result.error) !== canonical(outcome.error ?? '')) {
    return `${name}() gave ${actual}, and not ${expected}`;
  }
  if (isAny(result.value) || numberOf(result.value) === outcome.value) return undefined;
  return `${name}() gave ${actual}, and not ${expected}`;
}

function outcomeWords({ value, error }: Outcome): string {
  return error === undefined ? String(value) : `${value} ${error}`;
}

function resultWords({ value, error }: Call['result']): string {
  return error === undefined ? wordsOfValue(value) : `${wordsOfValue(value)} ${error}`;
}

function canonical(error: string): string {
  return error === 'EWOULDBLOCK' ? 'EAGAIN' : error;
}

function failed(error: string): Outcome {
  return { value: -1, error };
}

function atOnce(act: () => Outcome): Attempt {
  return act;
}

function optionCall(act: typeof getSocketOption): (given: Given) => Attempt {
  return (given) => () => act(given.program, descriptorOf(given), given.list);
}

function descriptorOf({ program, list }: Pick<Given, 'program' | 'list'>): Descriptor {
  const [first] = list;
  if (first === undefined) throw new WrongValue('the call takes a descriptor');
  const found = program.sockets.find(numberOf(first));
  if (found === undefined) throw new WrongValue(`${numberOf(first)} is no descriptor that is open`);
  return found;
}

/** The outcome of a status that is an error, or of success. */
function statusOutcome(program: Program, status: number): Outcome {
  return status < 0 ? failed(program.sockets.errnoOf(status)) : { value: 0 };
}

function socket({ program, list, wanted }: Given): Attempt {
  const [domain, type, protocol] = list;
  const family = domain?.kind === 'name' ? domain.name : '';
  if (family.includes('INET6')) throw new MissingFeature('IPv6');
  const kind = type?.kind === 'operation' ? type.terms[0] : type;
  const word = nameOf(kind);
  if (word !== 'SOCK_STREAM' && word !== 'SOCK_DGRAM') throw new MissingFeature(word);
  const named = protocol?.kind === 'name' ? protocol.name : '';
  if (/SCTP|MPTCP|UDPLITE/.test(named)) throw new MissingFeature(named);
  return atOnce(() => {
    const made = program.sockets.create(
      numberOf(wanted), word === 'SOCK_STREAM' ? 'stream' : 'datagram',
    );
    if (typeof made === 'string') return failed(made);
    const sent = program.sysctls.get('net.inet.tcp.sendspace');
    if (made.kind === 'stream') program.sockets.raw.option(made.handle, 'SEND_BUFFER', sent);
    if (type?.kind === 'operation') made.nonBlocking = true;
    return { value: made.number };
  });
}

/** The address and port of an argument, or those that the script's options say. */
function endOf(
  expression: Expression | undefined, otherwise: { address: number; port: number },
): { address: number; port: number } {
  const address = fieldOf(expression, 'sin_addr');
  const port = fieldOf(expression, 'sin_port');
  return {
    address: address === undefined || isAny(address) ? otherwise.address : numberOf(address),
    port: port === undefined || isAny(port) ? otherwise.port : numberOf(port),
  };
}

function bind(given: Given): Attempt {
  const descriptor = descriptorOf(given);
  const { program, list } = given;
  const { sockets, settings } = program;
  const { address, port } = endOf(list[1], { address: 0, port: settings.bindPort });
  return atOnce(() => {
    const own = address === 0 || address === settings.localAddress;
    if (!own) return failed('EADDRNOTAVAIL');
    const status = sockets.raw.bind(descriptor.handle, address, port);
    if (status >= 0) descriptor.state = 'bound';
    return statusOutcome(program, status);
  });
}

/** Berkeley's queue holds half as many again as are asked for, and one. */
function listen(given: Given): Attempt {
  const descriptor = descriptorOf(given);
  const { program, list } = given;
  const asked = list[1] === undefined ? 0 : numberOf(list[1]);
  return atOnce(() => {
    if (descriptor.state === 'listening') return { value: 0 };
    const room = Math.floor(Math.max(asked, 0) * 1.5) + 1;
    const status = program.sockets.raw.listen(descriptor.handle, room);
    if (status >= 0) descriptor.state = 'listening';
    return statusOutcome(program, status);
  });
}

/** A call that would wait: it fails on a descriptor that must not. */
function waits({ nonBlocking }: Descriptor, flags = 0): Outcome | undefined {
  return nonBlocking || (flags & MSG_DONTWAIT) !== 0 ? failed('EAGAIN') : undefined;
}

function accept(given: Given): Attempt {
  const descriptor = descriptorOf(given);
  const { program, wanted } = given;
  return () => {
    if (descriptor.state !== 'listening') return failed('EINVAL');
    const number = wanted.kind === 'number' ? wanted.value : -1;
    const made = program.sockets.accept(descriptor, number);
    return made === undefined ? waits(descriptor) : { value: made.number };
  };
}

function connect(given: Given): Attempt {
  const descriptor = descriptorOf(given);
  const { program, list } = given;
  const { sockets, settings } = program;
  const { remoteAddress, connectPort } = settings;
  const { address, port } = endOf(list[1], { address: remoteAddress, port: connectPort });
  let begun = false;
  const begin = (): Outcome | undefined => {
    if (descriptor.state === 'connecting') return failed('EALREADY');
    if (descriptor.state === 'connected') return failed('EISCONN');
    const status = sockets.raw.connect(descriptor.handle, address, port);
    if (status < 0) return statusOutcome(program, status);
    descriptor.state = 'connecting';
    begun = true;
    return descriptor.nonBlocking ? failed('EINPROGRESS') : undefined;
  };
  return () => {
    if (!begun) return begin();
    if (descriptor.state === 'connecting') return undefined;
    const error = descriptor.takeError();
    return error === undefined ? { value: 0 } : failed(error);
  };
}

function countOf(expression: Expression | undefined): number {
  if (expression === undefined) throw new WrongValue('the call takes a number of octets');
  return numberOf(expression);
}

/** What a script leaves out is 0. */
function flagsOf(expression: Expression | undefined): number {
  return expression === undefined ? 0 : numberOf(expression);
}

function read(given: Given): Attempt {
  return receiveInto(given, countOf(given.list[2]), 0, given.list[1]);
}

function recv(given: Given): Attempt {
  return receiveInto(given, countOf(given.list[2]), flagsOf(given.list[3]), given.list[1]);
}

function readv(given: Given): Attempt {
  return receiveInto(given, vectorOctets(given.list[1]), 0, undefined);
}

/** The octets of `[{base, length}, …]`. */
function vectorOctets(vector: Expression | undefined): number {
  if (vector?.kind !== 'list') throw new WrongValue('the call takes a list of pieces');
  return vector.items.reduce((sum, piece) => {
    const length = fieldOf(piece, 'iov_len') ?? fieldOf(piece, '1');
    return sum + countOf(length);
  }, 0);
}

function receiveInto(
  given: Given, octets: number, flags: number, text: Expression | undefined,
): Attempt {
  const descriptor = descriptorOf(given);
  if (!isCount(octets)) return atOnce(() => failed('EINVAL'));
  const { sockets } = given.program;
  const peek = (flags & MSG_PEEK) !== 0;
  return () => {
    if (descriptor.state === 'listening') return failed('ENOTCONN');
    const most = Math.min(octets, sockets.block.octets);
    const data = (flags & MSG_OOB) !== 0
      ? descriptor.receiveUrgent()
      : descriptor.receive(most, peek);
    if (typeof data === 'string') return failed(data);
    if (data === undefined) return waits(descriptor, flags);
    const outcome = { value: data.length };
    if (text?.kind !== 'text') return outcome;
    const found = new TextDecoder('latin1').decode(data);
    if (found === text.value) return outcome;
    return { ...outcome, wrong: `read ${JSON.stringify(found)}, and not ${wordsOfValue(text)}` };
  };
}

function write(given: Given): Attempt {
  return sendFrom(given, countOf(given.list[2]), 0, given.list[1]);
}

function send(given: Given): Attempt {
  return sendFrom(given, countOf(given.list[2]), flagsOf(given.list[3]), given.list[1]);
}

function writev(given: Given): Attempt {
  return sendFrom(given, vectorOctets(given.list[1]), 0, undefined);
}

function sendFrom(
  given: Given, octets: number, flags: number, text: Expression | undefined,
): Attempt {
  const descriptor = descriptorOf(given);
  if (!isCount(octets)) return atOnce(() => failed('EINVAL'));
  const { raw, block } = given.program.sockets;
  const words = new TextEncoder().encode(text?.kind === 'text' ? text.value : '');
  const data = new Uint8Array(Math.min(octets, block.octets));
  let taken = 0;
  return () => {
    const error = descriptor.takeError();
    if (error !== undefined) return failed(error);
    if (descriptor.shutWrite) return failed('EPIPE');
    if (descriptor.state === 'connecting') return waits(descriptor, flags);
    if (descriptor.state !== 'connected') {
      return failed(descriptor.state === 'dead' ? 'EPIPE' : 'ENOTCONN');
    }
    while (taken < octets) {
      const length = Math.min(block.octets, octets - taken);
      data.fill(0);
      data.set(words.subarray(taken, taken + length));
      block.write(data, 0, length);
      const count = (flags & MSG_OOB) !== 0
        ? raw.sendUrgent(descriptor.handle, block, length)
        : raw.send(descriptor.handle, block, length);
      if (count < 0) return statusOutcome(given.program, count);
      if (count === 0) break;
      taken += count;
    }
    if (taken === octets) return { value: taken };
    const outcome = waits(descriptor, flags);
    return outcome !== undefined && taken > 0 ? { value: taken } : outcome;
  };
}

function shutdown(given: Given): Attempt {
  const descriptor = descriptorOf(given);
  const { program, list } = given;
  const how = countOf(list[1]);
  return atOnce(() => {
    if (descriptor.state !== 'connected' && descriptor.state !== 'connecting') {
      return failed('ENOTCONN');
    }
    if (how !== 1) descriptor.shutRead = true;
    if (how === 0) return { value: 0 };
    descriptor.shutWrite = true;
    return statusOutcome(program, program.sockets.raw.shutdown(descriptor.handle));
  });
}

/** Waits as SO_LINGER says; one that does not wait closes at once, and goes on behind that. */
function close(given: Given): Attempt {
  const descriptor = descriptorOf(given);
  const { sockets } = given.program;
  return () => {
    if (!descriptor.nonBlocking && descriptor.lingers()) return undefined;
    sockets.close(descriptor);
    return { value: 0 };
  };
}

function fcntl(given: Given): Attempt {
  const descriptor = descriptorOf(given);
  const command = nameOf(given.list[1]);
  if (command === 'F_GETFL') {
    return atOnce(() => ({ value: O_RDWR | (descriptor.nonBlocking ? O_NONBLOCK : 0) }));
  }
  if (command !== 'F_SETFL') throw new MissingFeature(`fcntl() with ${command}`);
  const flags = countOf(given.list[2]);
  return atOnce(() => {
    descriptor.nonBlocking = (flags & O_NONBLOCK) !== 0;
    return { value: 0 };
  });
}

/** Octets that can be read (FIONREAD), and whether the next one is urgent (SIOCATMARK). */
function ioctl(given: Given): Attempt {
  const descriptor = descriptorOf(given);
  const request = nameOf(given.list[1]);
  const wanted = given.list[2];
  return atOnce(() => {
    let found: number;
    if (request === 'FIONREAD' || request === 'SIOCINQ') found = descriptor.readable;
    else if (request === 'SIOCATMARK') found = descriptor.urgentLeft === 0 ? 1 : 0;
    else if (request === 'FIONBIO') {
      descriptor.nonBlocking = countOf(wanted) !== 0;
      return { value: 0 };
    } else throw new MissingFeature(`ioctl() with ${request}`);
    if (wanted === undefined || isAny(wanted) || numberOf(wanted) === found) return { value: 0 };
    return { value: 0, wrong: `${request} gave ${found}, and not ${wordsOfValue(wanted)}` };
  });
}

function poll(given: Given): Attempt {
  const [list, , timeout] = given.list;
  const { program } = given;
  if (list?.kind !== 'list') throw new WrongValue('poll() takes a list of descriptors');
  const polled = list.items.map((item): Polled => {
    const fd = fieldOf(item, 'fd') ?? fieldOf(item, '0');
    return {
      descriptor: descriptorOf({ program, list: fd === undefined ? [] : [fd] }),
      asked: numberOf(fieldOf(item, 'events') ?? (fd as Expression)),
      wanted: fieldOf(item, 'revents'),
    };
  });
  return pollAll(program.sockets, polled, timeout === undefined ? 0 : numberOf(timeout));
}
