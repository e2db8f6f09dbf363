/**
 * `npm run build`: the kernel's targets into build/*.wasm and the host into dist/. A target whose
 * inputs have not changed since its outputs were made is left alone.
 */

import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type ts from 'typescript';
import { ROOT, inParallel, packageFile } from './child.js';
import { compileKernel } from './kernel.js';

/** What `npm run build` makes when it is not told. */
export const DEFAULT_TARGETS: readonly string[] = ['free', 'checked', 'explore', 'host'];

/** What a kernel is made of beside its sources. */
const KERNEL_INPUTS = ['asconfig.json', 'package-lock.json', 'host/cli/kernel.ts'];

/** Temporary folders older than this were left by a build that was killed. Milliseconds. */
const ABANDONED_MS = 10 * 60 * 1000;

/** Which targets to build, and where. */
export interface BuildOptions {
  /** Names of asconfig.json's targets, or `host`. */
  readonly targets?: readonly string[];
  /** Build even what is up to date. */
  readonly force?: boolean;
  /** The project's folder. */
  readonly root?: string;
  /** Takes a line for each target that was built. */
  readonly say?: (line: string) => void;
}

/** A target that did not compile: its name, and the compiler's own words. */
export class BuildFailure extends Error {
  constructor(target: string, message: string) {
    super(`${target} does not compile\n${message}`);
    this.name = 'BuildFailure';
  }
}

/** What a finished target left in build/: the digests of what went in and what came out. */
interface Stamp {
  readonly inputs: string;
  readonly outputs: string;
}

interface Target {
  readonly name: string;
  readonly inputs: () => string;
  /** Paths of what it makes, from the project's folder; empty where nothing was made yet. */
  readonly outputs: () => string[];
  readonly make: (scratch: string) => Promise<void>;
}

/** Builds what is out of date, two targets at a time. Throws one `BuildFailure` for all. */
export async function build(options: BuildOptions = {}): Promise<void> {
  const root = options.root ?? ROOT;
  const targets = (options.targets ?? DEFAULT_TARGETS).map((name) => describeTarget(root, name));
  const stale = targets.filter((target) => options.force === true || !isFresh(root, target));
  if (stale.length === 0) return;
  mkdirSync(join(root, 'build'), { recursive: true });
  removeAbandoned(root);
  const failures = await inParallel(
    2,
    stale.map((target) => async () => {
      try {
        await makeTarget(root, target, options.say ?? (() => {}));
        return undefined;
      } catch (error) {
        if (error instanceof BuildFailure) return error;
        throw error;
      }
    }),
  );
  const messages = failures.filter((failure) => failure !== undefined);
  const first = messages[0];
  if (first === undefined) return;
  for (const later of messages.slice(1)) first.message += `\n${later.message}`;
  throw first;
}

/** True where every target of `names` is up to date in `root`. */
export function isUpToDate(names: readonly string[], root: string = ROOT): boolean {
  return names.every((name) => isFresh(root, describeTarget(root, name)));
}

function describeTarget(root: string, name: string): Target {
  if (name === 'host') return hostTarget(root);
  const config = JSON.parse(readFileSync(join(root, 'asconfig.json'), 'utf8')) as {
    targets: Record<string, { outFile?: string; noEmit?: boolean }>;
  };
  const target = config.targets[name];
  const known = Object.keys(config.targets).filter((key) => config.targets[key]?.noEmit !== true);
  if (target === undefined || target.outFile === undefined) {
    throw new TypeError(`no target ${name}: ${[...known, 'host'].join(', ')}`);
  }
  return kernelTarget(root, name, target.outFile);
}

function kernelTarget(root: string, name: string, outFile: string): Target {
  const manifest = packageFile('assemblyscript', 'package.json');
  return {
    name,
    inputs: () =>
      digestOf(
        root,
        [...filesBelow(root, 'assembly'), ...KERNEL_INPUTS],
        readFileSync(manifest, 'utf8'),
      ),
    outputs: () => [outFile, `${outFile}.map`].filter((path) => existsSync(join(root, path))),
    make: async (scratch) => {
      // The name of the file is kept: the module carries the name of its source map.
      const made = join(scratch, outFile.slice(outFile.lastIndexOf('/') + 1));
      const result = await compileKernel({ target: name, outFile: made, root });
      if (result.code !== 0) throw new BuildFailure(name, result.text);
      if (existsSync(`${made}.map`)) renameSync(`${made}.map`, join(root, `${outFile}.map`));
      renameSync(made, join(root, outFile));
    },
  };
}

function hostTarget(root: string): Target {
  return {
    name: 'host',
    inputs: () =>
      digestOf(
        root,
        [...filesBelow(root, 'host'), 'tsconfig.json', 'package-lock.json'],
        process.version.slice(0, 3),
      ),
    outputs: () => filesBelow(root, 'dist'),
    make: async (scratch) => {
      const files = await compileHost(root);
      addShebang(files, 'dist/cli/main.js');
      let count = 0;
      for (const [path, text] of files) {
        const target = join(root, path);
        const made = join(scratch, `${count++}`);
        writeFileSync(made, text);
        if (path === 'dist/cli/main.js') chmodSync(made, 0o755);
        mkdirSync(dirname(target), { recursive: true });
        renameSync(made, target);
      }
      for (const path of filesBelow(root, 'dist')) {
        if (!files.has(path)) rmSync(join(root, path), { force: true });
      }
    },
  };
}

