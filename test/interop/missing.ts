/** What a check needs and this machine has not: said by name, with how to get it. */

import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Wall time after which a program is taken to hang. */
const MOST_MS = 600_000;

/** A program that is not installed. */
export class MissingProgram extends Error {
  constructor(readonly program: string, readonly debianPackage: string) {
    super(`${program} is missing: apt-get install ${debianPackage}`);
    this.name = 'MissingProgram';
  }
}

/** The path of a program. @throws MissingProgram where it is in no folder of PATH. */
export function findProgram(program: string, debianPackage: string): string {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  throw new MissingProgram(program, debianPackage);
}

/**
 * Debian's python3, which has a module; another that PATH may have first does not have it.
 * @throws MissingProgram where it is not installed.
 */
export function findPython(module: string, debianPackage: string): string {
  const python = '/usr/bin/python3';
  const { status } = spawnSync(python, ['-c', `import ${module}`], { stdio: 'ignore' });
  if (status === 0) return python;
  throw new MissingProgram(`${module} of ${python}`, debianPackage);
}

/** What a program prints. @throws Error with what it complained of, unless it exits with 0. */
export function outputOf(path: string, args: readonly string[]): string {
  const { status, stdout, stderr, error } = spawnSync(path, args, {
    encoding: 'utf8', maxBuffer: 1 << 28, timeout: MOST_MS,
  });
  if (error !== undefined) throw error;
  if (status === 0) return stdout;
  throw new Error(`${path} exits with ${status}: ${(stderr + stdout).trim()}`);
}
