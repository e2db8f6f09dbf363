/** One instance of the checked kernel, its numbers as words, and what its verifier found. */

import { readFile } from 'node:fs/promises';
import type { KernelExports } from '../../host/kernel/exports.js';

/** Compiled once for each test file. */
const MODULE = await WebAssembly.compile(
  await readFile(new URL('../../build/checked.wasm', import.meta.url)),
);

/** A rule of the verifier that was broken, and where the kernel was. */
export interface Finding {
  rule: string;
  words: readonly number[];
  stack: string;
}

/** A kernel that is started and not yet booted. */
export interface Kernel {
  readonly raw: KernelExports;
  readonly findings: readonly Finding[];
  /** The number of a member, as `Status.PENDING`. @throws Error if there is none. */
  number(member: string): number;
  /** The member of an enum that has this number, or the number in hexadecimal. */
  word(enumeration: string, value: number): string;
  /** The members of an enum, without COUNT, each with its number. */
  members(enumeration: string): [member: string, value: number][];
}

/** Starts a kernel. `onTransmit`: its ring is full and must be emptied. */
export function startKernel(onTransmit: () => void): Kernel {
  const findings: Finding[] = [];
  const host = {
    onBugCheck: (code: number, ...words: number[]) => {
      throw new Error(`stop 0x${(code >>> 0).toString(16)} (${hexOf(words)})`);
    },
    onSpin: (lock: number, processor: number) => {
      throw new Error(`processor ${processor} spins on lock 0x${lock.toString(16)}`);
    },
    onFinding: (rule: number, ...words: number[]) => {
      const stack = (new Error('finding').stack ?? '').split('\n').slice(2, 9).join('\n');
      findings.push({ rule: word('Rule', rule), words: words.map((each) => each >>> 0), stack });
    },
    onPreempt: () => {},
    onSite: () => {},
    onTransmit,
  };
  const { exports } = new WebAssembly.Instance(MODULE, { host });
  const enums = readEnums(exports);
  const word = (enumeration: string, value: number): string => {
    for (const [member, number] of enums.get(enumeration) ?? []) {
      if (number === (value | 0)) return member;
    }
    return `0x${(value >>> 0).toString(16)}`;
  };
  const raw = exports as unknown as KernelExports;
  raw.start();
  return {
    raw,
    findings,
    word,
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

function hexOf(words: readonly number[]): string {
  return words.map((word) => `0x${(word >>> 0).toString(16)}`).join(', ');
}
