/**
 * `npm run bench`: what the kernel's paths cost, each beside a copy of the same octets in the same
 * run, and with --peers beside lwIP on the same work.
 */

import { Command } from 'commander';
import { runProgram } from '../host/cli/program.js';
import { WrongUse } from '../host/cli/wronguse.js';
import { rows as boundaryRows } from './boundary.bench.js';
import { buildBenchKernel } from './build.js';
import { rows as checksumRows } from './checksum.bench.js';
import { rows as connectRows } from './connect.bench.js';
import { measureCopy, rows as copyRows } from './copy.bench.js';
import { rows as frameRows } from './frames.bench.js';
import { judge } from './goals.js';
import { BenchKernel } from './kernel.js';
import { rows as lockRows } from './locks.bench.js';
import { measureInTurns, measureLoop, type Ready } from './measure.js';
import { rows as netbtRows } from './netbt.bench.js';
import { runLwip, type LwipReport } from './peers/lwip.js';
import type { BatchRow, LoopRow, Result, Row } from './row.js';
import { rows as streamRows } from './stream.bench.js';
import { rows as synRows } from './syn.bench.js';
import { goalTable, rowTable, type Shown } from './table.js';
import { rows as timerRows } from './timer.bench.js';

const ROWS: readonly Row[] = [
  ...copyRows, ...checksumRows, ...boundaryRows, ...frameRows, ...synRows, ...connectRows,
  ...streamRows, ...netbtRows, ...lockRows, ...timerRows,
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
function measureCopies(rows: readonly Row[], copies: Copies): void {
  for (const octets of new Set(rows.map((row) => row.octets))) {
    say(`copy of ${octets} octets`);
    for (const [figures, cached] of [[copies.large, false], [copies.cached, true]] as const) {
      const ns = measureCopy(new BenchKernel(), octets, cached);
      figures.set(octets, Math.min(ns, figures.get(octets) ?? Infinity));
    }
  }
}

/** What was measured of a row: ns an operation, 0 where it is no time, and octets. */
interface Figure {
  readonly row: Row;
  readonly ns: number;
  readonly octets: number;
}

/** The instances on which rows are measured: one for each, or one for all that name a machine. */
class Machines {
  readonly #named = new Map<string, BenchKernel>();

  of(row: Row): BenchKernel {
    if (row.machine === undefined) return new BenchKernel(row.target);
    const found = this.#named.get(row.machine) ?? new BenchKernel(row.target);
    this.#named.set(row.machine, found);
    return found;
  }
}

function ready(row: BatchRow, machines: Machines): Ready {
  say(`${row.name}, n ${row.n}: made ready`);
  return { row, batch: row.prepare(machines.of(row)) };
}

/** ns of `row`, and of those of `rows` that are measured in turns with it. */
function measure(row: LoopRow | BatchRow, rows: readonly Row[], machines: Machines): Figure[] {
  if (row.kind === 'loop') {
    say(`${row.name}${row.n === 0 ? '' : `, n ${row.n}`}`);
    const ns = measureLoop(row.name, row.operations, row.prepare(machines.of(row)));
    return [{ row, ns, octets: row.octets }];
  }
  const group = rows.filter((other): other is BatchRow => {
    if (other.kind !== 'batch') return false;
    return other === row || (row.inTurnsWith ?? NaN) === other.inTurnsWith;
  });
  const made = group.map((one) => ready(one, machines));
  say(group.map(({ name, n }) => `${name}, n ${n}`).join('; '));
  return measureInTurns(made).map(({ row: one, ns }) => ({ row: one, ns, octets: one.octets }));
}

/** Measures all `rows`; their figures in the order of the rows. */
function measureAll(rows: readonly Row[]): Figure[] {
  const machines = new Machines();
  const figures: Figure[] = [];
  for (const row of rows) {
    if (figures.some((figure) => figure.row === row)) continue;
    if (row.kind === 'fact') figures.push({ row, ns: 0, octets: row.find(machines.of(row)) });
    else figures.push(...measure(row, rows, machines));
  }
  return figures.toSorted((a, b) => rows.indexOf(a.row) - rows.indexOf(b.row));
}

/** A row's figure, related to the copies and to lwIP. */
function relate({ row, ns, octets }: Figure, copies: Copies, lwip?: LwipReport): Shown {
  const peer = lwip === undefined ? undefined : row.lwip?.(lwip);
  return {
    result: {
      name: row.name,
      n: row.n,
      octets,
      nsPerOp: ns,
      ratioToCopy: ns / (copies.large.get(row.octets) ?? NaN),
      peers: peer === undefined ? {} : { lwip: { nsPerOp: peer } },
    },
    ratioToCached: ns / (copies.cached.get(row.octets) ?? NaN),
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

async function bench(options: Options): Promise<number> {
  const rows = ROWS.filter((row) => row.name.includes(options.filter ?? ''));
  if (rows.length === 0) {
    const names = [...new Set(ROWS.map((row) => row.name))].join(', ');
    throw new WrongUse(`--filter ${options.filter}: no such row; there are ${names}`);
  }
  say('building');
  for (const target of new Set(rows.map((row) => row.target ?? 'free'))) {
    await buildBenchKernel(target);
  }
  await buildBenchKernel('free');
  const lwip = options.peers ? askLwip() : undefined;
  const copies: Copies = { large: new Map(), cached: new Map() };
  measureCopies(rows, copies);
  const figures = measureAll(rows);
  measureCopies(rows, copies);
  say('');
  const shown = figures.map((figure) => relate(figure, copies, lwip));
  const results: Result[] = shown.map(({ result }) => result);
  if (options.json) {
    process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
    return 0;
  }
  const peer = lwip === undefined ? '' : `lwIP ${lwip.version}\n`;
  const goals = goalTable(judge(results));
  process.stdout.write(`${peer}${rowTable(shown)}\n\n${goals}\n`);
  return 0;
}

const program = new Command('bench')
  .description('What the paths of the kernel cost, in ns and against memory.copy.')
  .option('--json', 'the rows as a JSON array, and nothing else', false)
  .option('--peers', 'lwIP on the same work in the same run', false)
  .option('--filter <text>', 'only rows whose name contains this');

process.exitCode = await runProgram(program, process.argv.slice(2), async () => {
  return bench(program.opts<Options>());
});
