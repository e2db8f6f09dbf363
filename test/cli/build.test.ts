/** The build: what it makes, when it makes it again, and what it says where it cannot. */

import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { build, isUpToDate } from '../../host/cli/build.js';

const ROOTS: string[] = [];
let root = '';

function write(path: string, text: string): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
}

function read(path: string): Buffer {
  return readFileSync(join(root, path));
}

/** Builds and gives the names of the targets that were made. */
async function made(...targets: string[]): Promise<string[]> {
  const lines: string[] = [];
  await build({ root, targets, say: (line) => lines.push(line) });
  return lines.map((line) => line.split(/\s+/)[1] ?? line).sort();
}

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'ntstack-build-'));
  ROOTS.push(root);
  write('package-lock.json', '{}');
  write(
    'asconfig.json',
    JSON.stringify({
      entries: [join(root, 'assembly/index.ts')],
      options: { runtime: 'stub', sourceMap: true },
      targets: { free: { outFile: 'build/free.wasm' }, nogc: { noEmit: true } },
    }),
  );
  write('assembly/index.ts', 'export function one(): i32 { return 1; }\n');
  write(
    'tsconfig.json',
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2022',
        rootDir: 'host',
        outDir: 'dist',
        strict: true,
        types: [],
        declaration: true,
        sourceMap: true,
        lib: ['es2022'],
      },
      include: ['host'],
    }),
  );
  write('package.json', '{"type":"module"}');
  write('host/cli/main.ts', 'export const one: number = 1;\n');
  write('host/other.ts', 'export const two: number = 2;\n');
});

afterAll(() => {
  for (const folder of ROOTS) rmSync(folder, { recursive: true, force: true });
});

describe('cli/build', () => {
  it('makes a module with its source map, and nothing again while nothing changes', async () => {
    expect(await made('free')).toEqual(['free']);
    const module = new WebAssembly.Module(new Uint8Array(read('build/free.wasm')));
    expect(WebAssembly.Module.exports(module).map(({ name }) => name)).toContain('one');
    expect(read('build/free.wasm').toString('latin1')).toContain('./free.wasm.map');
    expect(JSON.parse(read('build/free.wasm.map').toString())).toHaveProperty('mappings');
    expect(isUpToDate(['free'], root)).toBe(true);
    expect(await made('free')).toEqual([]);
    expect(readdirSync(join(root, 'build')).filter((name) => name.startsWith('tmp-'))).toEqual([]);
  });

  it('makes a target again when an input, an output or its stamp has changed', async () => {
    await made('free');
    const stamp = read('build/free.stamp.json').toString();
    const wasm = read('build/free.wasm');
    const changes: [string, () => void, () => void][] = [
      [
        'a source that nothing imports',
        () => write('assembly/new.ts', ''),
        () => rmSync(join(root, 'assembly/new.ts')),
      ],
      [
        'the installed packages',
        () => write('package-lock.json', '{ }'),
        () => write('package-lock.json', '{}'),
      ],
      [
        'an output',
        () => write('build/free.wasm', 'other'),
        () => writeFileSync(join(root, 'build/free.wasm'), wasm),
      ],
      [
        'half a stamp',
        () => write('build/free.stamp.json', '{"inputs":'),
        () => write('build/free.stamp.json', stamp),
      ],
    ];
    for (const [what, change, undo] of changes) {
      change();
      expect(isUpToDate(['free'], root), what).toBe(false);
      undo();
      expect(isUpToDate(['free'], root), what).toBe(true);
    }
    rmSync(join(root, 'build/free.wasm.map'));
    expect(await made('free')).toEqual(['free']);
    expect(await made('free')).toEqual([]);
  });

  it('says why the kernel does not compile, and leaves what was there', async () => {
    await made('free');
    const before = read('build/free.wasm');
    write('assembly/index.ts', 'export function one(): i32 { return nowhere; }\n');
    await expect(made('free')).rejects.toThrow(/free does not compile[^]*nowhere[^]*index\.ts/);
    expect(read('build/free.wasm').equals(before)).toBe(true);
    expect(isUpToDate(['free'], root)).toBe(false);
  });

  it('makes the host, a program of it, and removes what has no source any more', async () => {
    expect(await made('host')).toEqual(['host']);
    expect(read('dist/cli/main.js').toString()).toMatch(
      /^#!\/usr\/bin\/env node\nexport const one/,
    );
    expect(statSync(join(root, 'dist/cli/main.js')).mode & 0o777).toBe(0o755);
    const map = JSON.parse(read('dist/cli/main.js.map').toString()) as {
      mappings: string;
      sources: string[];
    };
    expect(map.mappings.startsWith(';')).toBe(true);
    expect(map.sources).toEqual(['../../host/cli/main.ts']);
    expect(readdirSync(join(root, 'dist'))).toContain('other.d.ts');
    rmSync(join(root, 'host/other.ts'));
    expect(await made('host')).toEqual(['host']);
    expect(readdirSync(join(root, 'dist')).filter((name) => name.startsWith('other'))).toEqual([]);
    expect(await made('host')).toEqual([]);
  });

  it('says why the host does not compile, and leaves what was there', async () => {
    await made('host');
    write('host/other.ts', 'export const two: number = "2";\n');
    await expect(made('host')).rejects.toThrow(
      /host does not compile\nhost\/other\.ts\(1,14\): error TS2322/,
    );
    expect(read('dist/other.js').toString()).toContain('two = 2');
  });

  it('is right when two builds run at once', async () => {
    await Promise.all([made('free', 'host'), made('free', 'host'), made('host', 'free')]);
    expect(isUpToDate(['free', 'host'], root)).toBe(true);
    expect(() => new WebAssembly.Module(new Uint8Array(read('build/free.wasm')))).not.toThrow();
  });

  it('names the targets where one is not known', async () => {
    await expect(made('fast')).rejects.toThrow(new TypeError('no target fast: free, host'));
    await expect(made('nogc')).rejects.toThrow(TypeError);
  });
});
