/**
 * What the detectors look at: the state of one machine between two calls of its kernel, when no
 * processor is inside it, but for those that spin for ever. Plain data, copied out of the machine;
 * nothing here leads back.
 */

import type { Site } from './sourcemap.js';

/** One processor. */
export interface ObservedProcessor {
  readonly number: number;
  /** Its IRQL: 0 is PASSIVE_LEVEL, 2 DISPATCH_LEVEL. */
  readonly irql: number;
  /** DPCs that wait in its queue. */
  readonly waitingDpcs: number;
  /** Address of the lock it spins on: it is inside a call that it never comes back from. */
  readonly spinsOn?: number;
}

/** One lock that somebody owns. */
export interface ObservedLock {
  readonly address: number;
  /** Its name in ke/lockorder.ts. */
  readonly name: string;
  /** The number of the processor that owns it. */
  readonly owner: number;
  /** Where it was acquired; `checked`, and only where stacks were kept. */
  readonly site?: Site;
}

/** A gate that something keeps shut, before which requests wait. */
export interface ObservedGate {
  readonly address: number;
  /** What it is the gate of: `LANA 0`. */
  readonly name: string;
  /** The name of its lock in ke/lockorder.ts. */
  readonly lock: string;
  /** Where that lies for which it is kept. */
  readonly keeper: number;
  readonly sinceUs: number;
  /** How many wait. */
  readonly waiters: number;
  /** Where it was kept; `checked`, and only where stacks were kept. */
  readonly site?: Site;
}

/** A connection that is over, and whose client has not been told. */
export interface ObservedEnd {
  /** Who owes it, and to whom: drivers. */
  readonly transport: string;
  readonly client: string;
  /** Where the connection lies, and the client's own word for it. */
  readonly address: number;
  readonly context: number;
  /** Who was at the other end: `10.0.0.2:1025`. */
  readonly remote: string;
  /** When it ended. */
  readonly sinceUs: number;
  /** Octets that the transport counts as held for its client, and those that there are. */
  readonly counted: number;
  readonly kept: number;
  /** Something waits of which the client has been told, and for which it has not asked. */
  readonly clientsTurn: boolean;
  /** The transport has no such connection any more. */
  readonly lost: boolean;
}

/** Blocks that a driver has in a limited number. */
export interface ObservedBlocks {
  /** What they are, and whose: `connection blocks of NetBT 0`. */
  readonly name: string;
  /** All of them, free or in use. */
  readonly blocks: number;
  /** Of each that is in use for nobody, since when, in us: what it is bound to is over. */
  readonly forNobody: readonly number[];
}

/** A rule that the verifier found broken. */
export interface ObservedFinding {
  /** The rule's name in vf/rule.ts. */
  readonly rule: string;
  readonly code: number;
  /** Its three words, as vf/rule.ts says. */
  readonly words: readonly number[];
  readonly timeUs: number;
  /** Of a rule about a lock, the lock's name. */
  readonly lock?: string;
  /** Of a rule about two locks, the name of the one that was held. */
  readonly held?: string;
  /** Where that lock was acquired, or the release is that broke it; where stacks were kept. */
  readonly site?: Site;
}

/** Rules that a release breaks: where it is says more than where the acquire was. */
export const BROKEN_BY_RELEASE = /^LOCK_(NOT_OWNED|RELEASE)|RELEASE_IRQL$/;

/** Blocks that a tag has in the pool. */
export interface ObservedTag {
  /** Four characters, without the spaces at their end. */
  readonly tag: string;
  readonly blocks: number;
  readonly octets: number;
}

/** That the kernel stopped itself, or that it trapped. */
export interface ObservedStop {
  /** The name of the stop code, as the Windows debugger's reference has it, or TRAP. */
  readonly stop: string;
  /** The stop code; 0 for a trap. */
  readonly code: number;
  readonly words: readonly number[];
}

/** One machine, at one moment. */
export interface Observation {
  readonly machine: string;
  readonly timeUs: number;
  /** Where it is there, the kernel stopped in the middle of a call: what is held says nothing. */
  readonly stop?: ObservedStop;
  /** True when every driver has been unloaded. */
  readonly halted: boolean;
  readonly processors: readonly ObservedProcessor[];
  /** All locks that have an owner. */
  readonly locks: readonly ObservedLock[];
  /** Names of two locks, the inner one acquired while the outer one was held; `checked` only. */
  readonly orders: readonly (readonly [outer: string, inner: string])[];
  /** The tick the clock's interrupt brought last. */
  readonly clockTick: number;
  /** The tick up to which the clock's DPC has played the timers. */
  readonly playedTick: number;
  /** Calls of user mode that cannot be made because no processor is at PASSIVE_LEVEL. */
  readonly waitingCalls: number;
  /** Gates that are kept shut. */
  readonly gates: readonly ObservedGate[];
  /** Connections that are over, and whose clients have not been told. */
  readonly owedEnds: readonly ObservedEnd[];
  /** Sets of blocks that have some in use. */
  readonly blockSets: readonly ObservedBlocks[];
  /** IRPs that somebody owns. */
  readonly irpsInUse: number;
  /** Timers that run. */
  readonly runningTimers: number;
  /** Tags that have blocks. */
  readonly pool: readonly ObservedTag[];
  readonly findings: readonly ObservedFinding[];
}

/** IRQL at which threads run, and the first at which they do not. */
export const PASSIVE = 0;

/** A level by its name, as the DDK has it. */
export function irqlName(irql: number): string {
  const name = { 0: 'PASSIVE', 1: 'APC', 2: 'DISPATCH', 28: 'CLOCK', 31: 'HIGH' }[irql];
  return `${name ?? (irql < 28 ? `DEVICE ${irql}` : `IRQL ${irql}`)}_LEVEL`;
}
