import { describe, expect } from 'vitest';
import { CaptureWriter } from '../../host/index.js';
import { test as it } from '../../host/vitest.js';
import { findProgram, MissingProgram, outputOf } from './missing.js';
import { runProgram } from './program.js';
import { serve } from './serve.js';

const SEED = 5;

describe('interop/program', () => {
  it('does all its parts within the second, alike on both, recorded or not', async ({ world }) => {
    const host = { createWorld: world };
    // Free: the checked one must do the same.
    const free = await runProgram(host, { target: 'free', seed: SEED });
    expect(free.failures).toEqual([]);
    expect(free.virtualNs).toBe(1_000_000_000);
    const pcap = new CaptureWriter(() => {});
    const checked = await runProgram(host, { target: 'checked', seed: SEED, pcap });
    expect(checked).toEqual(free);
    expect(pcap.frames).toBe(free.frames);
    const other = await runProgram(host, { target: 'checked', seed: SEED + 1 });
    expect(other.digest).not.toBe(free.digest);
  });
});

describe('interop/serve', () => {
  it('serves the page and what it needs, and nothing else of the project', async () => {
    const serving = await serve();
    const get = async (path: string): Promise<[status: number, text: string]> => {
      const response = await fetch(new URL(path, serving.url));
      return [response.status, await response.text()];
    };
    try {
      expect((await get('/'))[1]).toContain('importmap');
      const [status, program] = await get('/program.js');
      expect(status).toBe(200);
      expect(program).toContain('export async function runProgram(host, options)');
      expect(program).not.toMatch(/^import/m);
      expect((await get('/build/free.wasm'))[0]).toBe(200);
      expect((await get('/node_modules/@assemblyscript/loader/index.js'))[0]).toBe(200);
      for (const path of ['/package.json', '/dist/..%2fpackage.json', '/build/none.wasm']) {
        expect((await get(path))[0], path).toBe(404);
      }
    } finally {
      serving.close();
    }
  });
});

describe('interop/missing', () => {
  it('finds programs in PATH, and says how to get what is not there', () => {
    expect(outputOf(findProgram('sh', 'dash'), ['-c', 'echo here'])).toBe('here\n');
    expect(() => findProgram('no-such-program', 'its-package')).toThrow(MissingProgram);
    expect(() => findProgram('no-such-program', 'its-package'))
      .toThrow('no-such-program is missing: apt-get install its-package');
    expect(() => outputOf(findProgram('sh', 'dash'), ['-c', 'echo why >&2; exit 3']))
      .toThrow(/exits with 3: why/);
  });
});
