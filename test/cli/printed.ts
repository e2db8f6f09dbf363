/** What the program prints and its exit code, called in this process. */

import { vi } from 'vitest';
import { main } from '../../host/cli/ntstack.js';

/** How a command ended. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs `ntstack` with these arguments. */
export async function printed(...args: string[]): Promise<Printed> {
  const text = { out: '', err: '' };
  const take = (name: 'out' | 'err') => (chunk: string | Uint8Array): boolean => {
    text[name] += String(chunk);
    return true;
  };
  const out = vi.spyOn(process.stdout, 'write').mockImplementation(take('out'));
  const err = vi.spyOn(process.stderr, 'write').mockImplementation(take('err'));
  try {
    const code = await main(args);
    return { code, ...text };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}
