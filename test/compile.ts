/** Compiles an entry of test/assembly/ in memory, for kernel routines that need no machine. */

import { fileURLToPath } from 'node:url';
import { createMemoryStream, main } from 'assemblyscript/asc';

/** The folder of the project, from where entries are named. */
const ROOT = fileURLToPath(new URL('..', import.meta.url));

/**
 * Compiles `entry` (a path from the project's folder) as the free build is compiled, and
 * instantiates it without imports; its exports take and give numbers. Throws with the compiler's
 * words if it does not compile.
 */
export async function compileEntry(entry: string): Promise<WebAssembly.Exports> {
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
      '-O2',
      '--runtime',
      'stub',
      '--enable',
      'simd',
      '--initialMemory',
      '16',
      ...['abort=', 'VERIFIER=0', 'FAULTS=0', 'EXPLORE=0', 'SMP=0'].flatMap((u) => ['--use', u]),
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
  const { instance } = await WebAssembly.instantiate(binary as Uint8Array<ArrayBuffer>, {});
  return instance.exports;
}
