/** One instance of the checked kernel as the host sees it, its numbers as words, its witness. */

import { readFile } from 'node:fs/promises';
import { checkExports } from '../../host/kernel/exports.js';
import { kernelImports } from '../../host/kernel/imports.js';
import { readLayout } from '../../host/kernel/layout.js';
import type { Kernel } from '../../host/kernel/load.js';
import { LinearMemory } from '../../host/kernel/memory.js';
import { Witness } from '../../host/machine/witness.js';

/** Compiled once for each test file. */
const MODULE = await WebAssembly.compile(
  await readFile(new URL('../../build/checked.wasm', import.meta.url)),
);

/** A kernel that is started and not yet booted, and who answers it. */
export interface WiredKernel extends Kernel {
  readonly witness: Witness;
  /** Of each finding, where the kernel was. */
  readonly stacks: readonly string[];
  /** The number of a member, as `Status.PENDING`. @throws Error if there is none. */
  number(member: string): number;
  /** The member of an enum that has this number, or the number in hexadecimal. */
  word(enumeration: string, value: number): string;
  /** The members of an enum, without COUNT, each with its number. */
  members(enumeration: string): [member: string, value: number][];
}

/**
 * Starts a kernel, the checked one or a `module` that has more in it, at once and without waiting.
 * `onTransmit`: its ring must be emptied.
 */
export function startKernel(
  name: string, onTransmit: () => void, module: WebAssembly.Module = MODULE,
): WiredKernel {
  const witness = new Witness(name);
  const stacks: string[] = [];
  witness.onTransmit = onTransmit;
  const imports = kernelImports(witness);
  const onFinding = (...words: number[]): void => {
    stacks.push((new Error('finding').stack ?? '').split('\n').slice(2, 9).join('\n'));
    imports.onFinding(...words);
  };
  const host = { ...imports, onFinding };
  const { exports } = new WebAssembly.Instance(module, { host });
  const enums = readEnums(exports);
  const raw = checkExports(exports);
  witness.layout = readLayout(exports);
  raw.start();
  return {
    raw,
    memory: new LinearMemory(raw.memory),
    layout: witness.layout,
    checked: true,
    witness,
    stacks,
    word: (enumeration, value) => {
      for (const [member, number] of enums.get(enumeration) ?? []) {
        if (number === (value | 0)) return member;
      }
      return `0x${(value >>> 0).toString(16)}`;
    },
    number: (member) => numberOf(enums, member),
    members: (enumeration) => [...enums.get(enumeration) ?? []],
  };
}

type Enums = ReadonlyMap<string, ReadonlyMap<string, number>>;

function readEnums(exports: WebAssembly.Exports): Enums {
  const enums = new Map<string, Map<string, number>>();
  for (const [name, global] of Object.entries(exports)) {
    if (!(global instanceof WebAssembly.Global)) continue;
    const [enumeration, member] = name.split(/[._](.*)/s, 2);
    if (enumeration === undefined || member === undefined || member === 'COUNT') continue;
    const members = enums.get(enumeration) ?? new Map<string, number>();
    enums.set(enumeration, members.set(member, Number(global.value) | 0));
  }
  return enums;
}

function numberOf(enums: Enums, name: string): number {
  const [enumeration = '', member = ''] = name.split('.', 2);
  const value = enums.get(enumeration)?.get(member);
  if (value === undefined) throw new Error(`the kernel has no ${name}`);
  return value;
}
