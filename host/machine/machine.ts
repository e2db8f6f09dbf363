/**
 * One machine: a kernel, its processors, its cards and its registry, on a clock. Every call into
 * the kernel passes here: the time is told before it; after it, what the kernel left is taken.
 */

import * as inspect from '../kernel/inspect.js';
import type { ConnectionView, HalfOpenView, HeldLockView, LockView, OpenAddressView, TagView } from
  '../kernel/inspect.js';
import { NONE, valueOf } from '../kernel/layout.js';
import type { Kernel, Target } from '../kernel/load.js';
import { asStop } from '../kernel/stop.js';
import type { KernelStop } from '../kernel/stop.js';
import { readTrace } from '../kernel/trace.js';
import type { TraceEntry } from '../kernel/trace.js';
import { statusName } from '../kernel/status.js';
import type { FrameBatch } from '../link/batch.js';
import { bindCards } from './cards.js';
import type { Clock, Event } from './clock.js';
import { Interrupts } from './interrupts.js';
import { Nic } from './nic.js';
import type { MachineSettings } from './options.js';
import { Processors } from './processors.js';
import type { ProcessorStrategy } from './processors.js';
import { checkParameter } from './registry.js';
import type { Runner } from './run.js';
import type { EchoOptions, EchoReply, UserMode } from './usermode.js';
import type { Finding, Witness } from './witness.js';

/** A tick of the kernel's clock, in ns: as NT's of 10 ms. */
export const TICK_NS = 10_000_000;
/** Rounds of work after one call; what is then left waits for `PAUSE_NS`, so that time goes on. */
const ROUNDS = 64;
const PAUSE_NS = 100_000;
/** Work items that run in one round. */
const WORK_ITEMS = 64;
const WORD = 0x1_0000_0000;

/** A machine that is booted. It stops for good with `stop`, or when its kernel does. */
export class Machine {
  readonly name: string;
  readonly release: string;
  readonly target: Target;
  readonly clock: Clock;
  /** The first of its cards, and all of them. */
  readonly card: Nic;
  readonly cards: readonly Nic[];
  readonly user: UserMode;
  /** Why the kernel has stopped; undefined while it runs. Its memory remains, for inspection. */
  stopped: KernelStop | undefined;
  /** Whether its drivers are unloaded. */
  halted = false;
  private readonly bootNs: number;
  private readonly processors: Processors;
  private readonly interrupts: Interrupts;
  private readonly sharedData: number;
  private readonly tickEvent: Event;
  private readonly settleEvent: Event;
  private lastTick = 0;
  private settling = false;
  private unsettled = false;

  /** For `bootMachine`: the kernel is booted, its adapter there and not yet its interface. */
  constructor(
    readonly kernel: Kernel,
    readonly settings: MachineSettings,
    private readonly witness: Witness,
    readonly runner: Runner,
    makeBatch: () => FrameBatch,
    strategy: ProcessorStrategy,
    makeUser: (machine: Machine) => UserMode,
  ) {
    this.name = settings.name;
    this.release = settings.release;
    this.target = settings.target;
    this.clock = runner.clock;
    this.bootNs = this.clock.now;
    this.processors = new Processors(kernel, settings.processors, strategy);
    this.interrupts = new Interrupts(kernel, this.processors);
    this.sharedData = kernel.raw.sharedData() >>> 0;
    this.tickEvent = this.clock.event(() => this.tick());
    this.settleEvent = this.clock.event(() => this.enter());
    this.card = new Nic(kernel, 0, makeBatch(), this);
    const others = settings.cards.slice(1).map((_, i) => new Nic(kernel, i + 1, makeBatch(), this));
    this.cards = [this.card, ...others];
    witness.onTransmit = (adapter) => this.cards[adapter]?.drain();
    witness.nowUs = () => Math.floor((this.clock.now - this.bootNs) / 1000);
    witness.processor = () => this.processors.running;
    this.user = makeUser(this);
  }

  /** Brings its interfaces up: once, when its cards are plugged in. @throws Error if it cannot. */
  start(): void {
    const { kernel, settings, name } = this;
    if (!this.enterUser()) throw this.stopped ?? new Error(`${name} does not start`);
    const status = bindCards(kernel, settings.cards, settings.scope);
    if (status < 0) {
      const words = statusName(kernel.layout, status);
      throw new Error(`${name}: its interface does not start: ${words}`);
    }
    this.leaveUser();
  }

  /** Whether the kernel can still be called. */
  get running(): boolean {
    return this.stopped === undefined && !this.halted;
  }

