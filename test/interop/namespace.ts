/**
 * A network of its own for a part of the check: a new network namespace, of root's or of a user
 * namespace, or, where neither may be made, a TAP device with an address of TEST-NET-1 (RFC 5737)
 * in the namespace that this container has.
 */

import { fork, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { findProgram } from './missing.js';
import type { Check } from './pcap.js';

/** What the check inside is told. */
export interface InsideOptions {
  readonly part: string;
  readonly seed: number;
  /** MiB each way on a clean link. */
  readonly mebibytes: number;
}

/** What this kernel, or whoever runs this container, does not permit. */
export class NotPermitted extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'NotPermitted';
  }
}

const INSIDE = fileURLToPath(new URL('./inside.ts', import.meta.url));
const TUN = '/dev/net/tun';
const WAYS: readonly (readonly string[])[] = [
  ['--net'],
  ['--user', '--map-root-user', '--net'],
];

/**
 * Runs a part inside, and hands on its checks as they come.
 * @throws NotPermitted where no TAP device can be had here; MissingProgram.
 */
export async function* checkInside(options: InsideOptions): AsyncGenerator<Check> {
  const [execPath, ...execArgs] = wayIn();
  const child = fork(INSIDE, [JSON.stringify(options)], {
    execPath: execPath as string,
    execArgv: [...execArgs, process.execPath, ...process.execArgv],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const end = (): void => {
    child.kill('SIGTERM');
  };
  process.once('exit', end);
  const queue: Check[] = [];
  let wake = (): void => {};
  let code: number | null | undefined;
  child.on('message', (message) => {
    queue.push(message as Check);
    wake();
  });
  child.on('exit', (given) => {
    code = given;
    wake();
  });
  try {
    for (;;) {
      const next = queue.shift();
      if (next !== undefined) yield next;
      else if (code !== undefined) break;
      else await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
  } finally {
    process.off('exit', end);
    end();
  }
  if (code !== 0) yield { name: 'it runs to its end', found: `exit code ${code}`, holds: false };
}

/** A program that runs what stands behind its arguments in a network where we may do things. */
function wayIn(): string[] {
  if (!existsSync(TUN)) throw new NotPermitted(`no ${TUN}; a container needs --device ${TUN}`);
  try {
    accessSync(TUN, constants.R_OK | constants.W_OK);
  } catch {
    throw new NotPermitted(`${TUN} may not be opened`);
  }
  const unshare = findProgram('unshare', 'util-linux');
  const ip = findProgram('ip', 'iproute2');
  // That a namespace can be made is not enough: the device must be permitted in it.
  const probe = `${ip} tuntap add dev nt9 mode tap && ${ip} link delete nt9`;
  const permits = (program: string, args: readonly string[]): boolean =>
    spawnSync(program, [...args, 'sh', '-c', probe], { stdio: 'ignore' }).status === 0;
  for (const way of WAYS) if (permits(unshare, way)) return [unshare, ...way];
  if (permits('env', [])) return ['env'];
  throw new NotPermitted('no network namespace and no TAP device: they take CAP_NET_ADMIN');
}
