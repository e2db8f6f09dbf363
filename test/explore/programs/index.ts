/**
 * The published programs as they are written here: which file, of which size, at which scheduling
 * points, what must be found, and the best mean number of schedules to the first bug that was
 * published for the program of that name (SURW: ASPLOS 2025, limit 10,000; RFF: ASPLOS 2024,
 * PERIOD: ICSE 2022, both as in RFF's study). They are programs of our own with the same defect:
 * the numbers stand beside ours, and are no like for like.
 */

import type { PointLevel } from '../../../host/explore/kinds.js';

/** One program. */
export interface Program {
  readonly name: string;
  /** In this folder, without its ending. */
  readonly file: string;
  /** For those that come in sizes; 0: the size of its own. */
  readonly size: number;
  /** The points it needs. */
  readonly points: PointLevel;
  /** The rule that a finding of its defect has. */
  readonly rule: string;
  /** The best published mean; null where none is. */
  readonly best: number | null;
  /** Who published it. */
  readonly source: string;
  /** Schedules at most, where 10,000 are not the published bound. */
  readonly schedules?: number;
}

/** The file that has them all, and their places in its lists. */
export const ALL_FILE = 'all';
const PLACES: readonly string[] = [
  'deadlock01', 'phase01', 'carter01', 'philosophers', 'lazy01', 'account', 'twostage',
  'stringbuffer', 'sync01', 'sync02', 'circularbuffer', 'queue', 'stack', 'wronglock', 'tokenring',
  'bluetooth', 'reorder', 'boundedbuffer', 'wsq', 'safestack', 'rwlock',
];

const DEADLOCK = 'DEADLOCK';
const STOP = 'KERNEL_SECURITY_CHECK_FAILURE';
const FORKS = 'own model';

export const PROGRAMS: readonly Program[] = [
  program('deadlock01', 'deadlock01', 0, 'locks', DEADLOCK, 2, 'SURW'),
  program('phase01', 'phase01', 0, 'locks', DEADLOCK, 1, FORKS),
  program('carter01', 'carter01', 0, 'locks', DEADLOCK, 2, 'RFF'),
  program('philosophers_2', 'philosophers', 2, 'locks', DEADLOCK, null, ''),
  program('philosophers_3', 'philosophers', 3, 'locks', DEADLOCK, 3.2, FORKS),
  program('philosophers_4', 'philosophers', 4, 'locks', DEADLOCK, null, ''),
  program('philosophers_5', 'philosophers', 5, 'locks', DEADLOCK, null, ''),
  program('philosophers_6', 'philosophers', 6, 'locks', DEADLOCK, null, ''),
  program('philosophers_7', 'philosophers', 7, 'locks', DEADLOCK, 11.8, FORKS),
  program('lazy01', 'lazy01', 0, 'locks', STOP, 2, 'SURW'),
  program('account', 'account', 0, 'locks', STOP, 1, 'RFF'),
  program('twostage', 'twostage', 2, 'locks', STOP, 4, 'PERIOD'),
  program('twostage_20', 'twostage', 20, 'locks', STOP, 6, 'SURW'),
  program('twostage_50', 'twostage', 50, 'locks', STOP, 20, 'SURW'),
  program('twostage_100', 'twostage', 100, 'locks', STOP, 56, 'RFF'),
  program('stringbuffer', 'stringbuffer', 0, 'locks', STOP, 8, 'SURW'),
  program('sync01', 'sync01', 0, 'locks', DEADLOCK, null, ''),
  program('sync02', 'sync02', 0, 'locks', DEADLOCK, null, ''),
  program('circular_buffer', 'circularbuffer', 0, 'locks', STOP, 2, 'RFF'),
  program('queue', 'queue', 0, 'locks', STOP, 1, 'RFF'),
  program('stack', 'stack', 0, 'locks', STOP, 2, 'RFF'),
  program('wronglock', 'wronglock', 7, 'memory', STOP, 1, 'RFF'),
  program('wronglock_3', 'wronglock', 3, 'memory', STOP, 1, 'RFF'),
  program('token_ring', 'tokenring', 0, 'memory', STOP, 2, 'PERIOD'),
  program('bluetooth_driver', 'bluetooth', 0, 'interlocked', STOP, 9, 'PERIOD'),
  program('reorder_3', 'reorder', 3, 'memory', STOP, 6, 'PERIOD'),
  program('reorder_4', 'reorder', 4, 'memory', STOP, 6, 'RFF'),
  program('reorder_5', 'reorder', 5, 'memory', STOP, 6, 'RFF'),
  program('reorder_10', 'reorder', 10, 'memory', STOP, 6, 'RFF'),
  program('reorder_20', 'reorder', 20, 'memory', STOP, 6, 'RFF'),
  program('reorder_50', 'reorder', 50, 'memory', STOP, 6, 'RFF'),
  program('reorder_100', 'reorder', 100, 'memory', STOP, 6, 'RFF'),
  program('WSQ', 'wsq', 0, 'memory', STOP, 6, 'SURW'),
  program('IWSQ', 'wsq', 1, 'memory', STOP, 1, 'RFF'),
  program('IWSQWithState', 'wsq', 2, 'memory', STOP, 5, 'POS'),
  program('SWSQ', 'wsq', 3, 'memory', STOP, 1, 'RFF'),
  program('boundedBuffer', 'boundedbuffer', 0, 'locks', DEADLOCK, 5, 'POS'),
  program('RADBench_bug6', 'rwlock', 0, 'memory', DEADLOCK, 4, 'SURW'),
  {
    ...program('SafeStack', 'safestack', 0, 'memory', STOP, 368_921, 'SURW'),
    schedules: 1_000_000,
  },
];

/** The size by which `program` is known in the module that has them all. */
export function sizeInAll({ file, size }: Program): number {
  return PLACES.indexOf(file) * 256 + size;
}

function program(
  name: string, file: string, size: number, points: PointLevel, rule: string,
  best: number | null, source: string,
): Program {
  return { name, file, size, points, rule, best, source };
}
