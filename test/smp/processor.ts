/**
 * One processor: a worker with an instance of its own on the memory that all share. It is compiled
 * by `workerOf` of run.ts, and needs no other file.
 */

import { parentPort, workerData } from 'node:worker_threads';
import type { ProcessorData } from './control.js';

/** So long a processor sleeps for a lock at most, before it looks whether it is to end. */
const SLEEP_MS = 20;

const { module, memory, control, places, number, program, rounds } = workerData as ProcessorData;
const words = new Int32Array(memory.buffer);

/** The run is over, and this processor still spins. */
class Stopped extends Error {}

const host = {
  onSpin: (lock: number): void => {
    if (Atomics.load(control, places.stop) !== 0) throw new Stopped();
    const word = Atomics.load(words, lock >>> 2);
    if ((word & 0xffff) !== 0) Atomics.wait(words, lock >>> 2, word, SLEEP_MS);
  },
  onFinding: (...finding: number[]): void => {
    const at = places.kept + Atomics.add(control, places.findings, 1) * finding.length;
    if (at + finding.length <= control.length) control.set(finding, at);
  },
  onSite: (): void => undefined,
  onBugCheck: (code: number): void => {
    throw new Error(`the kernel stopped with 0x${code.toString(16)}`);
  },
};
const instance = new WebAssembly.Instance(module, { host, env: { memory } });
const routines = instance.exports as Record<string, (...given: number[]) => number>;
routines['selectProcessor']?.(number);
parentPort?.postMessage('ready', []);
Atomics.wait(control, places.gate, 0);
try {
  routines[program]?.(rounds);
} catch (thrown) {
  if (!(thrown instanceof Stopped)) throw thrown;
}
Atomics.store(control, places.left + number, 1);
Atomics.add(control, places.done, 1);
Atomics.notify(control, places.done);
