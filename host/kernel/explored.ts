/**
 * A module that can be explored: ours, or anybody's that exports what assembly/explored.ts does
 * and was built with EXPLORE=1 and Binaryen's asyncify. Its memory, its levels, its locks.
 */

/** The raw exports that the explorer calls. */
export interface ExploredExports {
  readonly memory: WebAssembly.Memory;
  start?(): void;
  initializeProcessors?(count: number): void;
  selectProcessor(processor: number): void;
  selectThread(thread: number): void;
  prcbAt(processor: number): number;
  heldStacks(): number;
  wantSites(on: number): void;
  /** A thread of a program has ended: what it still owns is a finding. */
  noteThreadEnd?(): void;
  heapBase?(): number;
  asyncify_start_unwind(data: number): void;
  asyncify_stop_unwind(): void;
  asyncify_start_rewind(data: number): void;
  asyncify_stop_rewind(): void;
}

/** What an explored module asks; each may throw, which ends the schedule. */
export interface ExploredHooks {
  onPreempt(point: number, object: number): void;
  onSpin(object: number, processor: number): void;
  onFinding(rule: number, p1: number, p2: number, p3: number): void;
  onBugCheck(code: number, p1: number, p2: number, p3: number, p4: number): void;
  onSite(object: number, sequence: number): void;
  onTransmit(adapter: number): void;
}

/** Octets of memory, and where they lie. */
export interface Piece {
  readonly at: number;
  readonly octets: Uint8Array;
}

const NEEDED = [
  'selectProcessor', 'selectThread', 'prcbAt', 'heldStacks', 'wantSites',
  'asyncify_start_unwind', 'asyncify_stop_unwind', 'asyncify_start_rewind', 'asyncify_stop_rewind',
] as const;

const PAGE = 65536;
/** Of a KPRCB: where its current IRQL lies. */
const PRCB_IRQL = 4;
/** Octets of one processor's stack of held locks, and of one lock in it (vf/locks.ts). */
const HELD_STACK = 256;
const HELD_LOCK = 16;

/** An instance of such a module, with room for the stacks of contexts that are suspended. */
export class ExploredModule {
  readonly raw: ExploredExports;
  /** Whether the module has memory of its own at the end, for stacks that nobody else touches. */
  readonly stacksAt: number;
  private words: Uint32Array;
  private octets: Uint8Array;
  private readonly constants: Readonly<Record<string, unknown>>;
  private readonly prcbs: number[] = [];

  /**
   * @throws TypeError that names the export or import that is missing, and how to build a module
   * that has it.
   */
  constructor(
    readonly module: WebAssembly.Module, hooks: ExploredHooks, stackOctets: number,
    reserve = 0,
    more: Readonly<Record<string, Record<string, CallableFunction>>> = {},
  ) {
    const host: Record<string, CallableFunction> = { ...hooksOf(hooks) };
    for (const { module: from, name, kind } of WebAssembly.Module.imports(module)) {
      const known = from === 'host' ? host[name] : more[from]?.[name];
      if (kind !== 'function' || known === undefined) {
        throw new TypeError(`the module imports ${from}.${name}, which the explorer does not have`);
      }
    }
    const { exports } = new WebAssembly.Instance(module, { ...more, host } as WebAssembly.Imports);
    for (const name of NEEDED) {
      if (typeof exports[name] === 'function') continue;
      const how = name.startsWith('asyncify')
        ? 'build it with --runPasses asyncify'
        : 'write `export * from "ntstack/assembly/explored"` in its entry';
      throw new TypeError(`the module does not export ${name}: ${how}`);
    }
    this.constants = exports;
    this.raw = exports as unknown as ExploredExports;
    const { memory } = this.raw;
    this.stacksAt = Math.max(memory.buffer.byteLength, Math.ceil(reserve / PAGE) * PAGE);
    const octets = this.stacksAt + stackOctets - memory.buffer.byteLength;
    memory.grow(Math.ceil(octets / PAGE));
    this.words = new Uint32Array(memory.buffer);
    this.octets = new Uint8Array(memory.buffer);
    this.raw.start?.();
    this.renew();
  }

  /** Views again, after memory has grown. */
  renew(): void {
    if (this.words.buffer === this.raw.memory.buffer) return;
    this.words = new Uint32Array(this.raw.memory.buffer);
    this.octets = new Uint8Array(this.raw.memory.buffer);
  }

