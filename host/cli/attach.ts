/** `ntstack attach`: one machine on a network that is not ours, in real time, until Ctrl-C. */

import { Worker } from 'node:worker_threads';
import { closeSync } from 'node:fs';
import { planAttach } from './attachplan.js';
import type { AttachCommand, AttachPlan } from './attachplan.js';
import { formatAttach, formatErrand } from './attachreport.js';
import type { AttachMessage, AttachReport } from './attachreport.js';
import type { WorkerPlan } from './attachworker.js';
import { openBridge } from './bridge.js';
import type { Bridge } from './bridge.js';
import { openOutput } from './capture.js';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

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
  const end = (): void => {
    isWanted = false;
    bridge.close();
  };
  for (const signal of SIGNALS) process.on(signal, end);
  const workerData: WorkerPlan = { ...plan, from: bridge.from, to: bridge.to, pcap };
  const worker = new Worker(new URL('./attachworker.js', import.meta.url), { workerData });
  try {
    const report = await reportOf(worker, plan, isQuiet);
    // The helper goes first only where its end of the link has gone: a device, or a peer.
    bridge.close();
    const complaint = await bridge.ended;
    if (complaint !== '' && isWanted) throw new Error(`${plan.scheme}: ${complaint}`);
    return report;
  } finally {
    for (const signal of SIGNALS) process.off(signal, end);
    bridge.close();
    await bridge.ended;
  }
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
      else if (!isQuiet) {
        const line = message.kind === 'ready' ? describe(plan) : formatErrand(message.outcome);
        process.stdout.write(`${line}\n`);
      }
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      if (report === undefined) reject(new Error(failure));
      else resolve(report);
    });
  });
}

function describe({ machine, link, services, seed }: AttachPlan): string {
  const names = services.map(({ name, port }) => `${name} ${port}`).join(', ');
  const serving = names === '' ? '' : `, serving ${names}`;
  return `${machine.release} ${machine.address} on ${link}, seed ${seed}${serving}`;
}
