/** Compiles the bench kernels: a target of asconfig.json with loops over its routines. */

import { mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, packageFile, runNode } from '../host/cli/child.js';

/** The targets that are measured. */
export type BenchTarget = 'free' | 'checked';

/** Where the bench kernel of a target lies once it is built. */
export function benchWasm(target: BenchTarget): string {
  return join(ROOT, 'build', target === 'free' ? 'bench.wasm' : `bench-${target}.wasm`);
}

/** What goes into it, from the project's folder. */
const INPUTS: readonly string[] = [
  'assembly', 'bench/assembly', 'asconfig.json', 'package-lock.json',
];

/** Builds a bench kernel where it is older than its sources. Throws with the compiler's words. */
export async function buildBenchKernel(target: BenchTarget): Promise<void> {
  const built = statSync(benchWasm(target), { throwIfNoEntry: false });
  if (built !== undefined && built.mtimeMs >= newest()) return;
  mkdirSync(join(ROOT, 'build'), { recursive: true });
  const { code, text } = await runNode([
    packageFile('assemblyscript', 'bin/asc.js'), 'bench/assembly/index.ts',
    '--baseDir', ROOT, '--config', join(ROOT, 'asconfig.json'), '--target', target,
    '--outFile', benchWasm(target),
  ]);
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