  /** An export that takes and gives words; undefined where there is none. */
  callable(name: string): ((...words: number[]) => number) | undefined {
    const found = this.constants[name];
    return typeof found === 'function' ? found as (...words: number[]) => number : undefined;
  }

  /** An exported constant, by its name; undefined where there is none. */
  constant(name: string): number | undefined {
    const found = this.constants[name];
    return found instanceof WebAssembly.Global ? Number(found.value) >>> 0 : undefined;
  }

  /** What an exported enum calls a value. */
  nameOf(kind: string, value: number): string {
    return this.findName(kind, value) ?? `${kind} 0x${(value >>> 0).toString(16)}`;
  }

  /** The same; undefined where it has no such member. */
  findName(kind: string, value: number): string | undefined {
    const start = `${kind}.`;
    const found = Object.keys(this.constants).find((name) =>
      name.startsWith(start) && this.constant(name) === value >>> 0);
    return found?.slice(start.length);
  }

  /** The constant that the module exports an address as; undefined where there is none. */
  findAddress(address: number): string | undefined {
    return Object.keys(this.constants).find((name) =>
      !name.includes('.') && this.constant(name) === address >>> 0);
  }

  /** The value of a member of an exported enum. @throws TypeError where there is none. */
  valueOf(name: string): number {
    const value = this.constant(name);
    if (value !== undefined) return value;
    throw new TypeError(`the module does not export ${name}: see assembly/explored.ts`);
  }

  /** The word at an address that is a multiple of 4, without a sign. */
  word(address: number): number {
    return this.words[address >>> 2] as number;
  }

  setWord(address: number, value: number): void {
    this.words[address >>> 2] = value;
  }

  /** The current IRQL of a processor. */
  irql(processor: number): number {
    return this.words[(this.prcbOf(processor) + PRCB_IRQL) >>> 2] as number;
  }

  /** The locks that the verifier has for a processor, oldest first. */
  heldLocks(processor: number): { lock: number; rank: number; irql: number; sequence: number }[] {
    const stack = (this.raw.heldStacks() >>> 0) + processor * HELD_STACK;
    return Array.from({ length: this.word(stack) }, (_, index) => {
      const at = stack + 16 + index * HELD_LOCK;
      return {
        lock: this.word(at), rank: this.word(at + 4), irql: this.word(at + 8),
        sequence: this.word(at + 12),
      };
    });
  }

  /**
   * A copy of the first octets of memory, without what the verifier keeps for processors that the
   * scenario has not got: that never changes.
   */
  copy(length: number, processors: number): Piece[] {
    const stacks = this.raw.heldStacks() >>> 0;
    const count = this.constant('PRCB_COUNT') ?? processors;
    const used = Math.min(stacks + processors * HELD_STACK, length);
    const rest = Math.min(stacks + Math.max(count, processors) * HELD_STACK, length);
    return [
      { at: 0, octets: this.octets.slice(0, used) },
      { at: rest, octets: this.octets.slice(rest, length) },
    ];
  }

  /** Puts a copy back. */
  restore(pieces: readonly Piece[]): void {
    this.renew();
    for (const { at, octets } of pieces) this.octets.set(octets, at);
  }

  private prcbOf(processor: number): number {
    return this.prcbs[processor] ??= this.raw.prcbAt(processor) >>> 0;
  }
}

function hooksOf(hooks: ExploredHooks): Record<keyof ExploredHooks, CallableFunction> {
  return {
    onPreempt: (point: number, object: number) => hooks.onPreempt(point, object >>> 0),
    onSpin: (object: number, processor: number) => hooks.onSpin(object >>> 0, processor),
    onFinding: (rule: number, p1: number, p2: number, p3: number) =>
      hooks.onFinding(rule >>> 0, p1 >>> 0, p2 >>> 0, p3 >>> 0),
    onBugCheck: (code: number, p1: number, p2: number, p3: number, p4: number) =>
      hooks.onBugCheck(code >>> 0, p1 >>> 0, p2 >>> 0, p3 >>> 0, p4 >>> 0),
    onSite: (object: number, sequence: number) => hooks.onSite(object >>> 0, sequence >>> 0),
    onTransmit: (adapter: number) => hooks.onTransmit(adapter),
  };
}
