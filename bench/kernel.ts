/** The bench kernel, instantiated: its exports by name, and memory for rings of frames. */

import { readFileSync } from 'node:fs';
import { BENCH_WASM } from './build.js';

/** An export of the bench kernel. Numbers only. */
export type Routine = (...words: number[]) => number;

const PAGE_OCTETS = 64 * 1024;

/** Compiled once: instances share its code. */
let compiled: WebAssembly.Module | undefined;

/** An import that nothing measured here should call: it throws its name and words. */
function stop(name: string): (...words: number[]) => never {
  return (...words) => {
    const hex = words.map((word) => `0x${(word >>> 0).toString(16)}`).join(', ');
    throw new Error(`the bench kernel stopped: ${name}(${hex})`);
  };
}

/** One instance of build/bench.wasm. */
export class BenchKernel {
  readonly #exports: WebAssembly.Exports;

  private constructor(exports: WebAssembly.Exports) {
    this.#exports = exports;
  }

  /** A fresh instance. Of what it imports, all throws but what `imports` gives. */
  static async load(imports: Record<string, Routine> = {}): Promise<BenchKernel> {
    compiled ??= new WebAssembly.Module(readFileSync(BENCH_WASM));
    const module = compiled;
    const host: Record<string, Routine> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      if (from !== 'host') throw new Error(`build/bench.wasm imports ${from}.${name}`);
      host[name] = imports[name] ?? stop(name);
    }
    const instance = await WebAssembly.instantiate(module, { host });
    const start = instance.exports['start'];
    if (typeof start === 'function') start();
    return new BenchKernel(instance.exports);
  }

  /** True where the kernel exports a function of that name. */
  has(name: string): boolean {
    return typeof this.#exports[name] === 'function';
  }

  /** The exported function of that name. Throws where there is none. */
  routine(name: string): Routine {
    const found = this.#exports[name];
    if (typeof found !== 'function') throw new Error(`build/bench.wasm does not export ${name}`);
    return found as Routine;
  }

  /** The address of `octets` of fresh memory, filled with octets that are not all alike. */
  reserve(octets: number): number {
    const memory = this.#exports['memory'] as WebAssembly.Memory;
    const address = memory.grow(Math.ceil(octets / PAGE_OCTETS)) * PAGE_OCTETS;
    const words = new Uint32Array(memory.buffer, address, octets >>> 2);
    for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 0x9e3779b1);
    return address;
  }
}
