import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { checkExports } from '../../host/kernel/exports.js';
import { kernelImports, unknownImports } from '../../host/kernel/imports.js';
import type { KernelHooks } from '../../host/kernel/imports.js';
import { membersOf, readLayout, valueOf } from '../../host/kernel/layout.js';
import { instantiateKernel, loadModule, TARGETS } from '../../host/kernel/load.js';
import { PARAMETERS } from '../../host/machine/parameters.js';
import { FAULTS } from '../../host/machine/release.js';

const HOOKS: KernelHooks = {
  onBugCheck: () => {},
  onSpin: () => {},
  onPreempt: () => {},
  onFinding: () => {},
  onSite: () => {},
  onTransmit: () => {},
};

async function importNames(target: (typeof TARGETS)[number]): Promise<string[]> {
  const module = await loadModule(target);
  return WebAssembly.Module.imports(module).map(({ module: from, name }) => `${from}.${name}`);
}

describe('the boundary of kernel and host', () => {
  it.each(TARGETS)('%s asks only of `host`, and for nothing it lacks', async (target) => {
    const module = await loadModule(target);
    expect(unknownImports(module, kernelImports(HOOKS))).toEqual([]);
    for (const name of await importNames(target)) expect(name).toMatch(/^host\./);
  });

  // Free: what it has not is what is asked.
  it('free has no verifier, no abort, no memory manager and no asyncify', async () => {
    const imports = await importNames('free');
    expect(imports.sort()).toEqual(['host.onBugCheck', 'host.onSpin', 'host.onTransmit']);
    const exports = WebAssembly.Module.exports(await loadModule('free')).map(({ name }) => name);
    expect(exports.filter((name) => /^(__|asyncify)/.test(name))).toEqual([]);
  });

  it('checked has the verifier; only explore can be preempted', async () => {
    expect(await importNames('checked')).toEqual(
      expect.arrayContaining(['host.onFinding', 'host.onSite']),
    );
    expect(await importNames('checked')).not.toContain('host.onPreempt');
    expect(await importNames('explore')).toContain('host.onPreempt');
  });

  it.each(TARGETS)('%s exports every function and constant the host reads', async (target) => {
    const kernel = await instantiateKernel(await loadModule(target), HOOKS);
    expect(kernel.checked).toBe(target !== 'free');
    expect(valueOf(kernel.layout, 'Status', 'PENDING')).toBe(0x103);
    expect(valueOf(kernel.layout, 'Status', 'IO_TIMEOUT')).toBe(0xc00000b5 | 0);
  });

  it('has the same registry values and defects on both sides, in one order', async () => {
    const { layout } = await instantiateKernel(await loadModule('checked'), HOOKS);
    const ours = PARAMETERS.map(({ name }) => name);
    const keys = Array.from({ length: 8 }, (_, i) => `NtstackKey${i}`);
    expect(membersOf(layout, 'Parameter')).toEqual([...ours, ...keys]);
    expect(membersOf(layout, 'Fault')).toEqual(FAULTS.map(({ name }) => name));
  });

  it('numbers no member of an enum twice', async () => {
    const { layout } = await instantiateKernel(await loadModule('checked'), HOOKS);
    for (const [name, members] of Object.entries(layout.enums)) {
      const named = [...members].filter(([member]) => member !== 'COUNT');
      const values = named.map(([, value]) => value);
      expect(new Set(values).size, name).toBe(values.length);
    }
  });

  it('says by name what is missing or unknown', async () => {
    const { exports } = new WebAssembly.Instance(await loadModule('checked'), {
      host: kernelImports(HOOKS) as Record<string, CallableFunction>,
    } as WebAssembly.Imports);
    const without = (name: string): WebAssembly.Exports =>
      Object.fromEntries(Object.entries(exports).filter(([each]) => each !== name));
    const global = (value: number): WebAssembly.Global =>
      new WebAssembly.Global({ value: 'i32', mutable: false }, value);
    expect(() => checkExports(without('socketPoll'))).toThrow('does not export socketPoll()');
    expect(() => checkExports({ ...exports, halt: exports['onTick'] as () => void }))
      .toThrow("halt() takes 1 words, not 0");
    expect(() => readLayout(without('Tcb_state'))).toThrow('the constant Tcb_state');
    expect(() => readLayout({ ...exports, Surprise: global(1) })).toThrow('constant Surprise');
    expect(() => readLayout({ ...exports, FRAME_STRIDE: global(2048) }))
      .toThrow('FRAME_STRIDE is 2048, the host is made for 1536');
  });

  it('refuses a module that asks for something else, by name', async () => {
    // (module (import "env" "abort" (func)))
    const octets = Uint8Array.from([
      0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 2, 13, 1, 3, 0x65, 0x6e, 0x76, 5,
      0x61, 0x62, 0x6f, 0x72, 0x74, 0, 0,
    ]);
    const module = await WebAssembly.compile(octets);
    await expect(instantiateKernel(module, HOOKS)).rejects.toThrow('imports env.abort');
  });

  it('is made of what was built: the module is the file of its target', async () => {
    const built = await WebAssembly.compile(readFileSync('build/checked.wasm'));
    const loaded = await loadModule('checked');
    expect(WebAssembly.Module.exports(loaded)).toEqual(WebAssembly.Module.exports(built));
    expect(await loadModule('checked')).toBe(loaded);
  });
});
