/** Which tests reach a file of the kernel: rings of them, the nearest first. */

import { basename, dirname } from 'node:path/posix';

/** Where the tests of a folder lie that has none of its own name, or that others test as well. */
const NEAR: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^assembly\/afd\//, ['test/user/']],
  [/^assembly\/(ndis|miniport)\//, ['test/machine/', 'test/tcpip/arp', 'test/link/']],
  [/^assembly\/tdi\//, ['test/tcpip/']],
  [/^assembly\/tcpip\//, ['test/tcpip/']],
  [/^assembly\/(ke|ex|vf)\//, ['test/ke/', 'test/ex/', 'test/vf/']],
];
/** The stack as a whole. */
const WIDE: readonly string[] = [
  'test/user/', 'test/machine/', 'test/fuzz/', 'test/wireside/', 'test/io/', 'test/kb/',
];
/** Orders in which things happen. */
const ORDERS: readonly string[] = ['test/explore/datarace', 'test/explore/self'];
/** Loads, and what the watchers see. */
const WIDEST: readonly string[] = ['test/load/', 'test/watch/'];

/**
 * Disjoint lists of test files, to be run in this order until one fails. What was `moved` shows
 * in orders of what happens sooner than in the stack as a whole.
 */
export function ringsOf(path: string, tests: readonly string[], moved: boolean): string[][] {
  const folder = dirname(path).replace(/^assembly/, 'test');
  const own = `${folder}/${basename(path)}`.replace(/\.ts$/, '.test.ts');
  const near = NEAR.filter(([pattern]) => pattern.test(path)).flatMap(([, folders]) => folders);
  const seen = new Set<string>();
  const wide = moved ? [ORDERS, near, WIDE] : [near, WIDE, ORDERS];
  return [[own], [`${folder}/`], ...wide, WIDEST]
    .map((prefixes) => tests.filter((test) => {
      if (seen.has(test) || !prefixes.some((prefix) => test.startsWith(prefix))) return false;
      seen.add(test);
      return true;
    }))
    .filter((ring) => ring.length > 0);
}

/** Those of `tests` that try orders in which things happen: they find what was moved. */
export function ordersOf(tests: readonly string[]): string[] {
  return tests.filter((test) => ORDERS.some((prefix) => test.startsWith(prefix)));
}

/** Whether a ring runs the kernel that is built for the explorer. */
export function isExplored(ring: readonly string[]): boolean {
  return ring.some((test) => test.startsWith('test/explore/'));
}
