/** KernelStop: a kernel that ended before it was halted, and the only error made of that. */

/** Why a kernel stopped: it said so, it spins for ever, or WebAssembly trapped. */
export type StopReason = 'bugcheck' | 'spin' | 'trap';

/** What a stop is made of. */
export interface StopDetails {
  readonly machine: string;
  readonly reason: StopReason;
  /** The name of the stop code, as the Windows debugger's reference has it; else SPIN or TRAP. */
  readonly stop: string;
  /** The stop code; 0 for a spin or a trap. */
  readonly code: number;
  /** Four words. For a spin: the lock's address and the processor. */
  readonly words: readonly number[];
  /** For a trap: what was thrown. */
  readonly cause?: unknown;
}

/** The machine has stopped; its memory remains as it was, and can be inspected. */
export class KernelStop extends Error implements StopDetails {
  override readonly name = 'KernelStop';
  readonly machine: string;
  readonly reason: StopReason;
  readonly stop: string;
  readonly code: number;
  readonly words: readonly number[];

  constructor(details: StopDetails) {
    super(describe(details), details.cause === undefined ? {} : { cause: details.cause });
    this.machine = details.machine;
    this.reason = details.reason;
    this.stop = details.stop;
    this.code = details.code;
    this.words = details.words;
  }
}

/** Anything thrown out of a kernel, as a stop: what is none already is a trap. */
export function asStop(thrown: unknown, machine: string): KernelStop {
  if (thrown instanceof KernelStop) return thrown;
  return new KernelStop({
    machine, reason: 'trap', stop: 'TRAP', code: 0, words: [0, 0, 0, 0], cause: thrown,
  });
}

function describe({ machine, reason, stop, code, words, cause }: StopDetails): string {
  const hex = words.map((word) => `0x${(word >>> 0).toString(16)}`);
  if (reason === 'spin') {
    return `${machine}: processor ${words[1] ?? 0} spins for ever on lock ${hex[0] ?? ''}`;
  }
  if (reason === 'trap') return `${machine}: the kernel trapped: ${String(cause)}`;
  return `${machine}: ${stop} (0x${code.toString(16)}) ${hex.join(' ')}`;
}
