/**
 * Records what a machine's host asks of its kernel, so that a window of it can be explored: the
 * memory where the window begins, and the calls in it, as work for several processors.
 */

import type { KernelExports } from '../kernel/exports.js';
import type { Kernel } from '../kernel/load.js';
import { pendingFrames } from '../kernel/ring.js';

/** One call of a recording. */
export interface RecordedCall {
  /** The export's name. */
  readonly routine: string;
  readonly words: readonly number[];
  /** Frames that had come into the ring of the card whose line it is. */
  readonly frames: readonly Uint8Array[];
  /** The name at its second word, which user mode had written. */
  readonly name?: Uint8Array;
  /** Of the data that host and kernel share: time in microseconds, its high word, the tick. */
  readonly time: readonly [low: number, high: number, tick: number];
}

/** A stretch of a machine's life. */
export interface Window {
  /** Memory at its beginning, as far as it is anybody's. */
  readonly memory: Uint8Array;
  readonly calls: readonly RecordedCall[];
  /** Handles of sockets that were open at its beginning. */
  readonly handles: readonly number[];
  /** Blocks that user mode had then. */
  readonly blocks: readonly number[];
}

/** Routines that are work: what only looks is left out. */
const WORK = [
  'onInterrupt', 'onTick', 'runThreads', 'socketOpen', 'socketBind', 'socketListen',
  'socketConnect', 'socketAccept', 'socketSend', 'socketSendTo', 'socketReceive',
  'socketShutdown', 'socketClose', 'socketBindName', 'socketConnectName', 'echo',
] as const;
/** Those whose second word says where a name lies, which user mode wrote just before. */
const NAMED: readonly string[] = ['socketBindName', 'socketConnectName'];
/** Octets of a NetbiosAddress. */
const NAME_OCTETS = 20;

/** Which windows are kept. */
export interface RecorderOptions {
  /** Calls that a window has. */
  readonly calls: number;
  /** Whether a window begins with this call, the n-th of work, where so many are kept. */
  readonly begins: (n: number, routine: string, kept: number) => boolean;
  /** Windows that are kept at most. */
  readonly most: number;
  /** Calls of one routine that a window has at most: more are passed over. Default: any number. */
  readonly alike?: number;
}

/** Records windows of one machine: `tap` is the machine's option of that name. */
export class Recorder {
  readonly windows: Window[] = [];
  /** Calls of work so far. */
  count = 0;
  private memory: Uint8Array | undefined;
  private calls: RecordedCall[] = [];
  private handles: number[] = [];
  private blocks: number[] = [];
  private readonly open = new Set<number>();
  private readonly had = new Set<number>();
  private inside = false;

  constructor(private readonly options: RecorderOptions) {}

  /** Whether as many windows are kept as were asked for. */
  get isFull(): boolean {
    return this.windows.length >= this.options.most;
  }

  /** The machine's option of that name. */
  readonly tap = (kernel: Kernel): Kernel => {
    const raw = { ...kernel.raw } as Record<string, unknown>;
    for (const routine of WORK) {
      const call = kernel.raw[routine] as (...words: number[]) => number;
      raw[routine] = (...words: number[]): number => {
        this.note(kernel, routine, words);
        const was = this.inside;
        this.inside = true;
        try {
          const answer = call(...words);
          this.keepHandle(routine, words, answer);
          return answer;
        } finally {
          this.inside = was;
        }
      };
    }
    this.keepBlocks(raw, kernel.raw);
    return { ...kernel, raw: raw as unknown as KernelExports };
  };

  private keepBlocks(
    raw: Record<string, unknown>, { userAllocate, userFree }: KernelExports,
  ): void {
    raw['userAllocate'] = (octets: number): number => {
      const block = userAllocate(octets);
      this.had.add(block);
      return block;
    };
    raw['userFree'] = (block: number): void => {
      this.had.delete(block);
      userFree(block);
    };
  }

  private keepHandle(routine: string, words: readonly number[], answer: number): void {
    if (routine === 'socketOpen' || routine === 'socketAccept') this.open.add(answer);
    else if (routine === 'socketClose') this.open.delete(words[0] ?? 0);
  }

  private note(kernel: Kernel, routine: string, words: readonly number[]): void {
    if (this.inside) return;
    const n = this.count++;
    if (this.memory === undefined) {
      const kept = this.windows.length;
      if (this.isFull || !this.options.begins(n, routine, kept)) return;
      const end = kernel.raw.heapBase() >>> 0;
      this.memory = kernel.memory.octets.slice(0, end);
      this.calls = [];
      this.handles = [...this.open];
      this.blocks = [...this.had];
      // Frames of the first call lie in the ring already: they come with the call.
      if (routine === 'onInterrupt') unputFrames(this.memory, kernel, words[0] ?? 0);
    }
    const alike = this.calls.filter((call) => call.routine === routine).length;
    if (alike >= (this.options.alike ?? Infinity)) return;
    const frames = routine === 'onInterrupt' ? framesOf(kernel, words[0] ?? 0) : [];
    const named = NAMED.includes(routine) ? { name: nameAt(kernel, words[1] ?? 0) } : {};
    this.calls.push({ routine, words: [...words], frames, ...named, time: timeOf(kernel) });
    if (this.calls.length === this.options.calls) this.finish();
  }

  /** The window that is open ends here, with the calls that it has. */
  finish(): void {
    const { memory, calls, handles, blocks } = this;
    if (memory === undefined || calls.length === 0) return;
    this.windows.push({ memory, calls, handles, blocks });
    this.memory = undefined;
  }
}

function nameAt({ memory }: Kernel, at: number): Uint8Array {
  return memory.octets.slice(at, at + NAME_OCTETS);
}

function framesOf(kernel: Kernel, line: number): Uint8Array[] {
  return pendingFrames(kernel.memory, kernel.raw.receiveRing(line) >>> 0);
}

function timeOf({ raw, memory }: Kernel): [number, number, number] {
  const shared = raw.sharedData() >>> 0;
  return [memory.word(shared), memory.word(shared + 4), memory.word(shared + 12)];
}

/** In a copy of memory: as if the frames that wait in the ring had not come. */
function unputFrames(copy: Uint8Array, kernel: Kernel, line: number): void {
  const ring = kernel.raw.receiveRing(line) >>> 0;
  copy.copyWithin(ring, ring + 4, ring + 8);
}
