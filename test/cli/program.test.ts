import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { runProgram } from '../../host/cli/program.js';
import { WrongUse } from '../../host/cli/wronguse.js';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NODE = ['--import', 'tsx'];

async function runWith(args: readonly string[], act: () => Promise<number>) {
  let err = '';
  const write = vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    err += String(chunk);
    return true;
  });
  try {
    const program = new Command('bench')
      .argument('[part...]', 'one, two')
      .option('--json', 'as JSON')
      .option('--filter <text>', 'only these');
    return { code: await runProgram(program, args, act), err };
  } finally {
    write.mockRestore();
  }
}

describe('cli/program', () => {
  it('names an option that is none, and lists what there is, in one line', async () => {
    expect(await runWith(['--wrong'], async () => 0)).toEqual({
      code: 2,
      err: "bench: unknown option '--wrong'; there are one, two, --json, --filter <text>\n",
    });
    expect(await runWith(['--filter'], async () => 0)).toEqual({
      code: 2, err: "bench: option '--filter <text>' argument missing\n",
    });
  });

  it('ends with what was done, 2 for wrong use, 1 for any other failure', async () => {
    expect(await runWith(['--json'], async () => 7)).toEqual({ code: 7, err: '' });
    const wrong = await runWith([], async () => {
      throw new WrongUse('no part x');
    });
    expect(wrong).toEqual({ code: 2, err: 'bench: no part x\n' });
    const broken = await runWith([], async () => {
      throw new TypeError('x is\n  undefined');
    });
    expect(broken).toEqual({ code: 1, err: 'bench: x is undefined\n' });
  });

  it.each([
    ['bench/main.ts', /^bench: unknown option '--wrong'; there are .*--filter <text>/],
    ['test/interop/main.ts', /^interop: unknown option '--wrong'; there are .*--keep <file>/],
    ['test/soak/main.ts', /^soak: unknown option '--wrong'; there are .*--frames <number>/],
  ])('is how %s is asked', (path, says) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [...NODE, path, '--wrong'], {
      cwd: ROOT, encoding: 'utf8',
    });
    expect(stderr).toMatch(says);
    expect(stderr.trimEnd()).not.toContain('\n');
    expect(stdout).toBe('');
    expect(status).toBe(2);
  });
});

describe('cli/main, when its output is not taken', () => {
  const ntstack = [...NODE, 'host/cli/main.ts'];

  it.runIf(existsSync('/dev/full'))('fails in one line where nothing more fits', () => {
    const full = openSync('/dev/full', 'w');
    try {
      const { status, stderr } = spawnSync(process.execPath, [...ntstack, 'registry'], {
        cwd: ROOT, encoding: 'utf8', stdio: ['ignore', full, 'pipe'],
      });
      expect(stderr).toBe('ntstack: standard output cannot be written: no space left\n');
      expect(status).toBe(3);
    } finally {
      closeSync(full);
    }
  });

  it('says nothing where the reader went away', async () => {
    const child = spawn(process.execPath, [...ntstack, 'registry'], {
      cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'],
    });
    let err = '';
    child.stdout.destroy();
    child.stderr.on('data', (part: Buffer) => {
      err += part.toString();
    });
    const code = await new Promise((ended) => child.on('close', ended));
    expect({ code, err }).toEqual({ code: 0, err: '' });
  });
});
