/** Compiles the bench kernels: a target of asconfig.json with loops over its routines. */

import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../host/cli/child.js';
import { compileKernel } from '../host/cli/kernel.js';

/** The targets that are measured. */
export type BenchTarget = 'free' | 'checked';

/** Where the bench kernel of a target lies once it is built. */
export function benchWasm(target: BenchTarget): string {
  return join(ROOT, 'build', target === 'free' ? 'bench.wasm' : `bench-${target}.wasm`);
}

/** What goes into it, from the project's folder. */
const INPUTS: readonly string[] = [
  'assembly', 'bench/assembly', 'asconfig.json', 'package-lock.json', 'host/cli/kernel.ts',
];

/** Builds a bench kernel where it is older than its sources. Throws with the compiler's words. */
export async function buildBenchKernel(target: BenchTarget): Promise<void> {
  const built = statSync(benchWasm(target), { throwIfNoEntry: false });
  if (built !== undefined && built.mtimeMs >= newest()) return;
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const entry = 'bench/assembly/index.ts';
  const { code, text } = await compileKernel({ target, entry, outFile: benchWasm(target) });
  if (code !== 0) throw new Error(`bench/assembly does not compile\n${text}`);
}

/** When the latest of the inputs was changed; milliseconds since 1970. */
function newest(): number {
  const times = INPUTS.flatMap((input) => {
    const path = join(ROOT, input);
    const stat = statSync(path);
    if (!stat.isDirectory()) return [stat.mtimeMs];
    const names = readdirSync(path, { recursive: true, encoding: 'utf8' });
    return names.map((name) => statSync(join(path, name)).mtimeMs);
  });
  return Math.max(...times);
}
