/** The helper of links that lead out of here: bridge.pl, two FIFOs, and what it complains of. */

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OutsideScheme } from '../link/open.js';
import { ROOT } from './child.js';

// Beside the sources in the project and in the package alike: tsc copies no perl.
const HELPER = join(ROOT, 'host', 'cli', 'bridge.pl');

/** A helper that runs. */
export interface Bridge {
  /** The FIFO to be read, and the one to be written. */
  readonly from: string;
  readonly to: string;
  /** Has who waits for a frame read an empty one. */
  wake(): void;
  /** Ends it; what reads the FIFO sees the end. */
  close(): void;
  /** Settled when it has ended, with what it complained of. */
  readonly ended: Promise<string>;
}

/**
 * Starts the helper, and waits until its end of the link is open. `peer` is the address that a
 * TAP device is given, `10.7.0.1/24`.
 * @throws Error that says what is missing.
 */
export async function openBridge(
  scheme: OutsideScheme, path: string, peer: string | undefined,
): Promise<Bridge> {
  if (scheme === 'tap' && !existsSync('/dev/net/tun')) {
    throw new Error('tap: there is no /dev/net/tun; a container needs --device /dev/net/tun');
  }
  const folder = mkdtempSync(join(tmpdir(), 'ntstack-bridge-'));
  const args = [HELPER, folder, scheme, path, ...(peer === undefined ? [] : [peer])];
  const child = spawn('perl', args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let complaint = '';
  child.stderr.on('data', (text: Buffer) => {
    complaint += text.toString();
  });
  child.stdin.on('error', () => {});
  const ended = new Promise<string>((resolve) => {
    child.on('error', (error) => {
      complaint = (error as NodeJS.ErrnoException).code === 'ENOENT'
        ? 'perl is missing: apt-get install perl-base' : error.message;
      resolve(complaint);
    });
    child.on('close', () => resolve(complaint.trim()));
  }).finally(() => rmSync(folder, { recursive: true, force: true }));
  const isReady = await Promise.race([readyOf(child), ended.then(() => false)]);
  if (!isReady) throw new Error(explain(scheme, path, await ended));
  return {
    from: join(folder, 'out'), to: join(folder, 'in'), ended,
    wake: () => void child.stdin.write('.'),
    close: () => void child.stdin.end(),
  };
}

async function readyOf(child: ChildProcess): Promise<boolean> {
  return new Promise((resolve) => {
    child.stdout?.once('data', () => resolve(true));
  });
}

/** What somebody must do, where the helper says only what the system said. */
function explain(scheme: OutsideScheme, path: string, complaint: string): string {
  const isRefused = /not permitted|Permission denied/.test(complaint);
  const hint = scheme === 'tap' && isRefused
    ? `; that takes CAP_NET_ADMIN: root, a container with --cap-add NET_ADMIN, or\
 ${path} made for this user with ip tuntap add dev ${path} mode tap user NAME`
    : '';
  return `${scheme}: ${complaint === '' ? 'the helper ended without a word' : complaint}${hint}`;
}