  /** Rules that the verifier found broken, oldest first, at most 10,000 (`checked`). */
  get findings(): readonly Finding[] {
    return this.witness.findings;
  }

  /** How many findings there were in all. */
  get findingCount(): number {
    return this.witness.findingCount;
  }

  /**
   * Writes a registry value while the machine runs: connections to come heed it, where the drivers
   * read it for each of them. @throws TypeError for a name or a value that cannot be.
   */
  setParameter(name: string, value: number): void {
    const [known, checked] = checkParameter(name, value);
    const number = valueOf(this.kernel.layout, 'Parameter', known);
    if (this.running) this.kernel.raw.setParameter(number, checked);
  }

  /** The card's line: a batch of frames has come. Called from an event of the clock. */
  interrupt(line: number): void {
    this.enter(line);
  }

  /** Runs the clock so many ns: its own, or that of its world. */
  async run(ns: number): Promise<void> {
    return this.runner.run(ns);
  }

  /** Runs the clock until something is so; see `Runner`. */
  async runUntil(
    what: (() => boolean) | PromiseLike<unknown>, mostNs: number,
  ): Promise<boolean> {
    return this.runner.runUntil(what, mostNs);
  }

  /** Settled when so many ns of virtual time have passed: for programs. */
  async sleep(ns: number): Promise<void> {
    return this.runner.sleep(ns);
  }

  /** Runs the clock until a promise is settled; see `Runner`. */
  async complete<T>(promise: PromiseLike<T>, mostNs: number): Promise<T> {
    return this.runner.complete(promise, mostNs);
  }

  /** An echo request. */
  async ping(host: string, options?: EchoOptions): Promise<EchoReply> {
    return this.user.ping(host, options);
  }

  /** The MIB's counters by name. */
  counters(): Record<string, number> {
    return inspect.readCounters(this.kernel);
  }

  /** Frames dropped by the drivers, by reason; the card's own are in `card.stats`. */
  drops(): Record<string, number> {
    return inspect.readDrops(this.kernel);
  }

  /** What NetBT counted, by name. */
  nbtCounters(): Record<string, number> {
    return inspect.readNbtCounters(this.kernel);
  }

  /** Packets that NetBT's services dropped, by reason. */
  nbtDrops(): Record<string, number> {
    return inspect.readNbtDrops(this.kernel);
  }

  poolTags(): TagView[] {
    return inspect.readPoolTags(this.kernel);
  }

  /** The connections of the table, at most `most`. */
  connections(most?: number): ConnectionView[] {
    return inspect.readConnections(this.kernel, most);
  }

  /** The addresses that clients have opened: listeners, and sockets of UDP. */
  openAddresses(): OpenAddressView[] {
    return inspect.readOpenAddresses(this.kernel);
  }

  /** The connections of the SYN cache: all are in SYN-RECEIVED. */
  halfOpen(): HalfOpenView[] {
    return inspect.readHalfOpen(this.kernel);
  }

  /** The global locks; each connection has its own beside it. */
  locks(): LockView[] {
    return inspect.readLocks(this.kernel);
  }

  /** The locks that are held, as the verifier knows them (`checked`). */
  heldLocks(): HeldLockView[] {
    return inspect.readHeldLocks(this.kernel, this.processors.count);
  }

  /** The current IRQL of a processor. */
  irql(processor = 0): number {
    return this.processors.irql(processor);
  }

  /** The events that the trace ring still holds, after a sequence number. */
  trace(after?: number): TraceEntry[] {
    return readTrace(this.kernel, after);
  }

  /** The stack of an acquire, where sites are kept and this one is still there. */
  siteOf(lock: number, sequence: number): string | undefined {
    return this.witness.siteOf(lock, sequence);
  }

  /** The stack on which a rule was broken, where sites are kept. */
  stackOf(finding: Finding): string | undefined {
    return this.witness.stackOf(finding);
  }

  /**
   * Unloads the drivers, unplugs the card. A machine whose kernel has stopped, or of which no
   * processor is at PASSIVE_LEVEL, is only switched off. Calls of user mode that wait fail, with
   * DEVICE_NOT_READY or with the KernelStop, and so do later ones.
   */
  stop(): void {
    if (this.halted) return;
    if (this.enterUser()) {
      this.user.release();
      try {
        this.kernel.raw.halt();
      } catch (thrown) {
        this.fail(thrown);
      }
      this.drain();
    }
    this.halted = true;
    this.clock.cancel(this.tickEvent);
    this.clock.cancel(this.settleEvent);
    for (const card of this.cards) card.unplug();
    this.user.end();
  }

