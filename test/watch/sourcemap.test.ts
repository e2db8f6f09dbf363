import { readFileSync } from 'node:fs';
import { TraceMap, originalPositionFor } from '@jridgewell/trace-mapping';
import { describe, expect, it } from 'vitest';
import { findAcquirer, findSite, parseStack, readSourceMap } from '../../host/watch/sourcemap.js';
import { resolveStack } from '../../host/watch/sourcemap.js';

const json = readFileSync(new URL('../../build/checked.wasm.map', import.meta.url), 'utf8');

describe('watch/sourcemap', () => {
  it('finds every place where the reference decoder finds it', () => {
    const map = readSourceMap(json);
    const reference = new TraceMap(json);
    const last = map.offsets.at(-1) ?? 0;
    let found = 0;
    for (let offset = 0; offset <= last + 2; offset += 3) {
      const { source, line } = originalPositionFor(reference, { line: 1, column: offset });
      const site = findSite(map, { name: '', offset });
      expect(site?.file).toBe(source?.replace(/^.*(\bassembly\/|(?=~lib))/, ''));
      expect(site?.line).toBe(line ?? undefined);
      if (site !== undefined) found++;
    }
    expect(found).toBeGreaterThan(500);
  });

  it('says nothing about what lies before the first piece or in a piece without source', () => {
    const map = readSourceMap('{"version":3,"sources":["assembly/a.ts"],"mappings":"UACA,K,EAAC"}');
    expect(map.offsets).toEqual([10, 15, 17]);
    expect(findSite(map, { name: '', offset: 9 })).toBeUndefined();
    expect(findSite(map, { name: 'assembly/a/f', offset: 12 })).toEqual(
      { file: 'a.ts', line: 2, function: 'f' },
    );
    expect(findSite(map, { name: '', offset: 16 })).toBeUndefined();
    expect(findSite(map, { name: '', offset: 400 })?.line).toBe(2);
  });

  it('of pieces that begin at one octet takes the first for it, the last for what follows', () => {
    const mappings = 'UAAA,AACA,KACA';
    const sources = ['assembly/a.ts'];
    const map = readSourceMap(JSON.stringify({ version: 3, sources, mappings }));
    const lines = [10, 11, 14, 15].map((offset) => findSite(map, { name: '', offset })?.line);
    expect(lines).toEqual([1, 2, 2, 3]);
  });

  it('leaves out the function where the place was compiled into one of another file', () => {
    const map = readSourceMap('{"version":3,"sources":["assembly/a/b.ts"],"mappings":"AAAA"}');
    const named = (name: string) => findSite(map, { name, offset: 0 })?.function;
    expect(named('assembly/a/b/Tcb#get:lock')).toBe('Tcb#get:lock');
    expect(named('assembly/a/bb/f')).toBe('');
    expect(named('')).toBe('');
  });

  it('names who asked also where who acquires was compiled into it', () => {
    const sources = ['../assembly/a/b.ts', '../assembly/ke/spinlock.ts'];
    // Pieces at 0 a/b.ts:3, 2 ke/spinlock.ts:1, 4 a/b.ts:5
    const map = readSourceMap(JSON.stringify({ version: 3, sources, mappings: 'AAEA,ECFA,EDIA' }));
    const stack = '    at assembly/a/b/f (wasm://wasm/x:wasm-function[1]:0x2)';
    const sites = resolveStack(map, stack);
    expect(sites).toEqual([
      { file: 'ke/spinlock.ts', line: 1, function: '' },
      { file: 'a/b.ts', line: 3, function: 'f' },
    ]);
    expect(findAcquirer(sites)).toEqual(sites[1]);
  });

  it.each([
    ['{"version":2,"sources":[],"mappings":""}', 'revision 3'],
    ['{"version":3,"sources":[],"mappings":"A;A"}', 'of a module'],
    ['{"version":3,"sources":[],"mappings":"A?"}', '"?"'],
    ['{"version":3,"sources":[],"mappings":"g"}', 'within a number'],
  ])('refuses %s', (text, message) => {
    expect(() => readSourceMap(text)).toThrow(message);
  });

  it('reads the stacks that engines print, and leaves out the frames of the host', () => {
    const stack = [
      'Error',
      '    at onSite (file:///home/x/host/kernel/imports.ts:10:3)',
      '    at assembly/vf/locks/noteAcquire (wasm://wasm/checked-0a1b:wasm-function[12]:0x1f)',
      '    at wasm://wasm/0a1b:wasm-function[7]:0xABC'.toLowerCase(),
      'assembly/boot/boot@http://localhost/checked.wasm:wasm-function[3]:0x20',
      '    at Object.boot (file:///home/x/host/machine/machine.ts:1:1)',
    ].join('\n');
    expect(parseStack(stack)).toEqual([
      { name: 'assembly/vf/locks/noteAcquire', offset: 0x1f },
      { name: '', offset: 0xabc },
      { name: 'assembly/boot/boot', offset: 0x20 },
    ]);
  });

  it('resolves a stack and names who asked for the lock, not who acquires for others', () => {
    const files = ['vf/locks', 'ke/spinlock', 'io/cancel', 'tcpip/route'];
    // Pieces at 0 vf/locks.ts:1, 2 ke/spinlock.ts:1, 4 io/cancel.ts:1, 6 tcpip/route.ts:1
    const map = readSourceMap(
      JSON.stringify({
        version: 3,
        sources: files.map((each) => `assembly/${each}.ts`),
        mappings: 'AAAA,ECAA,ECAA,ECAA',
      }),
    );
    const frames = ['note', 'own', 'IoAcquireCancelSpinLock', 'findRoute'];
    const stack = frames
      .map((name, index) => [`assembly/${files[index]}/${name}`, index * 2])
      .map(([name, offset]) => `    at ${name} (wasm://wasm/x:wasm-function[1]:0x${offset})`)
      .join('\n');
    const sites = resolveStack(map, stack);
    expect(sites.map((site) => site.function)).toEqual(frames);
    expect(findAcquirer(sites)).toEqual(
      { file: 'tcpip/route.ts', line: 1, function: 'findRoute' },
    );
    expect(findAcquirer(sites.slice(0, 2))).toBeUndefined();
  });
});
