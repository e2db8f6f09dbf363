/** The bench kernel, instantiated: its exports by name, a machine in it, memory for frames. */

import { readFileSync } from 'node:fs';
import { resolveParameters } from '../host/machine/registry.js';
import { benchWasm, type BenchTarget } from './build.js';

/** An export of the bench kernel. Numbers only. */
export type Routine = (...words: number[]) => number;

const PAGE_OCTETS = 64 * 1024;
/** What the kernel's keys are made from: chance has no part in a figure. */
const KEY = 0x9e3779b1;
/** 02-00-00-00-00-01 for 10.0.0.1, and so on; bench/assembly/remote.ts has the same addresses. */
const STATION_HIGH = 0x0200;
const ADDRESS = 0x0a000000;
const GATEWAY = 0x0a000002;
const MASK = 0xffffff00;
const MTU = 1500;

/** Compiled once: instances share its code. */
const compiled = new Map<BenchTarget, WebAssembly.Module>();

/** An import that nothing measured here should call: it throws its name and words. */
function stop(name: string): Routine {
  return (...words) => {
    const hex = words.map((word) => `0x${(word >>> 0).toString(16)}`).join(', ');
    throw new Error(`the bench kernel stopped: ${name}(${hex})`);
  };
}

/** One instance of the bench kernel. */
export class BenchKernel {
  readonly #exports: WebAssembly.Exports;

  /** A fresh instance; what it imports throws, but a full transmit ring is emptied. */
  constructor(target: BenchTarget = 'free') {
    let module = compiled.get(target);
    if (module === undefined) {
      module = new WebAssembly.Module(readFileSync(benchWasm(target)));
      compiled.set(target, module);
    }
    const host: Record<string, Routine> = {};
    for (const { module: from, name } of WebAssembly.Module.imports(module)) {
      if (from !== 'host') throw new Error(`the bench kernel imports ${from}.${name}`);
      host[name] = stop(name);
    }
    host['onTransmit'] = () => this.routine('benchDrain')();
    this.#exports = new WebAssembly.Instance(module, { host }).exports;
    this.routine('start')();
  }

  /** True where the kernel exports a function of that name. */
  has(name: string): boolean {
    return typeof this.#exports[name] === 'function';
  }

  /** The exported function of that name. Throws where there is none. */
  routine(name: string): Routine {
    const found = this.#exports[name];
    if (typeof found !== 'function') throw new Error(`the bench kernel does not export ${name}`);
    return found as Routine;
  }

  /** Linear memory. */
  get memory(): WebAssembly.Memory {
    return this.#exports['memory'] as WebAssembly.Memory;
  }

  /**
   * The address of `octets` of fresh memory, filled with octets that are not all alike. Not for a
   * kernel that is booted: its pool takes all that memory grows by for its own.
   */
  reserve(octets: number): number {
    const address = this.memory.grow(Math.ceil(octets / PAGE_OCTETS)) * PAGE_OCTETS;
    const words = new Uint32Array(this.memory.buffer, address, octets >>> 2);
    for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, KEY);
    return address;
  }

  /**
   * Boots a machine of release `modern` on one processor, with one card: 10.0.0.`number`, its
   * gateway 10.0.0.2. `parameters`: registry values that differ.
   */
  boot(number: number, parameters: Readonly<Record<string, number>> = {}): void {
    // The gateway is asked for once, before anything is timed.
    const forever = { ArpCacheLife: 1e6, ArpCacheMinReferencedLife: 1e6 };
    const values = resolveParameters('modern', { ...forever, ...parameters });
    for (const [name, value] of values) this.#setParameter(name, value);
    for (let i = 0; i < 8; i++) this.#setParameter(`NtstackKey${i}`, Math.imul(i + 1, KEY));
    mustSucceed('boot', this.routine('boot')(1));
    mustSucceed('addAdapter', this.routine('addAdapter')(0, STATION_HIGH, number, MTU));
    const address = ADDRESS + number;
    mustSucceed('addInterface', this.routine('addInterface')(0, address, MASK, GATEWAY));
  }

  #setParameter(name: string, value: number): void {
    const global = this.#exports[`Parameter.${name}`];
    if (!(global instanceof WebAssembly.Global)) throw new Error(`no Parameter.${name}`);
    this.routine('setParameter')(Number(global.value), value);
  }
}

function mustSucceed(what: string, status: number): void {
  if (status < 0) throw new Error(`${what}: status 0x${(status >>> 0).toString(16)}`);
}
