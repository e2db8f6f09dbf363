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
  /** What user mode had written into its block (`BLOCKS`), where the kernel reads it. */
  readonly content?: Uint8Array;
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
  'socketSelect', 'socketReadSelect', 'socketLinger', 'socketPeek', 'socketSendUrgent',
  'socketReceiveUrgent',
] as const;
/** Work as well, where it is wanted: a machine does it so often that there is little else. */
const MORE_WORK = ['socketPoll', 'socketOption'] as const;
type MoreWork = typeof MORE_WORK[number];

/** Octets of a NetbiosAddress, of a SelectRecord and of an EventRecord. */
const NAME_OCTETS = 20;
const SELECT_OCTETS = 8;
const EVENT_OCTETS = 16;

/** The block of user mode's that a call has. */
interface BlockUse {
  /** The word that says where it lies. */
  readonly word: number;
  /** Octets of it, as the call's words say. */
  octets(words: readonly number[]): number;
  /** Whether the kernel reads what user mode wrote into it just before. */
  readonly isRead: boolean;
}

const TRANSFER: BlockUse = { word: 1, octets: ([, , length = 0]) => length, isRead: false };
const NAME: BlockUse = { word: 1, octets: () => NAME_OCTETS, isRead: true };

/** Calls that have one. What is sent is nobody's to read. */
export const BLOCKS: Readonly<Record<string, BlockUse>> = {
  socketSend: TRANSFER, socketSendTo: TRANSFER, socketReceive: TRANSFER, socketPeek: TRANSFER,
  socketSendUrgent: TRANSFER, socketReceiveUrgent: { ...TRANSFER, octets: () => 1 },
  socketBindName: NAME, socketConnectName: NAME,
  socketSelect: { word: 0, octets: ([, count = 0]) => count * SELECT_OCTETS, isRead: true },
  socketReadSelect: { ...TRANSFER, octets: ([, , count = 0]) => count * SELECT_OCTETS },
  socketPoll: { word: 0, octets: ([, most = 0]) => most * EVENT_OCTETS, isRead: false },
};

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
  /** What is work besides; a window has each once at most. */
  readonly more?: readonly MoreWork[];
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
    for (const routine of [...WORK, ...this.options.more ?? []]) {
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
    const { more = [] } = this.options;
    const isMore = (more as readonly string[]).includes(routine);
    if (alike >= (isMore ? 1 : this.options.alike ?? Infinity)) return;
    const frames = routine === 'onInterrupt' ? framesOf(kernel, words[0] ?? 0) : [];
    const content = contentOf(kernel, routine, words);
    this.calls.push({
      routine, words: [...words], frames, time: timeOf(kernel),
      ...(content === undefined ? {} : { content }),
    });
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

function contentOf(
  { memory }: Kernel, routine: string, words: readonly number[],
): Uint8Array | undefined {
  const use = BLOCKS[routine];
  if (use?.isRead !== true) return undefined;
  const at = (words[use.word] ?? 0) >>> 0;
  return memory.octets.slice(at, at + use.octets(words));
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
