/** Looks at a machine for the detectors: reads its kernel's memory, and writes nothing. */

import { readBlockSets, readOwedEnds } from '../kernel/ends.js';
import * as inspect from '../kernel/inspect.js';
import type { HeldLockView, LockView } from '../kernel/inspect.js';
import type { Kernel } from '../kernel/load.js';
import type { KernelStop } from '../kernel/stop.js';
import { formatAddress } from '../machine/address.js';
import type { Finding } from '../machine/witness.js';
import { BROKEN_BY_RELEASE, PASSIVE } from './observation.js';
import type { Observation, ObservedBlocks, ObservedEnd, ObservedFinding } from './observation.js';
import type { ObservedLock, ObservedProcessor, ObservedTag } from './observation.js';
import { findAcquirer, resolveStack } from './sourcemap.js';
import type { Site, SourceMap } from './sourcemap.js';

/** A tick of the kernel's clock, in us. */
const TICK_US = 10_000;
/** Rules about octets and messages: where it was seen is where it is. */
const MESSAGE_RULE = /^(TDI|NBT)_/;
/** Rules whose third word is the number of an acquire: what names its site. */
const SEQUENCE_LAST = new Set([
  'LOCK_LEAKED', 'LOCK_HELD_AT_BOUNDARY', 'LOCK_THREAD_ENDED', 'IRQL_BELOW_LOCK',
]);
/** The rule whose third word is the number of the completion that was the first. */
const COMPLETED_TWICE = 'IRP_COMPLETED_TWICE';
/** Rules whose second word is another lock that was held. */
const HELD_SECOND = new Set(['LOCK_ORDER', 'LOCK_RELEASE_ORDER']);
/** Rules whose first word is a lock. */
const LOCK_RULE =
  /^LOCK_|(ACQUIRE|RELEASE)_(BELOW|ABOVE)_DISPATCH$|^(QUEUED_)?RELEASE_IRQL$|^IRQL_BELOW_LOCK$/;

/** What can be looked at: a `Machine`, or a kernel that something else drives. */
export interface Observable {
  readonly name: string;
  readonly kernel: Kernel;
  readonly settings: { readonly processors: number };
  /** Virtual time in ns. */
  readonly clock: { readonly now: number };
  /** How many calls of user mode wait for a thread. */
  readonly user: { readonly waiting: number };
  readonly stopped: KernelStop | undefined;
  readonly halted: boolean;
  readonly findings: readonly Finding[];
  /** The stack of an acquire, where it is kept. */
  siteOf(lock: number, sequence: number): string | undefined;
  /** The stack on which a rule was broken, where it is kept. */
  stackOf?(finding: Finding): string | undefined;
}

/**
 * A machine as it is between two calls of its kernel, or after it stopped. Reads only. With a
 * source map, and where the machine keeps the stacks of acquires, locks have the place of theirs.
 */
export function observe(machine: Observable, map?: SourceMap): Observation {
  const { kernel, settings, stopped } = machine;
  const { raw } = kernel;
  const processors = readProcessors(machine);
  const held = inspect.readHeldLocks(kernel, settings.processors);
  const site = (lock: number, sequence: number): { site?: Site } => {
    const found = map === undefined ? undefined : siteOf(machine, map, lock, sequence);
    return found === undefined ? {} : { site: found };
  };
  return {
    machine: machine.name,
    timeUs: Math.floor(machine.clock.now / 1000),
    ...(stopped === undefined || stopped.reason === 'spin'
      ? {}
      : { stop: { stop: stopped.stop, code: stopped.code, words: stopped.words } }),
    halted:
      machine.halted && stopped === undefined && processors.some(({ irql }) => irql === PASSIVE),
    processors,
    locks: readOwned(machine).map((lock) => observedLock(lock, held, site)),
    orders: inspect.readLockOrders(kernel).map(({ outer, inner }) => [outer, inner]),
    clockTick: raw.clockTick() >>> 0,
    playedTick: raw.playedTick() >>> 0,
    waitingCalls: machine.user.waiting,
    gates: inspect.readKeptGates(kernel).map((gate) => ({
      address: gate.address,
      name: gate.name,
      lock: lockName(kernel, gate.address),
      keeper: gate.keeper,
      sinceUs: gate.sinceTick * TICK_US,
      waiters: gate.waiters,
      ...site(gate.siteObject, gate.sequence),
    })),
    owedEnds: readEnds(kernel),
    blockSets: readBlocks(kernel),
    irpsInUse: raw.irpsInUse() >>> 0,
    runningTimers: raw.runningTimers() >>> 0,
    pool: readPool(machine),
    findings: machine.findings.map((finding): ObservedFinding => {
      const { rule, words, timeUs } = finding;
      const code = kernel.layout.enums.Rule.get(rule) ?? 0;
      const lock = words[0] ?? 0;
      if (rule === COMPLETED_TWICE) {
        return { rule, code, words, timeUs, ...site(lock, words[2] ?? 0) };
      }
      if (MESSAGE_RULE.test(rule)) {
        return { rule, code, words, timeUs, ...siteOfFinding(machine, map, finding) };
      }
      if (!LOCK_RULE.test(rule)) return { rule, code, words, timeUs };
      const name = lockName(kernel, lock);
      const where = BROKEN_BY_RELEASE.test(rule) ? siteOfFinding(machine, map, finding)
        : SEQUENCE_LAST.has(rule) ? site(lock, words[2] ?? 0) : {};
      const other = HELD_SECOND.has(rule)
        ? { held: lockName(kernel, words[1] ?? 0) }
        : {};
      return { rule, code, words, timeUs, lock: name, ...other, ...where };
    }),
  };
}

