/**
 * Compiles an AssemblyScript program so that it can be explored, with the compiler that its own
 * folder has installed; what was compiled of the same sources is kept in a folder for temporary
 * files.
 */

import { createHash } from 'node:crypto';
import { existsSync, lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as Asc from 'assemblyscript/asc';
import { loadOctets } from '../explore/source.js';
import type { LoadedModule } from '../explore/source.js';
import { ROOT } from './child.js';
import { WrongUse } from './wronguse.js';

const COMPILER = join('node_modules', 'assemblyscript');

/** Nothing is compiled into its caller: every frame of a stack is then a function with a name. */
const SHRINKS = [
  'optimize-instructions', 'precompute', 'dce', 'simplify-locals', 'vacuum', 'coalesce-locals',
  'reorder-locals', 'vacuum',
].join(',');

/** How a module is compiled that is explored; examples/driver/asconfig.json says the same. */
const WORDS: readonly string[] = [
  '--config', 'none', '--runtime', 'stub', '--initialMemory', '4', '--exportStart', 'start',
  ...['abort=', 'VERIFIER=1', 'FAULTS=1', 'EXPLORE=1', 'SMP=0'].flatMap((use) => ['--use', use]),
  '--runPasses', `${SHRINKS},asyncify,${SHRINKS}`, '--sourceMap', '--debug',
];

/** What was compiled, and of which files. */
interface Kept {
  readonly files: Readonly<Record<string, string>>;
  readonly map: string;
  readonly wasm: string;
}

/**
 * The module that a source makes.
 * @throws WrongUse with the compiler's words, or where no compiler is installed.
 */
export async function compileProgram(path: string): Promise<LoadedModule> {
  const entry = resolve(path);
  const folder = findCompiler(dirname(entry));
  const version = readFileSync(join(folder, COMPILER, 'package.json'), 'utf8');
  const words = JSON.stringify([entry, folder, version, WORDS]);
  const name = createHash('sha256').update(words).digest('hex').slice(0, 24);
  const place = keepingFolder();
  const kept = place === undefined ? undefined : findKept(join(place, `${name}.json`));
  const made = kept ?? await compile(entry, folder);
  if (kept === undefined && place !== undefined) keep(join(place, `${name}.json`), made);
  return loadOctets(Uint8Array.from(Buffer.from(made.wasm, 'base64')), made.map);
}

/** The nearest folder above a program, else the project's own, that has the compiler. */
function findCompiler(from: string): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, COMPILER))) return folder;
    if (folder === dirname(folder)) break;
  }
  if (existsSync(join(ROOT, COMPILER))) return ROOT;
  throw new WrongUse(
    'the compiler is not installed: npm install --save-dev assemblyscript, beside the program',
  );
}

async function compile(entry: string, folder: string): Promise<Kept> {
  const asc = pathToFileURL(join(folder, COMPILER, 'dist', 'asc.js')).href;
  const { createMemoryStream, main } = await import(asc) as typeof Asc;
  const files: Record<string, string> = {};
  const out = new Map<string, Uint8Array>();
  const stderr = createMemoryStream();
  const inside = relative(folder, entry);
  const base = inside.startsWith('..') ? dirname(entry) : folder;
  const words = [
    relative(base, entry), '--baseDir', base, '--outFile', 'module.wasm', '--noColors', ...WORDS,
  ];
  const { error } = await main(words, {
    stderr,
    readFile: (name, from) => {
      const file = resolve(from, name);
      if (!existsSync(file)) return null;
      const text = readFileSync(file, 'utf8');
      files[file] = digestOf(text);
      return text;
    },
    writeFile: (name, contents) => {
      const octets = typeof contents === 'string' ? Buffer.from(contents) : contents;
      out.set(basename(name), Uint8Array.from(octets));
    },
  });
  const wasm = out.get('module.wasm');
  const map = out.get('module.wasm.map');
  if (error !== null || wasm === undefined || map === undefined) {
    const complaint = firstError(stderr.toString()) ?? error?.message ?? 'nothing was made';
    throw new WrongUse(`${relative(process.cwd(), entry)} does not compile: ${complaint}`);
  }
  return {
    files, wasm: Buffer.from(wasm).toString('base64'), map: Buffer.from(map).toString('utf8'),
  };
}

/** The compiler's first complaint, and where it is. */
function firstError(words: string): string | undefined {
  const complaint = /^ERROR[^\n]*/m.exec(words)?.[0];
  const place = /└─ in ([^\n]*)/.exec(words)?.[1];
  return place === undefined ? complaint : `${complaint} (${place})`;
}

function digestOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** A folder that only this user can write to; undefined where there is none to be had. */
function keepingFolder(): string | undefined {
  const user = process.getuid?.();
  const folder = join(tmpdir(), `ntstack-${user ?? 'modules'}`);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const { uid, mode } = lstatSync(folder);
    const own = user === undefined || (uid === user && (mode & 0o22) === 0);
    return own ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** What was kept, where none of its sources has changed. */
function findKept(file: string): Kept | undefined {
  try {
    const kept = JSON.parse(readFileSync(file, 'utf8')) as Kept;
    const same = Object.entries(kept.files)
      .every(([path, digest]) => digestOf(readFileSync(path, 'utf8')) === digest);
    return same ? kept : undefined;
  } catch {
    return undefined;
  }
}

/** What cannot be kept is compiled again the next time. */
function keep(file: string, made: Kept): void {
  const part = `${file}.${process.pid}`;
  try {
    writeFileSync(part, JSON.stringify(made));
    renameSync(part, file);
  } catch {
    return;
  }
}
