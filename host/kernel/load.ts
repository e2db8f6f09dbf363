/** Compiles and instantiates a kernel, holds its imports, exports and layout against the host's. */

import { instantiate } from '@assemblyscript/loader';
import { checkExports } from './exports.js';
import type { KernelExports } from './exports.js';
import { kernelImports, unknownImports } from './imports.js';
import type { KernelHooks } from './imports.js';
import { readLayout } from './layout.js';
import type { Layout } from './layout.js';
import { LinearMemory } from './memory.js';

/** What a kernel can be built as: NT's words for release and debug, and `explore`. */
export const TARGETS = ['free', 'checked', 'explore'] as const;

/** The name of a target of asconfig.json that a machine can run. */
export type Target = (typeof TARGETS)[number];

/** A kernel that is loaded and started, and not yet booted. */
export interface Kernel {
  /** The raw exports. */
  readonly raw: KernelExports;
  readonly memory: LinearMemory;
  readonly layout: Layout;
  /** Whether the verifier and the historical defects are in it. */
  readonly checked: boolean;
}

const modules = new Map<Target, Promise<WebAssembly.Module>>();

/**
 * The kernel of a target, compiled once: build/*.wasm, two folders above this file, read in Node
 * and fetched in a browser.
 * @throws Error naming the file that cannot be had, with what the platform says.
 */
export async function loadModule(target: Target): Promise<WebAssembly.Module> {
  let module = modules.get(target);
  if (module === undefined) {
    module = compile(new URL(`../../build/${target}.wasm`, import.meta.url));
    modules.set(target, module);
    module.catch(() => modules.delete(target));
  }
  return module;
}

async function compile(url: URL): Promise<WebAssembly.Module> {
  let octets: BufferSource;
  try {
    if (url.protocol === 'file:') {
      const { readFile } = await import('node:fs/promises');
      octets = await readFile(url);
    } else {
      const response = await fetch(url);
      if (!response.ok) throw new Error(`status ${response.status}`);
      octets = await response.arrayBuffer();
    }
  } catch (error) {
    throw new Error(`no kernel at ${url.href}: is it built?`, { cause: error });
  }
  return WebAssembly.compile(octets);
}

/**
 * A fresh instance of a module, started.
 * @throws Error naming an import, an export or a constant that kernel and host do not agree on.
 */
export async function instantiateKernel(
  module: WebAssembly.Module, hooks: KernelHooks,
): Promise<Kernel> {
  const host = kernelImports(hooks);
  const [unknown] = unknownImports(module, host);
  if (unknown !== undefined) {
    throw new Error(`the kernel imports ${unknown}, which the host does not have`);
  }
  const { instance } = await instantiate(module, { host });
  const raw = checkExports(instance.exports);
  const layout = readLayout(instance.exports);
  raw.start();
  const checked = WebAssembly.Module.imports(module).some(({ name }) => name === 'onFinding');
  return { raw, memory: new LinearMemory(raw.memory), layout, checked };
}
