/** The Internet checksum, alone and with a copy: over the frames of one batch, again and again. */

import type { Row } from './row.js';

/** A batch of frames, in octets. */
const RING = 64 * 2048;

/** Checksums in one call. */
const TIMES = 4096;

const OCTETS = 1460;

export const rows: readonly Row[] = [
  {
    kind: 'loop',
    name: 'checksum',
    n: 0,
    octets: OCTETS,
    operations: TIMES,
    lwip: (report) => report.checksum,
    prepare: (kernel) => {
      const source = kernel.reserve(RING);
      const checksum = kernel.routine('benchChecksum');
      return () => void checksum(source, OCTETS, RING - 1, TIMES);
    },
  },
  {
    kind: 'loop',
    name: 'checksum with copy',
    n: 0,
    octets: OCTETS,
    operations: TIMES,
    prepare: (kernel) => {
      const source = kernel.reserve(2 * RING);
      const copyAndSum = kernel.routine('benchCopyAndSum');
      return () => void copyAndSum(source + RING, source, OCTETS, RING - 1, TIMES);
    },
  },
];
