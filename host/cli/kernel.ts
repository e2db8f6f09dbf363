/** Compiles a kernel: a target of asconfig.json by asc; what must be fast by wasm-opt as well. */

import { renameSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT, packageFile, runNode, type Outcome } from './child.js';

/** Targets whose speed counts, and in which no place of a call is asked for. */
const FAST: ReadonlySet<string> = new Set(['free', 'smp']);

/**
 * How large a routine may be that is put into all its callers, into those where it is worth it,
 * and into its only one; in nodes of Binaryen's. asc's own limits are 12, 70 and 200. The receive
 * path and a connection are made of many small steps, and a call costs 2 ns each.
 */
const INLINE = [
  '--always-inline-max-function-size=100',
  '--flexible-inline-max-function-size=400',
  '--one-caller-inline-max-function-size=4000',
];

/** What asc allows itself, and more of it where a target asks. */
const FEATURES = [
  '--enable-mutable-globals', '--enable-sign-ext', '--enable-nontrapping-float-to-int',
  '--enable-bulk-memory', '--enable-simd',
];

/** What to compile, and where to. */
export interface KernelOptions {
  /** A target of asconfig.json. */
  readonly target: string;
  /** The file to write; its source map, where the target has one, goes beside it. */
  readonly outFile: string;
  /** The folder of asconfig.json. Default: the project's. */
  readonly root?: string;
  /** What is compiled in place of asconfig.json's entry. */
  readonly entry?: string;
}

/** Compiles a kernel; on failure the code is not 0, and the text is the tool's own. */
export async function compileKernel(options: KernelOptions): Promise<Outcome> {
  const { target, outFile, root = ROOT, entry } = options;
  const compiled = await runNode([
    '--enable-source-maps', packageFile('assemblyscript', 'bin/asc.js'),
    ...(entry === undefined ? [] : [entry]),
    '--config', join(root, 'asconfig.json'), '--target', target, '--outFile', outFile,
    '--baseDir', root,
  ]);
  if (compiled.code !== 0 || !FAST.has(target)) return compiled;
  return optimize(outFile, target === 'smp' ? [...FEATURES, '--enable-threads'] : FEATURES);
}

/** The module of `file` once more, with its calls put in place of one another; and its map. */
async function optimize(file: string, features: readonly string[]): Promise<Outcome> {
  const map = `${file}.map`;
  const made = `${file}.optimized`;
  const result = await runNode([
    packageFile('binaryen', 'bin/wasm-opt'), file, '-O3', '-g', ...features, ...INLINE,
    `--input-source-map=${map}`, `--output-source-map=${made}.map`,
    `--output-source-map-url=./${basename(map)}`, '-o', made,
  ]);
  if (result.code !== 0) return result;
  renameSync(`${made}.map`, map);
  renameSync(made, file);
  return result;
}
