/** `ntstack attach`: one machine on a network that is not ours, in real time, until Ctrl-C. */

import { createInterface } from 'node:readline';
import { MessageChannel, Worker } from 'node:worker_threads';
import { closeSync } from 'node:fs';
import { planAttach } from './attachplan.js';
import type { AttachCommand, AttachPlan } from './attachplan.js';
import { formatAttach, formatErrand } from './attachreport.js';
import type { AttachMessage, AttachReport } from './attachreport.js';
import type { AttachOrder } from './attachstation.js';
import type { WorkerPlan } from './attachworker.js';
import { openBridge } from './bridge.js';
import type { Bridge } from './bridge.js';
import { openOutput } from './capture.js';
import { listenForSignals } from './interrupt.js';
import { printAnswer } from './prompt.js';

/**
 * Attaches a machine. Gives the exit code: 0; 1 where an errand failed, or the verifier found
 * something.
 * @throws WrongUse for an option that is wrong; Error where the link cannot be opened, or breaks.
 */
export async function attach(link: string, options: AttachCommand): Promise<number> {
  const plan = planAttach(link, options);
  const file = options.pcap === undefined ? undefined : openOutput(options.pcap).file;
  try {
    const bridge = await openBridge(plan.scheme, plan.path, plan.peer);
    const report = await runWorker(plan, bridge, file, options.json === true);
    if (options.json === true) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
    else process.stdout.write(`${formatAttach(report)}\n`);
    const isWell = report.errands.every(({ succeeded }) => succeeded) && report.unfinished === 0;
    return isWell && report.findings.length === 0 ? 0 : 1;
  } finally {
    if (file !== undefined) closeSync(file);
  }
}

async function runWorker(
  plan: AttachPlan, bridge: Bridge, pcap: number | undefined, isQuiet: boolean,
): Promise<AttachReport> {
  let isWanted = true;
  const { port1: orders, port2 } = new MessageChannel();
  const order = (what: AttachOrder): void => {
    orders.postMessage(what, []);
    bridge.wake();
  };
  const end = (): void => {
    // A machine with names gives them back first; who asks twice does not want to wait.
    const isFirst = isWanted;
    isWanted = false;
    if (plan.station !== undefined && isFirst) order({ kind: 'end' });
    else bridge.close();
  };
  const ignore = listenForSignals(end);
  const workerData: WorkerPlan = {
    ...plan, from: bridge.from, to: bridge.to, orders: port2, pcap,
  };
  const url = new URL('./attachworker.js', import.meta.url);
  const worker = new Worker(url, { workerData, transferList: [port2] });
  const lines = plan.station?.prompt === true ? readCommands(order, end) : undefined;
  try {
    const report = await reportOf(worker, plan, isQuiet);
    // The helper goes first only where its end of the link has gone: a device, or a peer.
    bridge.close();
    const complaint = await bridge.ended;
    if (complaint !== '' && isWanted) throw new Error(`${plan.scheme}: ${complaint}`);
    return report;
  } finally {
    ignore();
    lines?.close();
    orders.close();
    bridge.close();
    await bridge.ended;
  }
}

/** Lines of standard input are commands, to its end or to `exit`. */
function readCommands(order: (what: AttachOrder) => void, end: () => void): { close(): void } {
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    if (/^\s*exit\s*$/i.test(line)) lines.close();
    else if (line.trim() !== '') order({ kind: 'command', line });
  });
  let isOver = false;
  lines.on('close', () => {
    if (!isOver) end();
  });
  return {
    close() {
      isOver = true;
      lines.close();
      process.stdin.unref();
    },
  };
}

async function reportOf(
  worker: Worker, plan: AttachPlan, isQuiet: boolean,
): Promise<AttachReport> {
  return new Promise((resolve, reject) => {
    let report: AttachReport | undefined;
    let failure = 'the worker ended without a report';
    worker.on('message', (message: AttachMessage) => {
      if (message.kind === 'report') report = message.report;
      else if (message.kind === 'failed') failure = message.words;
      else tell(message, plan, isQuiet);
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      if (report === undefined) reject(new Error(failure));
      else resolve(report);
    });
  });
}

/** Prints what happens while it happens; of a prompt a line of JSON, where that is wanted. */
function tell(
  message: Exclude<AttachMessage, { kind: 'report' | 'failed' }>, plan: AttachPlan,
  isQuiet: boolean,
): void {
  if (message.kind === 'answer') {
    printAnswer(message.line, message.answer, isQuiet);
  } else if (message.kind === 'station') {
    const { succeeded, words } = message;
    const line = `${plan.station?.name ?? ''}: ${words}`;
    const answer = { text: line, data: words, failed: !succeeded };
    if (!isQuiet || plan.station?.prompt === true) printAnswer('netbios', answer, isQuiet);
  } else if (!isQuiet) {
    const line = message.kind === 'ready' ? describe(plan) : formatErrand(message.outcome);
    process.stdout.write(`${line}\n`);
  }
}

function describe({ machine, link, services, seed }: AttachPlan): string {
  const names = services.map(({ name, port }) => `${name} ${port}`).join(', ');
  const serving = names === '' ? '' : `, serving ${names}`;
  return `${machine.release} ${machine.address} on ${link}, seed ${seed}${serving}`;
}
