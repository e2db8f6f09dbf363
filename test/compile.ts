/** Compiles an entry of test/assembly/ in memory, for kernel routines that need no machine. */

import { fileURLToPath } from 'node:url';
import { createMemoryStream, main } from 'assemblyscript/asc';

/** The folder of the project, from where entries are named. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

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
function optionsOf(options: CompileOptions): string[] {
  const watched = options.checked === true ? 1 : 0;
  const use = [
    'abort=',
    `VERIFIER=${watched}`,
    `FAULTS=${watched}`,
    'EXPLORE=0',
    `SMP=${options.smp === true ? 1 : 0}`,
  ];
  return [
    `-O${options.optimize ?? 2}`,
    '--enable',
    options.smp === true ? 'simd,threads' : 'simd',
    ...(options.maximumPages === undefined
      ? []
      : ['--maximumMemory', String(options.maximumPages)]),
    ...use.flatMap((each) => ['--use', each]),
  ];
}

/**
 * Compiles `entry` (a path from the project's folder). Throws with the compiler's words if it does
 * not compile.
 */
export async function compileModule(
  entry: string,
  options: CompileOptions = {},
): Promise<WebAssembly.Module> {
  const stderr = createMemoryStream();
  let binary: Uint8Array<ArrayBuffer> | null = null;
  const { error } = await main(
    [
      entry,
      '--config',
      'none',
      '--baseDir',
      ROOT,
      '--outFile',
      'entry.wasm',
      '--runtime',
      'stub',
      '--initialMemory',
      '16',
      ...optionsOf(options),
    ],
    {
      stderr,
      writeFile: (_name, contents) => {
        binary = Uint8Array.from(Buffer.from(contents));
      },
    },
  );
  if (error !== null || binary === null) {
    throw new Error(`${entry} does not compile: ${error?.message ?? ''}\n${stderr.toString()}`);
  }
  return WebAssembly.compile(binary as Uint8Array<ArrayBuffer>);
}

/**
 * Compiles `entry` as the free build is compiled, and instantiates it without imports; its exports
 * take and give numbers. Throws as `compileModule` does.
 */
export async function compileEntry(entry: string): Promise<WebAssembly.Exports> {
  return (await WebAssembly.instantiate(await compileModule(entry), {})).exports;
}
