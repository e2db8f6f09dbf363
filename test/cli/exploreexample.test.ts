import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { printed } from './printed.js';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const EXAMPLE = join(ROOT, 'examples', 'driver');
let folder: string;

/** What of a report is another build's: its digest, and where its data lies. */
function plain(text: string): string {
  return text.replaceAll(/nt1:[0-9a-f]{12}/g, 'nt1:BUILD').replaceAll(/\b0x[0-9a-f]{4,}\b/g, '0x')
    .replaceAll(/explore \S*driver\.ts/g, 'explore driver.ts').trimEnd();
}

/** The block of the README that a command is shown with, the n-th of it. */
function shown(command: string, n: number): string {
  const lines = readFileSync(join(EXAMPLE, 'README.md'), 'utf8').split('\n');
  const starts = lines.flatMap((line, i) => line === `    $ ${command}` ? [i + 1] : []);
  const from = starts[n] ?? -1;
  const end = lines.findIndex((line, i) => i >= from && line !== '' && !line.startsWith('    '));
  return lines.slice(from, end).map((line) => line.slice(4)).join('\n');
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ntstack-example-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(ROOT, join(folder, 'node_modules', 'ntstack'));
  const compiler = join('node_modules', 'assemblyscript');
  symlinkSync(join(ROOT, compiler), join(folder, compiler));
  copyFileSync(join(EXAMPLE, 'driver.ts'), join(folder, 'driver.ts'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('examples/driver', () => {
  it('is found as its README shows', async () => {
    const { code, out } = await printed('explore', join(folder, 'driver.ts'));
    // Where the command is too long for its line, it is broken there.
    const text = plain(out).replace(/ \\\n(?=nt1:)/, ' ');
    expect(text).toBe(plain(shown('npx ntstack explore driver.ts', 0)).replace(/ \\\n/, ' '));
    expect(code).toBe(1);
  });

  it('is mended by its patch, as its README shows', async () => {
    const patch = readFileSync(join(EXAMPLE, 'mend.patch'), 'utf8').split('\n')
      .filter((line) => /^[ +-]/.test(line) && !/^(---|\+\+\+) /.test(line));
    const side = (sign: string): string =>
      patch.filter((line) => line.startsWith(' ') || line.startsWith(sign))
        .map((line) => line.slice(1)).join('\n');
    const source = readFileSync(join(folder, 'driver.ts'), 'utf8');
    expect(source).toContain(side('-'));
    writeFileSync(join(folder, 'driver.ts'), source.replace(side('-'), side('+')));
    const { code, out } = await printed('explore', join(folder, 'driver.ts'));
    expect(plain(out)).toBe(plain(shown('npx ntstack explore driver.ts', 1)));
    expect(code).toBe(0);
  });
});
