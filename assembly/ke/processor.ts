/** KPRCB: what belongs to one processor; and which processor runs. */

/** The levels at which a processor runs (nt-facts 9.1). */
export const enum Irql {
  PASSIVE = 0,
  APC = 1,
  DISPATCH = 2,
  DEVICE = 12,
  CLOCK = 28,
  HIGH = 31,
}

/** A level, as routines take and return it. */
export type KIRQL = i32;

/** Processor control block. Only its own processor writes it. */
@unmanaged
export class Kprcb {
  number: u32;
  currentIrql: KIRQL;
  /** Head of the DPC queue, a ListEntry. */
  dpcFlink: usize;
  dpcBlink: usize;
  dpcCount: u32;
  /** 1 while a DPC runs. */
  dpcActive: u32;
  interruptCount: u32;
  dpcTotal: u32;
  /** The thread that runs, or that an interrupt keeps from running; counted from 1, 0: none. */
  thread: u32;
  /** The queue handle with which it holds or awaits a lock, the newest (ke/queuedlock.ts). */
  lockQueue: usize;
}
const PRCB_OCTETS: usize = 64;
/** Processors of a machine at most. */
export const MAXIMUM_PROCESSORS: u32 = 8;
/** Control blocks: `explore` has programs with a processor for each of many threads. */
export const PRCB_COUNT: u32 = EXPLORE ? 128 : 8;
if (offsetof<Kprcb>() != 40) ERROR("host/kernel/inspect.ts reads Kprcb as 40 octets");

const PRCBS: usize = memory.data(EXPLORE ? 8192 : 512, 64);
/** [0]: how many processors there are. */
const WORDS: usize = memory.data(8);

/** The processor's own register: the only variable of a module in this kernel. */
let current: Kprcb = changetype<Kprcb>(PRCBS);

/** The control block of the running processor. IRQL: any. */
export function KeGetCurrentPrcb(): Kprcb {
  return current;
}

/** The number of the running processor. IRQL: any. */
export function KeGetCurrentProcessorNumber(): u32 {
  return current.number;
}

export function KeQueryActiveProcessorCount(): u32 {
  return load<u32>(WORDS);
}

/** The control block of `processor`. IRQL: any. */
export function prcbOf(processor: u32): Kprcb {
  return changetype<Kprcb>(PRCBS + <usize>processor * PRCB_OCTETS);
}

/** From here on `processor` runs. The host's choice, between two calls or at a scheduling point. */
export function selectProcessor(processor: u32): void {
  current = prcbOf(processor);
}

/** From here on `thread` runs on the running processor. */
export function selectThread(thread: u32): void {
  current.thread = thread;
}

/** Makes `count` processors, all at PASSIVE_LEVEL with nothing to do. */
export function initializeProcessors(count: u32): void {
  store<u32>(WORDS, count);
  for (let number: u32 = 0; number < count; number++) {
    const prcb = prcbOf(number);
    const head = changetype<usize>(prcb) + offsetof<Kprcb>("dpcFlink");
    prcb.number = number;
    prcb.currentIrql = Irql.PASSIVE;
    prcb.dpcFlink = head;
    prcb.dpcBlink = head;
    prcb.dpcCount = 0;
    prcb.lockQueue = 0;
  }
  selectProcessor(0);
}
