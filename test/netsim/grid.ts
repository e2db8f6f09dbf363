/** Throughput by window, loss and delay, as a table of text that a change shows as a diff. */

import type { World, WorldOptions } from '../../host/index.js';
import { runFlows } from './flows.js';

/** What a table is made of. */
export interface Grid {
  readonly windows: readonly number[];
  /** Per cent. */
  readonly losses: readonly number[];
  /** Milliseconds each way. */
  readonly delays: readonly number[];
  readonly seconds: number;
  readonly release: string;
}

/** What `npm test` measures. */
export const SMALL: Grid = {
  windows: [8760, 65_535, 524_288], losses: [0, 1, 5], delays: [1, 20], seconds: 4,
  release: 'modern',
};
/**
 * The same of a stack of coarse time-outs: 3 s at first, 300 ms at least, acknowledgments that wait
 * 200 ms, and no timestamps. Timers tick every 10 ms in each release, in `modern` too; what it has
 * finer are its time-outs and the clock of its round trips.
 */
export const COARSE: Grid = { ...SMALL, windows: [2920, 8760, 65_535], release: 'nt40' };
/** What `npm run netsim` measures. */
export const WHOLE: Grid = {
  windows: [2920, 8760, 32_768, 65_535, 262_144, 1_048_576],
  losses: [0, 0.1, 1, 3, 10, 20, 30], delays: [0, 1, 10, 50, 200], seconds: 40,
  release: 'modern',
};

const RATE = '10M';

/**
 * Measures a grid: kB/s of virtual time, a line for each loss and delay. `each` is
 * told of each line, and may let go of its worlds.
 */
export async function measureGrid(
  makeWorld: (options: WorldOptions) => Promise<World>, grid: Grid,
  each: (line: string) => Promise<void> | void = () => {},
): Promise<string> {
  const { windows, losses, delays, seconds, release } = grid;
  const head = ['loss', 'delay', ...windows.map(String)];
  const lines = [head];
  for (const loss of losses) {
    for (const delay of delays) {
      const line = [`${loss}%`, `${delay}ms`];
      for (const window of windows) {
        const { octets: [octets = 0] } = await runFlows(makeWorld, {
          link: `wire:?rate=${RATE}&loss=${loss}%&delay=${delay === 0 ? '0' : `${delay}ms`}`,
          seconds, release,
          parameters: { TcpWindowSize: window },
        });
        line.push((octets / seconds / 1000).toFixed(1));
      }
      lines.push(line);
      await each(line.join(' '));
    }
  }
  const widths = head.map((_, i) => Math.max(...lines.map((line) => (line[i] ?? '').length)));
  const table = lines.map((line) =>
    line.map((word, i) => word.padStart(widths[i] ?? 0)).join('  '));
  const title = `kB/s of one flow, ${release}, over ${RATE}bit/s, by its window in octets:`;
  return [title, ...table, ''].join('\n');
}

/** The lines that differ in two tables, as they were and as they are. */
export function changes(before: string, after: string): string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  const differ: string[] = [];
  for (let i = 0; i < Math.max(old.length, now.length); i++) {
    if (old[i] !== now[i]) differ.push(`- ${old[i] ?? ''}`, `+ ${now[i] ?? ''}`);
  }
  return differ;
}
