/** The kernel's lower floors by themselves: an instance of a test entry, its host, its routines. */

import { test } from '../host/vitest.js';
import type { Subject, VerdictKind } from '../host/vitest.js';
import type { Observation, ObservedStop, ObservedTag } from '../host/watch/observation.js';

/** What the kernel calls back: the addresses or words it gives, and what it answers with. */
export type Routine = (first: number, second: number) => number | void;

/** One acquire, while the kernel wants sites kept. */
export interface Site {
  readonly lock: number;
  readonly sequence: number;
}

/** The kernel has stopped: KeBugCheckEx. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  /** The name of the stop code. */
  readonly stop: string;
  readonly words: readonly number[];

  constructor(stop: string, words: readonly number[]) {
    super(`stopped with ${stop}`);
    this.stop = stop;
    this.words = words;
  }
}

/** Of the test that runs: its instances, what it leaves, whether they are asked. */
const made: Floor[] = [];
const left = new Set<VerdictKind>();
let asked = true;

/** A test whose instances are asked the four questions afterwards, as far as each can answer. */
export const it = test.extend<{ readonly floors: void }>({
  floors: [
    async ({ watch, expectFindings }, use) => {
      made.length = 0;
      left.clear();
      asked = true;
      await use();
      expectFindings(...left);
      for (const floor of made.splice(0)) watch(floor, { quiet: true });
    },
    { auto: true },
  ],
});

/**
 * Says that the test that runs ends in the midst of things, or breaks a rule: verdicts of these
 * kinds must be found of its instances, and no others.
 */
export function leaves(...kinds: readonly VerdictKind[]): void {
  for (const kind of kinds) left.add(kind);
}

/**
 * Said before the first instance is made: those of the test that runs are not asked, because it
 * breaks the kernel's rules, each of its cases in a way of its own, and looks at that itself.
 */
export function unasked(): void {
  asked = false;
}

/** One instance: its memory is fresh, nothing of another test is in it. */
export class Floor implements Subject {
  readonly origin = 'an instance of a test entry';
  /** Names of the rules that were broken, in order. */
  readonly findings: string[] = [];
  /** The three words of each finding. */
  readonly findingWords: (readonly number[])[] = [];
  readonly sites: Site[] = [];
  /** What happens while a processor spins for a lock; a kernel that nobody releases hangs. */
  spin: (lock: number, processor: number) => void = () => {
    throw new Error('nobody can release the lock');
  };
  private readonly exports: WebAssembly.Exports;
  private readonly routines: Routine[] = [];
  private readonly locks = new Set<number>();
  private readonly unloads: (() => unknown)[] = [];
  private processors = 0;
  private stopped: ObservedStop | undefined;
  private halted = false;
  private next: number;

  constructor(module: WebAssembly.Module) {
    const host = {
      onBugCheck: (code: number, ...words: number[]): void => {
        const unsigned = words.map((each) => each >>> 0);
        this.stopped = { stop: this.nameOf('Stop', code), code: code >>> 0, words: unsigned };
        throw new Stopped(this.stopped.stop, unsigned);
      },
      onSpin: (lock: number, processor: number): void => this.spin(lock, processor),
      onPreempt: (): void => undefined,
      onFinding: (rule: number, ...words: number[]): void => {
        this.findings.push(this.nameOf('Rule', rule));
        this.findingWords.push(words.map((each) => each >>> 0));
      },
      onSite: (lock: number, sequence: number): void => void this.sites.push({ lock, sequence }),
      onTransmit: (): void => undefined,
    };
    const onRoutine = (id: number, first: number, second: number): number =>
      this.routineAt(id)(first, second) ?? 0;
    this.exports = new WebAssembly.Instance(module, { host, routine: { onRoutine } }).exports;
    this.next = this.call('scratch');
    if (asked) made.push(this);
  }

  /** Calls an export. Words come back without a sign; 0 where it gives nothing. */
  call(name: string, ...words: number[]): number {
    const found = this.exports[name];
    if (typeof found !== 'function') throw new Error(`the entry does not export ${name}`);
    if (name === 'initializeProcessors') this.processors = words[0] ?? 0;
    if (name === 'KeInitializeSpinLock') this.locks.add(words[0] ?? 0);
    const answer: unknown = found(...words);
    return typeof answer === 'number' ? answer >>> 0 : 0;
  }

