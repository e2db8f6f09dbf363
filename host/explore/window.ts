/**
 * A window of a machine's life as a scenario: what its host asked of the kernel one after another
 * is asked by several processors at once. A frame or a tick is an interrupt, a call of user mode a
 * thread.
 */

import type { KernelExports } from '../kernel/exports.js';
import type { LinearMemory } from '../kernel/memory.js';
import { ReceiveRing, TransmitRing } from '../kernel/ring.js';
import { FrameBatch } from '../link/batch.js';
import { Engine } from './engine.js';
import type { EngineOptions } from './engine.js';
import type { PointLevel } from './kinds.js';
import type { Prepared } from './program.js';
import { BLOCKS } from './recorder.js';
import type { RecordedCall, Window } from './recorder.js';
import type { Actor, Scenario } from './scenario.js';

/** How a window is played. */
export interface WindowOptions {
  readonly name: string;
  readonly processors: number;
  readonly points?: PointLevel;
  /** Unload the drivers after each schedule, so that what is leaked shows. */
  readonly halt?: boolean;
  /** The allocation that fails in each schedule, its end too, from its beginning; default: none. */
  readonly failing?: number;
  /** What the module imports beside the kernel's own. */
  readonly imports?: EngineOptions['imports'];
}

/** Octets that the pool of a window may grow by. */
const ROOM = 16 << 20;
/** Work items that may wait when all are done. */
const WORK_ITEMS = 1 << 16;

/** An engine that stands before the first schedule of a window. */
export function prepareWindow(
  module: WebAssembly.Module, window: Window, options: WindowOptions,
): Prepared {
  const reserve = window.memory.length + ROOM;
  const engine = new Engine(module, options.points ?? 'locks', {
    reserve, ...(options.imports === undefined ? {} : { imports: options.imports }),
  });
  const raw = engine.module.raw as unknown as KernelExports;
  engine.module.restore([{ at: 0, octets: window.memory }]);
  const { memory } = engine.module;
  const outside = new Outside(raw, memory);
  const processors = processorsOf(window.calls, options.processors);
  const blocks = [...window.blocks];
  const actors = window.calls.map((call, index) => {
    const own = withBlock(call, raw, memory, blocks);
    return actorOf(own, index, processors[index] as number, outside, engine);
  });
  const scenario: Scenario = {
    name: options.name, processors: options.processors, actors, octets: raw.heapBase() >>> 0,
    reset: () => {
      outside.reset();
      raw.failAllocation(options.failing ?? 0, 0);
    },
    after: () => settle(raw, outside, options.halt === true ? { ...window, blocks } : undefined),
  };
  engine.onTransmit = () => outside.drain();
  engine.prepare(scenario);
  return { engine, scenario };
}

/**
 * The call with a block of its own, which is put to `blocks`: the one that it had may have been
 * allocated within the window, which no actor does, or be another call's too.
 */
function withBlock(
  call: RecordedCall, raw: KernelExports, memory: LinearMemory, blocks: number[],
): RecordedCall {
  const { routine, content, words } = call;
  const use = BLOCKS[routine];
  if (use === undefined) return call;
  raw.selectProcessor(0);
  const block = raw.userAllocate(use.octets(words)) >>> 0;
  blocks.push(block);
  if (content !== undefined) memory.octets.set(content, block);
  return { ...call, words: words.with(use.word, block) };
}

/** The clock interrupts processor 0; the other calls are the processors' in turn, from the last. */
function processorsOf(calls: readonly RecordedCall[], count: number): number[] {
  let turn = 0;
  return calls.map(({ routine }) => routine === 'onTick' ? 0 : count - 1 - turn++ % count);
}

function actorOf(
  call: RecordedCall, index: number, processor: number, outside: Outside, engine: Engine,
): Actor {
  const { routine, words } = call;
  const opens = routine === 'socketOpen' || routine === 'socketAccept';
  const step = {
    call: (engine.module.raw as unknown as Record<string, (...words: number[]) => unknown>)[
      routine] as (...words: number[]) => unknown,
    words,
    before: () => outside.before(call),
    ...(opens ? { after: (answer: unknown) => outside.opened.push(Number(answer)) } : {}),
  };
  const level = routine === 'onInterrupt' ? engine.module.valueOf('Irql.DEVICE')
    : routine === 'onTick' ? engine.module.valueOf('Irql.CLOCK') : 0;
  return { name: `${routine} ${index}`, processor, level, steps: [step] };
}

/** What happens around the kernel: frames come and go, time passes. */
class Outside {
  /** Handles that a schedule made. */
  readonly opened: number[] = [];
  private readonly received: ReceiveRing;
  private readonly transmitted: TransmitRing;
  private readonly shared: number;
  private readonly batch: FrameBatch;

  constructor(raw: KernelExports, private readonly memory: LinearMemory) {
    this.received = new ReceiveRing(this.memory, raw.receiveRing(0) >>> 0);
    this.transmitted = new TransmitRing(this.memory, raw.transmitRing(0) >>> 0);
    this.shared = raw.sharedData() >>> 0;
    this.batch = new FrameBatch();
  }

  /** Just before a call: its time has come, and its frames. */
  before({ frames, time }: RecordedCall): void {
    const { memory, shared } = this;
    if (memory.word(shared + 12) < time[2]) {
      memory.setWord(shared, time[0]);
      memory.setWord(shared + 4, time[1]);
      memory.setWord(shared + 12, time[2]);
    }
    if (frames.length === 0) return;
    this.batch.clear();
    for (const frame of frames) this.batch.push(frame);
    this.received.put(this.batch);
  }

  /** A schedule begins. */
  reset(): void {
    this.opened.length = 0;
  }

  /** Takes what was sent: nobody looks at it. */
  drain(): void {
    while (this.transmitted.waits) {
      this.batch.clear();
      this.transmitted.take(this.batch);
    }
  }
}

/**
 * When all are done: worker threads run; where the window is given, what it had open and what was
 * opened since is closed and the drivers unload, so that what is left is leaked.
 */
function settle(
  raw: KernelExports, outside: Outside, window: Window | undefined,
): void {
  raw.selectProcessor(0);
  raw.runThreads(WORK_ITEMS);
  outside.drain();
  if (window === undefined) return;
  for (const handle of [...window.handles, ...outside.opened]) raw.socketClose(handle, 1);
  raw.runThreads(WORK_ITEMS);
  outside.drain();
  for (const block of window.blocks) raw.userFree(block);
  raw.halt();
}
