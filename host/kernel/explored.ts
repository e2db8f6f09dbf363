/**
 * A module that can be explored: ours, or anybody's that exports what assembly/explored.ts does
 * and was built with EXPLORE=1 and Binaryen's asyncify. Its memory, its levels, its locks.
 */

import { kernelImports } from './imports.js';
import type { KernelHooks } from './imports.js';
import { HELD_STACK_OCTETS, readHeldStack, readIrql } from './inspect.js';
import type { HeldEntry } from './inspect.js';
import { LinearMemory } from './memory.js';

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

/** An instance of such a module, with room for the stacks of contexts that are suspended. */
export class ExploredModule {
  readonly raw: ExploredExports;
  /** Whether the module has memory of its own at the end, for stacks that nobody else touches. */
  readonly stacksAt: number;
  readonly memory: LinearMemory;
  private readonly constants: Readonly<Record<string, unknown>>;
  private readonly prcbs: number[] = [];

  /**
   * @throws TypeError that names the export or import that is missing, and how to build a module
   * that has it.
   */
  constructor(
    readonly module: WebAssembly.Module, hooks: KernelHooks, stackOctets: number,
    reserve = 0,
    more: Readonly<Record<string, Record<string, CallableFunction>>> = {},
  ) {
    const host: Record<string, CallableFunction> = { ...kernelImports(hooks) };
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
    this.memory = new LinearMemory(memory);
    this.raw.start?.();
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
    return this.memory.word(address);
  }

  setWord(address: number, value: number): void {
    this.memory.setWord(address, value);
  }

  /** The current IRQL of a processor. */
  irql(processor: number): number {
    return readIrql(this, this.prcbOf(processor));
  }

  /** The locks that the verifier has for a processor, oldest first. */
  heldLocks(processor: number): HeldEntry[] {
    return readHeldStack(this.memory, this.raw.heldStacks() >>> 0, processor);
  }

  /**
   * A copy of the first octets of memory, without what the verifier keeps for processors that the
   * scenario has not got: that never changes.
   */
  copy(length: number, processors: number): Piece[] {
    const stacks = this.raw.heldStacks() >>> 0;
    const count = this.constant('PRCB_COUNT') ?? processors;
    const used = Math.min(stacks + processors * HELD_STACK_OCTETS, length);
    const rest = Math.min(stacks + Math.max(count, processors) * HELD_STACK_OCTETS, length);
    const { octets } = this.memory;
    return [
      { at: 0, octets: octets.slice(0, used) },
      { at: rest, octets: octets.slice(rest, length) },
    ];
  }

  /** Puts a copy back. */
  restore(pieces: readonly Piece[]): void {
    const memory = this.memory.octets;
    for (const { at, octets } of pieces) memory.set(octets, at);
  }

  private prcbOf(processor: number): number {
    return this.prcbs[processor] ??= this.raw.prcbAt(processor) >>> 0;
  }
}
