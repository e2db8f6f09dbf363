/** The kernel's lower floors by themselves: an instance of a test entry, its host, its routines. */

/** What the kernel calls back: the addresses or words it gives, and what it answers with. */
export type Routine = (first: number, second: number) => number | void;

/** One acquire, while the kernel wants sites kept. */
export interface Site {
  readonly lock: number;
  readonly sequence: number;
}

/** The kernel has stopped: KeBugCheckEx. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
  /** The name of the stop code. */
  readonly stop: string;
  readonly words: readonly number[];

  constructor(stop: string, words: readonly number[]) {
    super(`stopped with ${stop}`);
    this.stop = stop;
    this.words = words;
  }
}

/** One instance: its memory is fresh, nothing of another test is in it. */
export class Floor {
  /** Names of the rules that were broken, in order. */
  readonly findings: string[] = [];
  /** The three words of each finding. */
  readonly findingWords: (readonly number[])[] = [];
  readonly sites: Site[] = [];
  /** What happens while a processor spins for a lock; a kernel that nobody releases hangs. */
  spin: (lock: number, processor: number) => void = () => {
    throw new Error('nobody can release the lock');
  };
  private readonly exports: WebAssembly.Exports;
  private readonly routines: Routine[] = [];
  private next: number;

  constructor(module: WebAssembly.Module) {
    const host = {
      onBugCheck: (code: number, ...words: number[]): void => {
        throw new Stopped(this.nameOf('Stop', code), words.map((each) => each >>> 0));
      },
      onSpin: (lock: number, processor: number): void => this.spin(lock, processor),
      onPreempt: (): void => undefined,
      onFinding: (rule: number, ...words: number[]): void => {
        this.findings.push(this.nameOf('Rule', rule));
        this.findingWords.push(words.map((each) => each >>> 0));
      },
      onSite: (lock: number, sequence: number): void => void this.sites.push({ lock, sequence }),
      onTransmit: (): void => undefined,
    };
    const onRoutine = (id: number, first: number, second: number): number =>
      this.routineAt(id)(first, second) ?? 0;
    this.exports = new WebAssembly.Instance(module, { host, routine: { onRoutine } }).exports;
    this.next = this.call('scratch');
  }

  /** Calls an export. Words come back without a sign; 0 where it gives nothing. */
  call(name: string, ...words: number[]): number {
    const found = this.exports[name];
    if (typeof found !== 'function') throw new Error(`the entry does not export ${name}`);
    const answer: unknown = found(...words);
    return typeof answer === 'number' ? answer >>> 0 : 0;
  }

  /** The constant of that name: `Rule.LOCK_ORDER`, `LockRank.ExPool`. */
  value(name: string): number {
    const found = this.exports[name];
    if (!(found instanceof WebAssembly.Global)) throw new Error(`there is no constant ${name}`);
    return Number(found.value) >>> 0;
  }

  /** What `kind`, an exported enum, calls `value`. */
  nameOf(kind: string, value: number): string {
    const found = this.namesOf(kind).find((name) => this.value(`${kind}.${name}`) === value >>> 0);
    return found ?? `${kind} ${value}`;
  }

  /** Every name of `kind`, an exported enum. */
  namesOf(kind: string): string[] {
    const start = `${kind}.`;
    return Object.keys(this.exports)
      .filter((name) => name.startsWith(start))
      .map((name) => name.slice(start.length));
  }

  /** `octets` of zeroed memory that is nobody's, aligned to 8. */
  block(octets: number): number {
    const at = (this.next + 7) & ~7;
    this.next = at + octets;
    if (this.next > this.call('scratch') + this.call('scratchOctets')) {
      throw new Error('the entry has no scratch memory left');
    }
    return at;
  }

  /** Makes `run` known to the kernel: the number by which its objects name it. */
  routine(run: Routine): number {
    return this.routines.push(run) - 1;
  }

  /** All of memory; it moves when it grows. */
  get octets(): Uint8Array {
    return new Uint8Array((this.exports['memory'] as WebAssembly.Memory).buffer);
  }

  /** The word in memory at `address`. */
  word(address: number): number {
    const { buffer } = this.exports['memory'] as WebAssembly.Memory;
    return new DataView(buffer).getUint32(address, true);
  }

  private routineAt(id: number): Routine {
    const found = this.routines[id];
    if (found === undefined) throw new Error(`the kernel calls routine ${id}, which nobody made`);
    return found;
  }
}