/** What tsc would write below dist/, by path from the project's folder; nothing is written here. */
async function compileHost(root: string): Promise<Map<string, string>> {
  const { default: compiler } = await import('typescript');
  const format: ts.FormatDiagnosticsHost = {
    getCurrentDirectory: () => root,
    getCanonicalFileName: (name) => name,
    getNewLine: () => '\n',
  };
  const file = join(root, 'tsconfig.json');
  const parsed = compiler.getParsedCommandLineOfConfigFile(
    file,
    {},
    {
      ...compiler.sys,
      onUnRecoverableConfigFileDiagnostic: (diagnostic) => {
        throw new BuildFailure('host', compiler.formatDiagnostic(diagnostic, format));
      },
    },
  );
  if (parsed === undefined) throw new BuildFailure('host', 'tsconfig.json cannot be read');
  const options = { ...parsed.options, incremental: false };
  delete options.tsBuildInfoFile;
  const program = compiler.createProgram(parsed.fileNames, options);
  const files = new Map<string, string>();
  const found = [...parsed.errors, ...compiler.getPreEmitDiagnostics(program)];
  const emitted = program.emit(undefined, (name, text) => {
    files.set(relative(root, name).replaceAll('\\', '/'), text);
  });
  const errors = [...found, ...emitted.diagnostics].filter(
    (diagnostic) => diagnostic.category === compiler.DiagnosticCategory.Error,
  );
  if (errors.length > 0) {
    throw new BuildFailure('host', compiler.formatDiagnostics(errors, format).trimEnd());
  }
  return files;
}

/** The program's first line, where its source has none; its source map moves down by one line. */
function addShebang(files: Map<string, string>, path: string): void {
  const text = files.get(path);
  if (text === undefined || text.startsWith('#!')) return;
  files.set(path, `#!/usr/bin/env node\n${text}`);
  const map = files.get(`${path}.map`);
  if (map !== undefined) {
    files.set(`${path}.map`, map.replace('"mappings":"', '"mappings":";'));
  }
}

async function makeTarget(
  root: string,
  target: Target,
  say: (line: string) => void,
): Promise<void> {
  const began = performance.now();
  const scratch = mkdtempSync(join(root, 'build', 'tmp-'));
  try {
    const inputs = target.inputs();
    await target.make(scratch);
    // Edited while it was compiled: no stamp, so that the next build makes it again.
    if (target.inputs() === inputs) writeStamp(root, target, inputs, scratch);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  const octets = target.outputs().reduce((sum, path) => sum + statSync(join(root, path)).size, 0);
  const seconds = ((performance.now() - began) / 1000).toFixed(1);
  say(`built ${target.name.padEnd(8)} ${seconds.padStart(5)} s  ${Math.ceil(octets / 1024)} KiB`);
}

function stampFile(root: string, target: Target): string {
  return join(root, 'build', `${target.name}.stamp.json`);
}

function writeStamp(root: string, target: Target, inputs: string, scratch: string): void {
  const stamp: Stamp = { inputs, outputs: digestOf(root, target.outputs(), '') };
  const made = join(scratch, 'stamp');
  writeFileSync(made, `${JSON.stringify(stamp)}\n`);
  renameSync(made, stampFile(root, target));
}

/** The stamp names the outputs as well: another build may have put its own there in between. */
function isFresh(root: string, target: Target): boolean {
  const outputs = target.outputs();
  if (outputs.length === 0 || !existsSync(stampFile(root, target))) return false;
  let stamp: Partial<Stamp>;
  try {
    stamp = JSON.parse(readFileSync(stampFile(root, target), 'utf8')) as Partial<Stamp>;
  } catch {
    return false; // not a stamp: make the target again
  }
  return stamp.inputs === target.inputs() && stamp.outputs === digestOf(root, outputs, '');
}

function digestOf(root: string, paths: readonly string[], more: string): string {
  const hash = createHash('sha256').update(more);
  for (const path of paths) {
    const file = join(root, path);
    const content = existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    hash.update(`\n${path} ${content.length}\n`).update(content);
  }
  return hash.digest('hex');
}

function filesBelow(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
    .sort();
}

function removeAbandoned(root: string): void {
  for (const name of readdirSync(join(root, 'build'))) {
    if (!name.startsWith('tmp-')) continue;
    const folder = join(root, 'build', name);
    const age = Date.now() - (statSync(folder, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > ABANDONED_MS) rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  try {
    const { values } = parseArgs({
      options: { force: { type: 'boolean' }, target: { type: 'string', multiple: true } },
    });
    await build({
      force: values.force ?? false,
      ...(values.target === undefined ? {} : { targets: values.target }),
      say: (line) => console.log(line),
    });
  } catch (error) {
    if (!(error instanceof BuildFailure || error instanceof TypeError)) throw error;
    console.error(error.message);
    process.exitCode = error instanceof BuildFailure ? 1 : 2;
  }
}

const script = process.argv[1];
if (script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url)) await main();
