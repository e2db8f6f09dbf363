/** Compiles an entry of test/assembly/ in memory, for kernel routines that need no machine. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project, from where entries are named. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What was compiled before: a file for each entry and options, named by what it was made of. */
const KEPT = join(ROOT, 'build', 'entries');

/** How an entry is compiled. */
export interface CompileOptions {
  /** With verifier and defects, as the checked build; without, as the free one. Default: free. */
  readonly checked?: boolean;
  /** Interlocked operations as atomics, as `smp` has them. Default: no. */
  readonly smp?: boolean;
  /** asc's optimize level. Default: 2; 0 compiles in half the time. */
  readonly optimize?: 0 | 2;
  /** Pages of 64 KiB that memory may grow to. Default: as many as there are. */
  readonly maximumPages?: number;
}

/** What asc is told for `options`. */
function wordsOf(options: CompileOptions): string[] {
  const watched = options.checked === true ? 1 : 0;
  const smp = options.smp === true ? 1 : 0;
  const use = ['abort=', `VERIFIER=${watched}`, `FAULTS=${watched}`, 'EXPLORE=0', `SMP=${smp}`];
  const words = ['--config', 'none', '--runtime', 'stub', '--initialMemory', '16'];
  words.push(`-O${options.optimize ?? 2}`, '--enable', smp === 1 ? 'simd,threads' : 'simd');
  if (options.maximumPages !== undefined) {
    words.push('--maximumMemory', String(options.maximumPages));
  }
  return [...words, ...use.flatMap((each) => ['--use', each])];
}

/** A digest of every source an entry may be made of, of the compiler's version, and of `words`. */
function digestOf(words: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(words));
  const files = ['assembly', 'test/assembly'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  for (const file of ['node_modules/assemblyscript/package.json', ...files.sort()]) {
    hash.update(`${file}\n`).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** Throws with the compiler's words if `entry` does not compile. */
async function compile(entry: string, words: readonly string[]): Promise<Uint8Array<ArrayBuffer>> {
  const { createMemoryStream, main } = await import('assemblyscript/asc');
  const stderr = createMemoryStream();
  let binary: Uint8Array<ArrayBuffer> | null = null;
  const { error } = await main([entry, '--baseDir', ROOT, '--outFile', 'entry.wasm', ...words], {
    stderr,
    writeFile: (_name, contents) => {
      binary = Uint8Array.from(Buffer.from(contents));
    },
  });
  if (error !== null || binary === null) {
    throw new Error(`${entry} does not compile: ${error?.message ?? ''}\n${stderr.toString()}`);
  }
  return binary;
}

/** What was kept under `name`, or null. */
function findKept(name: string): Uint8Array<ArrayBuffer> | null {
  try {
    return new Uint8Array(readFileSync(join(KEPT, name)));
  } catch {
    return null;
  }
}

/** Keeps `binary` as `stem` with `digest`, in place of what was made of older sources. */
function keep(stem: string, digest: string, binary: Uint8Array): void {
  mkdirSync(KEPT, { recursive: true });
  const older = readdirSync(KEPT).filter((name) => name.startsWith(`${stem}.`));
  for (const name of older) {
    if (name.endsWith('.wasm')) rmSync(join(KEPT, name), { force: true });
  }
  const part = join(KEPT, `${stem}.${digest}.${process.pid}.part`);
  writeFileSync(part, binary);
  renameSync(part, join(KEPT, `${stem}.${digest}.wasm`));
}

/**
 * Compiles `entry` (a path from the project's folder), or takes what was compiled of the same
 * sources. Throws with the compiler's words if it does not compile.
 */
export async function compileModule(
  entry: string,
  options: CompileOptions = {},
): Promise<WebAssembly.Module> {
  const words = wordsOf(options);
  const mark = createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 8);
  const stem = `${entry.replace(/\W+/g, '-')}-${mark}`;
  const digest = digestOf(words);
  const kept = findKept(`${stem}.${digest}.wasm`);
  if (kept !== null) return WebAssembly.compile(kept);
  const binary = await compile(entry, words);
  keep(stem, digest, binary);
  return WebAssembly.compile(binary);
}

/**
 * Compiles `entry` as the free build is compiled, and instantiates it without imports; its exports
 * take and give numbers. Throws as `compileModule` does.
 */
export async function compileEntry(entry: string): Promise<WebAssembly.Exports> {
  return (await WebAssembly.instantiate(await compileModule(entry), {})).exports;
}