/** What a lock is called: a spin lock by its rank; what threads wait for, by its address. */
function lockName(kernel: Kernel, address: number): string {
  const { name } = inspect.readLock(kernel, address);
  return name.startsWith('rank ') ? `a lock at 0x${address.toString(16)}` : name;
}

/** Sites by lock and acquire. A machine keeps the latest of each lock; what was seen stays here. */
const SEEN = new WeakMap<Observable, Map<string, Site>>();

function siteOf(
  machine: Observable, map: SourceMap, lock: number, sequence: number,
): Site | undefined {
  const key = `${lock} ${sequence}`;
  const seen = SEEN.get(machine) ?? new Map<string, Site>();
  SEEN.set(machine, seen);
  const stack = machine.siteOf(lock, sequence);
  const site = stack === undefined ? undefined : findAcquirer(resolveStack(map, stack));
  if (site !== undefined) seen.set(key, site);
  return seen.get(key);
}

function siteOfFinding(
  machine: Observable, map: SourceMap | undefined, finding: Finding,
): { site?: Site } {
  const stack = machine.stackOf?.(finding);
  if (stack === undefined || map === undefined) return {};
  const site = findAcquirer(resolveStack(map, stack));
  return site === undefined ? {} : { site };
}

function readProcessors(machine: Observable): ObservedProcessor[] {
  const { kernel, settings, stopped } = machine;
  return Array.from({ length: settings.processors }, (_, number) => {
    const { irql, dpcCount } = inspect.readProcessor(kernel, number);
    const [lock = 0, spinner] = stopped?.reason === 'spin' ? stopped.words : [];
    const spins = spinner === number ? { spinsOn: lock } : {};
    return { number, irql, waitingDpcs: dpcCount, ...spins };
  });
}

/** All locks with an owner: the global ones, those of connections, and what the verifier noted. */
function readOwned(machine: Observable): LockView[] {
  const { kernel, settings } = machine;
  const all = [
    ...inspect.readLocks(kernel),
    ...inspect.readConnections(kernel).map((connection) => connection.lock),
    ...inspect.readHeldLocks(kernel, settings.processors),
  ];
  const owned = new Map<number, LockView>();
  for (const lock of all) if (lock.owner !== null) owned.set(lock.address, lock);
  return [...owned.values()];
}

function observedLock(
  lock: LockView,
  held: readonly HeldLockView[],
  site: (lock: number, sequence: number) => { site?: Site },
): ObservedLock {
  const { address, name, owner } = lock;
  const noted = held.find((each) => each.address === address);
  const where = noted === undefined ? {} : site(address, noted.sequence);
  return { address, name, owner: owner ?? 0, ...where };
}

function readEnds(kernel: Kernel): ObservedEnd[] {
  return readOwedEnds(kernel).map(({ remoteAddress, remotePort, endedTick, ...end }) => ({
    ...end,
    remote: `${formatAddress(remoteAddress)}:${remotePort}`,
    sinceUs: endedTick * TICK_US,
  }));
}

function readBlocks(kernel: Kernel): ObservedBlocks[] {
  return readBlockSets(kernel).map(({ name, blocks, forNobody }) => ({
    name, blocks, forNobody: forNobody.map(({ endedTick }) => endedTick * TICK_US),
  }));
}

function readPool(machine: Observable): ObservedTag[] {
  return inspect
    .readPoolTags(machine.kernel)
    .map(({ tag, allocations, frees, octets }) => ({
      tag: tag.trimEnd(),
      blocks: (allocations - frees) >>> 0,
      octets,
    }))
    .filter((tag) => tag.blocks !== 0);
}
