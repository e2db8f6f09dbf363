/**
 * `npm run bench`: what the kernel's paths cost, each beside a copy of the same octets in the same
 * run, and with --peers beside lwIP on the same work.
 */

import { Command, CommanderError } from 'commander';
import { rows as boundaryRows } from './boundary.bench.js';
import { buildBenchKernel } from './build.js';
import { rows as checksumRows } from './checksum.bench.js';
import { rows as connectRows } from './connect.bench.js';
import { measureCopy, rows as copyRows } from './copy.bench.js';
import { rows as frameRows } from './frames.bench.js';
import { judge } from './goals.js';
import { BenchKernel } from './kernel.js';
import { rows as lockRows } from './locks.bench.js';
import { rows as lookupRows } from './lookup.bench.js';
import { measureBatch, measureLoop } from './measure.js';
import { runLwip, type LwipReport } from './peers/lwip.js';
import type { Result, Row } from './row.js';
import { rows as synRows } from './syn.bench.js';
import { goalTable, rowTable, type Shown } from './table.js';
import { rows as timerRows } from './timer.bench.js';

const ROWS: readonly Row[] = [
  ...copyRows, ...checksumRows, ...boundaryRows, ...lookupRows, ...frameRows, ...synRows,
  ...connectRows, ...lockRows, ...timerRows,
];

interface Options {
  readonly json: boolean;
  readonly peers: boolean;
  readonly filter?: string;
}

/** ns of `memory.copy`, by octets: over a large working set, and within a cache. */
interface Copies {
  readonly large: Map<number, number>;
  readonly cached: Map<number, number>;
}

/** Says what is going on, on a terminal only. */
function say(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
}

/** Measures the copies that `rows` refer to; where they were measured before, the lesser counts. */
async function measureCopies(rows: readonly Row[], copies: Copies): Promise<void> {
  for (const octets of new Set(rows.map((row) => row.octets))) {
    say(`copy of ${octets} octets`);
    for (const [figures, cached] of [[copies.large, false], [copies.cached, true]] as const) {
      const ns = measureCopy(await BenchKernel.load(), octets, cached);
      figures.set(octets, Math.min(ns, figures.get(octets) ?? Infinity));
    }
  }
}

/** ns an operation of `row`, on an instance of its own. */
async function measure(row: Row): Promise<number> {
  const kernel = await BenchKernel.load();
  say(`${row.name}${row.n === 0 ? '' : `, n ${row.n}`}`);
  if (row.kind === 'batch') return measureBatch(row.name, row.operations, row.prepare(kernel));
  return measureLoop(row.name, row.operations, row.prepare(kernel));
}

/** A row's figure, related to the copies and to lwIP. */
function relate(row: Row, nsPerOp: number, copies: Copies, lwip?: LwipReport): Shown {
  const peer = lwip === undefined ? undefined : row.lwip?.(lwip);
  return {
    result: {
      name: row.name,
      n: row.n,
      octets: row.octets,
      nsPerOp,
      ratioToCopy: nsPerOp / (copies.large.get(row.octets) ?? NaN),
      peers: peer === undefined ? {} : { lwip: { nsPerOp: peer } },
    },
    ratioToCached: nsPerOp / (copies.cached.get(row.octets) ?? NaN),
  };
}

/** lwIP's figures; where something is missing, a line on standard error that names it. */
function askLwip(): LwipReport | undefined {
  say('lwIP');
  const outcome = runLwip();
  say('');
  if ('report' in outcome) return outcome.report;
  process.stderr.write(`lwIP is not measured: ${outcome.missing}\n`);
  return undefined;
}

async function bench(options: Options): Promise<void> {
  const rows = ROWS.filter((row) => row.name.includes(options.filter ?? ''));
  if (rows.length === 0) {
    const names = [...new Set(ROWS.map((row) => row.name))].join(', ');
    throw new TypeError(`--filter ${options.filter}: no such row; there are ${names}`);
  }
  say('building');
  await buildBenchKernel();
  const kernel = await BenchKernel.load();
  const lacks = (row: Row): string[] => row.needs.filter((name) => !kernel.has(name));
  const ready = rows.filter((row) => lacks(row).length === 0);
  const lwip = options.peers ? askLwip() : undefined;
  const copies: Copies = { large: new Map(), cached: new Map() };
  await measureCopies(ready, copies);
  const figures: [Row, number][] = [];
  for (const row of ready) figures.push([row, await measure(row)]);
  await measureCopies(ready, copies);
  say('');
  const shown = figures.map(([row, ns]) => relate(row, ns, copies, lwip));
  const results: Result[] = shown.map(({ result }) => result);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    return;
  }
  const unmeasured = new Map<string, string>();
  for (const row of rows) {
    if (!ready.includes(row)) unmeasured.set(row.name, `no export ${lacks(row).join(', ')}`);
  }
  const peer = lwip === undefined ? '' : `lwIP ${lwip.version}\n`;
  const goals = goalTable(judge(results));
  process.stdout.write(`${peer}${rowTable(shown, unmeasured)}\n\n${goals}\n`);
}

const program = new Command('bench')
  .description('What the paths of the kernel cost, in ns and against memory.copy.')
  .option('--json', 'the rows as a JSON array, and nothing else', false)
  .option('--peers', 'lwIP on the same work in the same run', false)
  .option('--filter <text>', 'only rows whose name contains this')
  .exitOverride();

try {
  program.parse();
  await bench(program.opts<Options>());
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : 2;
  } else {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof TypeError ? 2 : 1;
  }
}
