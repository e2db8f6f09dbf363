/** Compiles an entry of test/assembly/ in memory, for kernel routines that need no machine. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the project, from where entries are named. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** What was compiled before: a file for each entry and options, named by what it was made of. */
const KEPT = join(ROOT, 'build', 'entries');

/** Pages of 64 KiB of a memory that workers share, from the beginning on. */
export const SHARED_PAGES = 16;

/** How an entry is compiled. */
export interface CompileOptions {
  /** With verifier and defects, as the checked build; without, as the free one. Default: free. */
  readonly checked?: boolean;
  /** Interlocked operations as atomics, as `smp` has them. Default: no. */
  readonly smp?: boolean;
  /** Memory of SHARED_PAGES that the host gives, for several workers at once. Default: no. */
  readonly shared?: boolean;
  /**
   * For the explorer: the checked build with its scheduling points, through Binaryen's asyncify,
   * and with a source map. Default: no.
   */
  readonly explore?: boolean;
  /** `explore`, and the host is told of every load and store. Default: no. */
  readonly accesses?: boolean;
  /** With a start of its own to call, as a kernel that a machine boots. Default: no. */
  readonly kernel?: boolean;
  /** asc's optimize level. Default: 2, explored 3; 0 compiles in half the time. */
  readonly optimize?: 0 | 2 | 3;
  /** Pages of 64 KiB that memory may grow to. Default: as many as there are. */
  readonly maximumPages?: number;
}

/** What asc is told for `options`. */
function wordsOf(options: CompileOptions): string[] {
  const explored = options.explore === true || options.accesses === true;
  const watched = explored || options.checked === true ? 1 : 0;
  const smp = options.smp === true ? 1 : 0;
  const use = ['abort=', `VERIFIER=${watched}`, `FAULTS=${watched}`];
  use.push(`EXPLORE=${explored ? 1 : 0}`, `SMP=${smp}`);
  const words = ['--config', 'none', '--runtime', 'stub'];
  words.push('--initialMemory', explored ? '4' : '16');
  words.push(`-O${options.optimize ?? (explored ? 3 : 2)}`);
  words.push('--enable', smp === 1 ? 'simd,threads' : 'simd');
  if (explored || options.kernel === true) words.push('--exportStart', 'start');
  const passes = options.accesses === true ? 'instrument-memory,asyncify' : 'asyncify';
  if (explored) words.push('--runPasses', passes, '--sourceMap', '--debug');
  if (options.shared === true) {
    words.push('--importMemory', '--sharedMemory', '--zeroFilledMemory');
    words.push('--maximumMemory', String(SHARED_PAGES));
  }
  if (options.maximumPages !== undefined) {
    words.push('--maximumMemory', String(options.maximumPages));
  }
  return [...words, ...use.flatMap((each) => ['--use', each])];
}

/** A digest of every source an entry may be made of, of the compiler's version, and of `words`. */
function digestOf(words: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(words));
  const files = ['assembly', 'test/assembly', 'test/explore/programs'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );
  for (const file of ['node_modules/assemblyscript/package.json', ...files.sort()]) {
    hash.update(`${file}\n`).update(readFileSync(join(ROOT, file)));
  }
  return hash.digest('hex').slice(0, 16);
}

/** What the compiler made. */
interface Compiled {
  readonly binary: Uint8Array<ArrayBuffer>;
  /** The source map, where one was asked for. */
  readonly map: string | null;
}

/** Throws with the compiler's words if `entry` does not compile. */
async function compile(entry: string, words: readonly string[]): Promise<Compiled> {
  const { createMemoryStream, main } = await import('assemblyscript/asc');
  const stderr = createMemoryStream();
  let binary: Uint8Array<ArrayBuffer> | null = null;
  let map: string | null = null;
  const { error } = await main([entry, '--baseDir', ROOT, '--outFile', 'entry.wasm', ...words], {
    stderr,
    writeFile: (name, contents) => {
      if (name.endsWith('.map')) map = Buffer.from(contents).toString('utf8');
      else binary = Uint8Array.from(Buffer.from(contents));
    },
  });
  if (error !== null || binary === null) {
    throw new Error(`${entry} does not compile: ${error?.message ?? ''}\n${stderr.toString()}`);
  }
  return { binary, map };
}

/** What was kept under `name`, or null. */
function findKept(name: string): Uint8Array<ArrayBuffer> | null {
  try {
    return new Uint8Array(readFileSync(join(KEPT, name)));
  } catch {
    return null;
  }
}

/** Keeps what was made as `stem` with `digest`, in place of what was made of older sources. */
function keep(stem: string, digest: string, { binary, map }: Compiled): void {
  mkdirSync(KEPT, { recursive: true });
  const older = readdirSync(KEPT).filter((name) => name.startsWith(`${stem}.`));
  for (const name of older) {
    if (/\.wasm(\.map)?$/.test(name)) rmSync(join(KEPT, name), { force: true });
  }
  const put = (name: string, content: Uint8Array | string): void => {
    const part = join(KEPT, `${name}.${process.pid}.part`);
    writeFileSync(part, content);
    renameSync(part, join(KEPT, name));
  };
  if (map !== null) put(`${stem}.${digest}.wasm.map`, map);
  put(`${stem}.${digest}.wasm`, binary);
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
  const { stem, digest } = namesOf(entry, words);
  const kept = findKept(`${stem}.${digest}.wasm`);
  if (kept !== null) return WebAssembly.compile(kept);
  const made = await compile(entry, words);
  keep(stem, digest, made);
  return WebAssembly.compile(made.binary);
}

/** The source map of an entry that was compiled to be explored, of the same sources; or null. */
export function findMap(entry: string, options: CompileOptions = { explore: true }): string | null {
  const { stem, digest } = namesOf(entry, wordsOf(options));
  const kept = findKept(`${stem}.${digest}.wasm.map`);
  return kept === null ? null : Buffer.from(kept).toString('utf8');
}

/** Under which names an entry's outputs are kept. */
function namesOf(entry: string, words: readonly string[]): { stem: string; digest: string } {
  const mark = createHash('sha256').update(JSON.stringify(words)).digest('hex').slice(0, 8);
  return { stem: `${entry.replace(/\W+/g, '-')}-${mark}`, digest: digestOf(words) };
}

/**
 * Compiles `entry` as the free build is compiled, and instantiates it without imports; its exports
 * take and give numbers. Throws as `compileModule` does. Free: for `wire/`, which has no state.
 */
export async function compileEntry(entry: string): Promise<WebAssembly.Exports> {
  return (await WebAssembly.instantiate(await compileModule(entry), {})).exports;
}
