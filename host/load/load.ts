/** What a load is: something that keeps a world busy, in virtual time alone, and counts. */

import { statusName } from '../kernel/status.js';
import { formatAddress } from '../machine/address.js';
import type { Machine } from '../machine/machine.js';
import type { World } from '../machine/world.js';

/** Who takes part. */
export interface LoadContext {
  readonly server: Machine;
  readonly clients: readonly Machine[];
  /** Addresses that loads may claim for themselves or take for absent: none of a machine's. */
  readonly spare: { readonly first: number; readonly last: number };
}

/** What a load counted; a connection counts once, where it was asked for. */
export interface LoadFigures {
  opened: number;
  /** Opened, and ended in order. */
  closed: number;
  /** Opened, and ended by a reset or a time-out. */
  aborted: number;
  refused: number;
  /** Connects to where nobody answers. */
  unreachable: number;
  /** Connects for which the machine had no port or no memory left. */
  exhausted: number;
  /** Octets of data that sockets took. */
  octets: number;
  /** Octets of data that arrived, were compared with what was sent, and are the same. */
  verified: number;
  /** Octets of data that arrived and are not what was sent. */
  differing: number;
  /** Requests that were answered. */
  exchanges: number;
  /** Frames put on the link without a machine. */
  injected: number;
  /** Conversations of a recording, each octet as recorded. */
  replayed: number;
  /** Conversations that came to nothing, or to something else. */
  failed: number;
  /** Conversations that began later than recorded, for lack of room. */
  held: number;
  /** Octets that a recording lacks in what it has conversations of. */
  missing: number;
  /** How often what arrived was not what was sent. */
  errors: number;
  /** What was wrong, in words: the first of them. */
  readonly complaints: string[];
}

/** Something that keeps a world busy. */
export interface Load {
  readonly name: string;
  readonly figures: LoadFigures;
  /** Sockets that it has open, those that listen too. */
  readonly open: number;
  /**
   * Begins, at the next instant that the world runs; once.
   * @throws Error where a machine gives it no socket to listen with.
   */
  start(world: World, context: LoadContext): void;
  /**
   * Begins nothing more. What is under way is ended in order, and a connect that waits comes to
   * its end, as far as time then goes on.
   */
  stop(): void;
  /** Closes at once what is still open. */
  abandon(): void;
}

const KEPT_COMPLAINTS = 20;
/** What a connect says that found no port: none is free, or what it would be is in TIME-WAIT. */
const LOCAL = new Set(['INSUFFICIENT_RESOURCES', 'ADDRESS_ALREADY_EXISTS']);

/** Longer than an answer takes over any link that has one. */
const ANSWER_NS = 10e9;

/**
 * Lets each client and the server find one another, before loads begin: NT keeps one datagram for
 * a neighbour whose address it asks for, so that of many first SYNs all but one would be lost.
 */
export async function introduce(world: World, context: LoadContext): Promise<void> {
  const server = formatAddress(context.server.settings.address);
  const pings = context.clients.map(async (client) => client.ping(server));
  await world.runUntil(Promise.allSettled(pings), ANSWER_NS);
}

/** Figures at zero. */
export function emptyFigures(): LoadFigures {
  return {
    opened: 0, closed: 0, aborted: 0, refused: 0, unreachable: 0, exhausted: 0, octets: 0,
    verified: 0, differing: 0, exchanges: 0, injected: 0, replayed: 0, failed: 0, held: 0,
    missing: 0, errors: 0, complaints: [],
  };
}

/** Adds up the figures of several loads. */
export function sumFigures(all: readonly LoadFigures[]): LoadFigures {
  const sum = emptyFigures();
  for (const figures of all) {
    for (const [name, value] of Object.entries(figures) as [keyof LoadFigures, unknown][]) {
      if (name !== 'complaints') sum[name] += value as number;
    }
    sum.complaints.push(...figures.complaints);
  }
  return sum;
}

/** Notes that what arrived was not what was sent. */
export function complain(figures: LoadFigures, sentence: string): void {
  figures.errors++;
  if (figures.complaints.length < KEPT_COMPLAINTS) figures.complaints.push(sentence);
}

/** Counts a connect that came to nothing. */
export function countFailure(figures: LoadFigures, machine: Machine, status: number): void {
  const name = statusName(machine.kernel.layout, status);
  if (name === 'CONNECTION_REFUSED') figures.refused++;
  else if (LOCAL.has(name)) figures.exhausted++;
  else figures.unreachable++;
}

/**
 * Whether a machine can run no program: it has stopped, or no processor is at PASSIVE_LEVEL. What
 * is asked of it waits for ever, and is not asked again.
 */
export function isLost(machine: Machine): boolean {
  const { processors } = machine.settings;
  if (!machine.running) return true;
  for (let i = 0; i < processors; i++) if (machine.irql(i) === 0) return false;
  return true;
}
