/**
 * Established connections: lookups among them, the receive path, their memory. Segments are in
 * order, to connections at random; they go from descriptor to client.
 */

import type { BenchTarget } from './build.js';
import { DELAYED_ACK_MS, octetsOfConnection, openConnections } from './connections.js';
import type { LwipReport } from './peers/lwip.js';
import type { BatchRow, FactRow, LoopRow, Row } from './row.js';

/** Frames that one interrupt hands over. */
const BATCH = 64;
/** As many full segments fit the window of one connection: no peer sends more at a time. */
const WINDOW_BATCH = 44;

/** Octets of a full segment, and of a NetBIOS message in a frame of 66. */
const LARGE = 1460;
const SMALL = 12;

/**
 * Microseconds of virtual time from one batch to the next: 64 full frames on 10 Gbit/s; 64 small
 * ones at eight million a second.
 */
const LARGE_US = 80;
const SMALL_US = 8;
const DELAYED_ACK_US = DELAYED_ACK_MS * 1000;
const TICK_US = 10_000;

/** Lookups in one call. */
const LOOKUPS = 4096;

type Column = 'receive' | 'receiveSmall';

/**
 * `benchBuildSegments(frames, octets)`: so many segments, in order, to connections at random, into
 * the receive descriptors, checksums right and not verified by the card. `benchReceive(us)`: gives
 * them to the kernel, so many microseconds after those before, with the ticks that have come; how
 * many. `benchDelivered()`: octets that clients were given, modulo 2^32.
 */
function receiveRow(n: number, octets: number, column: Column, target: BenchTarget): BatchRow {
  const us = octets === LARGE ? LARGE_US : SMALL_US;
  const frames = n === 1 && octets === LARGE ? WINDOW_BATCH : BATCH;
  const name = `receive${octets === SMALL ? ' small' : ''}${target === 'free' ? '' : ' checked'}`;
  return {
    kind: 'batch',
    name,
    n,
    octets,
    target,
    machine: `${n} connections, ${target}`,
    inTurnsWith: octets === LARGE ? 'receive' : 'receive small',
    warmBatches: (2.5 * DELAYED_ACK_US) / us,
    roundBatches: TICK_US / us,
    lwip: (report: LwipReport) => (target === 'free' ? report[column][n] : undefined),
    prepare: (kernel) => {
      openConnections(kernel, n);
      const build = kernel.routine('benchBuildSegments');
      const receive = kernel.routine('benchReceive');
      const delivered = kernel.routine('benchDelivered');
      const before = delivered();
      let segments = 0;
      return {
        build: () => void build(frames, octets),
        run: () => {
          segments += frames;
          return receive(us);
        },
        check: () => {
          const got = (delivered() - before) >>> 0;
          const expected = (segments * octets) >>> 0;
          if (got !== expected) throw new Error(`${got} octets delivered, not ${expected}`);
        },
      };
    },
  };
}

/** `benchLookup(times)`: so many lookups of four-tuples chosen at random; how many were found. */
function lookupRow(n: number): LoopRow {
  return {
    kind: 'loop',
    name: 'lookup',
    n,
    octets: 0,
    machine: `${n} connections, free`,
    operations: LOOKUPS,
    prepare: (kernel) => {
      openConnections(kernel, n);
      const lookup = kernel.routine('benchLookup');
      return () => {
        const found = lookup(LOOKUPS);
        if (found !== LOOKUPS) throw new Error(`${found} of ${LOOKUPS} connections found`);
      };
    },
  };
}

/** Established and idle: what linear memory grew by, endpoint and table included. */
function memoryRow(n: number): FactRow {
  return {
    kind: 'fact',
    name: 'memory',
    n,
    octets: 0,
    machine: `${n} connections, free`,
    find: (kernel) => {
      openConnections(kernel, n);
      return octetsOfConnection(kernel);
    },
  };
}

export const rows: readonly Row[] = [
  ...[1, 1_000, 10_000, 1_000_000].flatMap((n): Row[] => [
    lookupRow(n),
    receiveRow(n, LARGE, 'receive', 'free'),
    receiveRow(n, SMALL, 'receiveSmall', 'free'),
  ]),
  memoryRow(1_000_000),
  receiveRow(1, LARGE, 'receive', 'checked'),
];