  /** What is exported of processors, locks, requests, timers and pool; a lock it has made. */
  observe(): Observation[] {
    const count = (name: string): number => (name in this.exports ? this.call(name) : 0);
    const owners = [...this.locks].map((lock) => [lock, this.call('ownerOf', lock)] as const);
    return [{
      machine: 'floor',
      timeUs: 0,
      ...(this.stopped === undefined ? {} : { stop: this.stopped }),
      halted: this.halted,
      processors: Array.from({ length: this.processors }, (_, number) => ({
        number, irql: this.call('irqlOf', number), waitingDpcs: this.call('waitingDpcs', number),
      })),
      locks: owners.filter(([, owner]) => owner !== 0).map(([address, owner]) => ({
        address, owner: owner - 1, name: this.nameOf('LockRank', this.call('rankOf', address)),
      })),
      orders: [],
      clockTick: 0,
      playedTick: 0,
      waitingCalls: 0,
      gates: [],
      owedEnds: [],
      blockSets: [],
      irpsInUse: count('irpsInUse'),
      runningTimers: count('runningTimers'),
      pool: this.tags(),
      findings: this.findings.map((rule, i) => ({
        rule, code: this.value(`Rule.${rule}`), words: this.findingWords[i] ?? [], timeUs: 0,
      })),
    }];
  }

  /** Unloads what the test made of drivers, once. */
  stop(): void {
    if (this.halted) return;
    this.halted = true;
    if (this.stopped === undefined) for (const unload of this.unloads) unload();
  }

  /** Has `unload` run when it is stopped: gives back what the test made of drivers. */
  onStop(unload: () => unknown): void {
    this.unloads.push(unload);
  }

  /** The constant of that name: `Rule.LOCK_ORDER`, `LockRank.ExPool`. */
  value(name: string): number {
    const found = this.exports[name];
    if (!(found instanceof WebAssembly.Global)) throw new Error(`there is no constant ${name}`);
    return Number(found.value) >>> 0;
  }

  /** What `kind`, an exported enum, calls `value`. */
  nameOf(kind: string, value: number): string {
    const found = this.namesOf(kind).find((name) => this.value(`${kind}.${name}`) === value >>> 0);
    return found ?? `${kind} ${value}`;
  }

  /** Every name of `kind`, an exported enum. */
  namesOf(kind: string): string[] {
    const start = `${kind}.`;
    return Object.keys(this.exports)
      .filter((name) => name.startsWith(start))
      .map((name) => name.slice(start.length));
  }

  /** `octets` of zeroed memory that is nobody's, aligned to 8. */
  block(octets: number): number {
    const at = (this.next + 7) & ~7;
    this.next = at + octets;
    if (this.next > this.call('scratch') + this.call('scratchOctets')) {
      throw new Error('the entry has no scratch memory left');
    }
    return at;
  }

  /** Makes `run` known to the kernel: the number by which its objects name it. */
  routine(run: Routine): number {
    return this.routines.push(run) - 1;
  }

  /** All of memory; it moves when it grows. */
  get octets(): Uint8Array {
    return new Uint8Array((this.exports['memory'] as WebAssembly.Memory).buffer);
  }

  /** The word in memory at `address`. */
  word(address: number): number {
    const { buffer } = this.exports['memory'] as WebAssembly.Memory;
    return new DataView(buffer).getUint32(address, true);
  }

  /** Tags that have blocks. */
  private tags(): ObservedTag[] {
    if (!('poolTags' in this.exports)) return [];
    const table = this.call('poolTags');
    return Array.from({ length: this.value('TAG_SLOTS') }, (_, slot) => table + 16 * slot)
      .map((at) => ({
        tag: this.nameOf('Tag', this.word(at)),
        blocks: (this.word(at + 4) - this.word(at + 8)) >>> 0,
        octets: this.word(at + 12),
      }))
      .filter(({ blocks }) => blocks !== 0);
  }

  private routineAt(id: number): Routine {
    const found = this.routines[id];
    if (found === undefined) throw new Error(`the kernel calls routine ${id}, which nobody made`);
    return found;
  }
}
