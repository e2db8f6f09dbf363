/** `memory.copy`: what every other row is held against. */

import type { BenchKernel } from './kernel.js';
import { measureLoop } from './measure.js';
import type { LoopRow, Row } from './row.js';

/** Source and target together, in octets, of the copy that ratios refer to: more than a cache. */
const WORKING_SET = 16 * 1024 * 1024;

/** Source and target together, in octets, where both stay in a cache: a batch of frames each. */
const CACHED_SET = 2 * 64 * 2048;

/** Copies in one call: once round the larger ring. */
const TIMES = WORKING_SET / 2 / 2048;

function copyRow(name: string, octets: number, set: number, lwip: 'copy' | 'copyCached'): LoopRow {
  return {
    kind: 'loop',
    name,
    n: 0,
    octets,
    operations: TIMES,
    lwip: (report) => report[lwip],
    prepare: (kernel) => {
      const half = set / 2;
      const source = kernel.reserve(set);
      const copy = kernel.routine('benchCopy');
      return () => void copy(source + half, source, octets, half - 1, TIMES);
    },
  };
}

export const rows: readonly Row[] = [
  copyRow('copy', 1460, WORKING_SET, 'copy'),
  copyRow('copy cached', 1460, CACHED_SET, 'copyCached'),
];

/** ns that `memory.copy` of `octets` takes: what ratios refer to. */
export function measureCopy(kernel: BenchKernel, octets: number, cached: boolean): number {
  const row = copyRow('copy', octets, cached ? CACHED_SET : WORKING_SET, 'copy');
  return measureLoop(`copy of ${octets} octets`, TIMES, row.prepare(kernel));
}