  /**
   * Before a call from user mode: selects the processor that runs threads, tells the time. False
   * where there is no such processor, or the machine has stopped: the call cannot be made.
   */
  enterUser(): boolean {
    if (!this.begin()) return false;
    const processor = this.processors.lowestPassive();
    if (processor < 0) return false;
    this.processors.select(processor);
    return true;
  }

  /** After a call from user mode: what it left is taken at this instant, after the event. */
  leaveUser(): void {
    if (this.settling) this.unsettled = true;
    else if (this.settleEvent.position < 0 && this.running) {
      this.clock.schedule(this.settleEvent, this.clock.now);
    }
  }

  /** Something was thrown out of the kernel: the machine has stopped. */
  fail(thrown: unknown): void {
    this.stopped ??= asStop(thrown, this.name);
    this.clock.cancel(this.tickEvent);
    this.clock.cancel(this.settleEvent);
    this.user.end();
  }

  /** Brings the clock up to now, raises `line` if there is one, takes what the kernel left. */
  private enter(line = -1): void {
    if (!this.begin()) return;
    if (line >= 0) {
      try {
        this.interrupts.raise(line);
      } catch (thrown) {
        this.fail(thrown);
        return;
      }
    }
    if (this.settling) this.unsettled = true;
    else this.settle();
  }

  private tick(): void {
    this.enter();
  }

  /**
   * Tells the time. An idle machine is spared the ticks that nobody waits for; the one that tells
   * it how late it is comes here. False where the machine has stopped.
   */
  private begin(): boolean {
    if (!this.running) return false;
    const sinceBoot = this.clock.now - this.bootNs;
    const us = Math.floor(sinceBoot / 1000);
    const words = this.kernel.memory.words;
    words[this.sharedData >>> 2] = us;
    words[(this.sharedData >>> 2) + 1] = us / WORD;
    const tick = Math.floor(sinceBoot / TICK_NS);
    words[(this.sharedData >>> 2) + 3] = tick;
    if (tick === this.lastTick || !this.processors.takesClock()) return true;
    this.lastTick = tick;
    this.processors.select(0);
    try {
      this.kernel.raw.onTick(tick);
    } catch (thrown) {
      this.fail(thrown);
      return false;
    }
    if (this.settling) this.unsettled = true;
    return true;
  }

  /**
   * Takes frames and news until none are left. Handlers may call the kernel: what that leaves is
   * taken by this loop, and by no other inside it.
   */
  private settle(): void {
    this.settling = true;
    try {
      let rounds = ROUNDS;
      do {
        this.unsettled = false;
        this.work();
        this.drain();
        this.tell();
      } while (this.unsettled && --rounds > 0);
      this.drain();
    } finally {
      this.settling = false;
    }
    if (!this.running) return;
    if (this.unsettled && this.settleEvent.position < 0) {
      this.clock.schedule(this.settleEvent, this.clock.now + PAUSE_NS);
    }
    this.scheduleTick();
  }

  /** What the cards have to send. */
  private drain(): void {
    for (const card of this.cards) card.drain();
  }

  /**
   * News of sockets to their handlers. Reading them is the host's own look: it happens even where
   * every processor is stuck and no thread would run.
   */
  private tell(): void {
    if (!this.running) return;
    this.processors.select(Math.max(this.processors.lowestPassive(), 0));
    this.user.poll();
  }

  /** Interrupts that were masked, and work items. */
  private work(): void {
    if (!this.running) return;
    try {
      if (this.interrupts.pending !== 0) this.interrupts.deliver();
      if (this.kernel.raw.waitingWork() === 0) return;
      const processor = this.processors.lowestPassive();
      if (processor < 0) return;
      this.processors.select(processor);
      this.kernel.raw.runThreads(WORK_ITEMS);
      if (this.kernel.raw.waitingWork() !== 0) this.unsettled = true;
    } catch (thrown) {
      this.fail(thrown);
    }
  }

  /**
   * Sets the next tick that is wanted. One that is overdue, because IRQL keeps the clock's DPC
   * from running, comes at the next tick, as the hardware's would.
   */
  private scheduleTick(): void {
    if (!this.running) return;
    const wanted = this.kernel.raw.nextTick() >>> 0;
    if (wanted === NONE) {
      this.clock.cancel(this.tickEvent);
      return;
    }
    const dueNs = this.bootNs + Math.max(wanted, this.lastTick + 1) * TICK_NS;
    if (this.tickEvent.position >= 0 && this.tickEvent.timeNs === dueNs) return;
    this.clock.schedule(this.tickEvent, dueNs);
  }
}
