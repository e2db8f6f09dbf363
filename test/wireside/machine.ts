/** A kernel on a wire whose other end is the test: frames in, frames out, and a clock between. */

import { asStop } from '../../host/kernel/stop.js';
import type { KernelStop } from '../../host/kernel/stop.js';
import { resolveParameters } from '../../host/machine/registry.js';
import type { Finding } from '../../host/machine/witness.js';
import type { Observable } from '../../host/watch/observe.js';
import { THEIR_MAC, THEM, US, arp } from './build.js';
import { startKernel } from './kernel.js';
import type { WiredKernel } from './kernel.js';
import { parseFrame } from '../../host/wire/read.js';
import type { Heard } from '../../host/wire/read.js';

/** What a machine is made of; all may be left out. */
export interface MachineOptions {
  /** `nt40sp6a` where not given. */
  release?: string;
  /** Registry values by name: what the registry does not allow is allowed here. */
  parameters?: Readonly<Record<string, number>>;
  gateway?: number;
  /** More default gateways, in the order in which they are tried. */
  gateways?: readonly number[];
  /** Octets of its address that name the net; 3 where not given. */
  netOctets?: number;
  mtu?: number;
  /** Microseconds since boot. */
  timeUs?: number;
  /** NetBT is bound to its card; `direct`: and takes sessions without names, on port 445. */
  netbios?: boolean | 'direct';
  /** A checked kernel with more in it. */
  module?: WebAssembly.Module;
}

const TICK_US = 10_000;
const NO_TICK = 0xffff_ffff;
const MAC = 0x0200_0000_0001;

/** One machine with the address 10.0.0.1/24, and the stations that answer its ARP requests. */
export class Machine implements Observable {
  readonly name = 'wired';
  /** What it was made of. */
  readonly origin: string;
  readonly kernel: WiredKernel;
  readonly settings = { processors: 1 };
  /** The test makes its calls itself: none waits. */
  readonly user = { waiting: 0 };
  /** Who answers ARP: by address. A request for anybody else is heard by the test. */
  readonly stations = new Map<number, Uint8Array>([[THEM, THEIR_MAC]]);
  /** Sees each frame that the kernel is given, answers to its ARP requests too. */
  onReceive: ((frame: Uint8Array) => void) | undefined;
  /** Set when a call did not come back. */
  stopped: KernelStop | undefined;
  halted = false;
  private timeUs: number;
  private heard: Heard[] = [];
  private waiting: Uint8Array[] = [];
  private readonly seen = new Map<string, number>();

  constructor(options: MachineOptions = {}) {
    this.timeUs = options.timeUs ?? 0;
    this.origin = `a wired kernel of ${JSON.stringify(options)}`;
    this.kernel = startKernel(this.name, () => this.collect(), options.module);
    this.kernel.witness.nowUs = () => this.timeUs;
    const { raw } = this.kernel;
    this.writeTime();
    const values = resolveParameters(options.release ?? 'nt40sp6a');
    for (const [name, value] of Object.entries(options.parameters ?? {})) values.set(name, value);
    for (let i = 0; i < 8; i++) values.set(`NtstackKey${i}`, Math.imul(i + 1, 0x9e3779b1) >>> 0);
    for (const [name, value] of values) raw.setParameter(this.number(`Parameter.${name}`), value);
    const mtu = options.mtu ?? 1500;
    const mask = (0xffff_ffff << (32 - 8 * (options.netOctets ?? 3))) >>> 0;
    const gateway = options.gateway ?? 0;
    this.mustSucceed('boot', raw.boot(1));
    this.mustSucceed('addAdapter', raw.addAdapter(0, MAC / 2 ** 32, MAC | 0, mtu));
    this.mustSucceed('addInterface', raw.addInterface(0, US, mask, gateway));
    for (const one of options.gateways ?? []) {
      this.mustSucceed('addGateway', raw.addGateway(0, one));
    }
    if (options.netbios !== undefined && options.netbios !== false) {
      this.mustSucceed('bindNetbt', raw.bindNetbt(0, US, mask));
    }
    if (options.netbios === 'direct') {
      const direct = this.kernel.layout.sizes.MAXIMUM_ADAPTERS;
      this.mustSucceed('bindNetbt', raw.bindNetbt(direct, 0, 0));
    }
  }

  /** Milliseconds since boot. */
  get nowMs(): number {
    return this.timeUs / 1000;
  }

  /** As a machine's: virtual time in ns. */
  get clock(): { now: number } {
    return { now: this.timeUs * 1000 };
  }

  get raw(): WiredKernel['raw'] {
    return this.kernel.raw;
  }

  get findings(): readonly Finding[] {
    return this.kernel.witness.findings;
  }

  siteOf(lock: number, sequence: number): string | undefined {
    return this.kernel.witness.siteOf(lock, sequence);
  }

  /** Unloads the drivers, once; a machine whose kernel has stopped is only switched off. */
  stop(): void {
    if (this.halted) return;
    this.halted = true;
    if (this.stopped !== undefined) return;
    try {
      this.call((raw) => raw.halt());
    } catch {
      // `stopped` says it.
    }
  }

  number(member: string): number {
    return this.kernel.number(member);
  }

  word(enumeration: string, value: number): string {
    return this.kernel.word(enumeration, value);
  }

  /** Calls the kernel at the time it is, and takes what it sent. What ARP asks is answered. */
  call<T>(routine: (raw: WiredKernel['raw']) => T): T {
    this.writeTime();
    const result = this.guard(() => routine(this.kernel.raw));
    // The processor is idle now: worker threads run.
    this.guard(() => this.kernel.raw.runThreads(4096));
    this.collect();
    this.deliverWaiting();
    return result;
  }

  /** Frames come in, in one batch with one interrupt. */
  receive(...frames: readonly Uint8Array[]): void {
    this.call((raw) => {
      this.put(frames);
      raw.onInterrupt(0);
    });
  }

  /** The peer asks for the kernel's address: from then on each knows the other's station. */
  meet(): void {
    this.receive(arp({ operation: 1, sender: THEM, target: US }));
    this.take();
  }

  /** Time passes; every tick that the kernel asked for is played at its time. */
  advance(ms: number): void {
    const until = this.timeUs + ms * 1000;
    for (;;) {
      const wanted = this.kernel.raw.nextTick() >>> 0;
      if (wanted === NO_TICK || wanted * TICK_US > until) break;
      const tick = Math.max(wanted, Math.floor(this.timeUs / TICK_US));
      this.timeUs = Math.max(this.timeUs, tick * TICK_US);
      this.call((raw) => raw.onTick(tick));
    }
    this.timeUs = until;
    this.writeTime();
  }

  /** The frames that the kernel sent since this was last asked. */
  take(): Heard[] {
    const { heard } = this;
    this.heard = [];
    return heard;
  }

  /** Puts back what was taken and is not the taker's. */
  giveBack(frames: readonly Heard[]): void {
    this.heard.unshift(...frames);
  }

  /** The drops since this was last asked, by reason. */
  dropped(): Record<string, number> {
    const dropped: Record<string, number> = {};
    for (const [name, total] of Object.entries(this.drops())) {
      const more = total - (this.seen.get(name) ?? 0);
      this.seen.set(name, total);
      if (more !== 0) dropped[name] = more;
    }
    return dropped;
  }

  /** All drops since boot, by reason. */
  drops(): Record<string, number> {
    return this.counts('Drop', this.raw.drops());
  }

  /** All counters since boot. */
  counters(): Record<string, number> {
    return this.counts('Counter', this.raw.counters());
  }

  /** What NetBT counted, and what it dropped, since boot. */
  nbt(): Record<string, number> {
    return {
      ...this.counts('NbtCounter', this.raw.nbtCounters()),
      ...this.counts('NbtDrop', this.raw.nbtDrops()),
    };
  }

  /** One counter, by its name. */
  count(counter: string): number {
    const value = this.counters()[counter];
    if (value === undefined) throw new Error(`the kernel has no Counter.${counter}`);
    return value;
  }

  /** How often the kernel noted an event, as far back as its trace ring goes. */
  traced(event: string): number {
    const wanted = this.number(`Event.${event}`);
    const records = this.words(this.raw.traceRing(), this.number('TRACE.SLOTS') * 6);
    let count = 0;
    for (let at = 0; at < records.length; at += 6) {
      if (records[at] !== 0 && records[at + 1] === wanted) count++;
    }
    return count;
  }

  /** The words of linear memory from an address that is a multiple of 4. */
  words(address: number, count: number): Uint32Array {
    return new Uint32Array(this.raw.memory.buffer, address >>> 0, count);
  }

  /** The octets of linear memory. */
  octets(address: number, count: number): Uint8Array {
    return new Uint8Array(this.raw.memory.buffer, address >>> 0, count);
  }

  private counts(enumeration: string, address: number): Record<string, number> {
    const members = this.kernel.members(enumeration);
    const words = this.words(address, members.length);
    return Object.fromEntries(members.map(([name, index]) => [name, words[index] ?? 0]));
  }

  private mustSucceed(what: string, status: number): void {
    if (status !== 0) throw new Error(`${what}: ${this.word('Status', status)}`);
  }

  private guard<T>(routine: () => T): T {
    try {
      return routine();
    } catch (error) {
      this.stopped ??= asStop(error, this.name);
      throw error;
    }
  }

  private writeTime(): void {
    const words = this.words(this.kernel.raw.sharedData(), 4);
    words[0] = this.timeUs % 2 ** 32;
    words[1] = Math.floor(this.timeUs / 2 ** 32);
    words[3] = Math.floor(this.timeUs / 10_000);
  }

  // The receive ring: the host is the card.
  private put(frames: readonly Uint8Array[]): void {
    const [produced = 0, consumed = 0, slots = 1, descriptors = 0, buffers = 0] = this.words(
      this.raw.receiveRing(0), 8,
    );
    if (frames.length > slots - (produced - consumed)) throw new Error('the ring is full');
    for (const [i, frame] of frames.entries()) {
      const slot = (produced + i) & (slots - 1);
      this.octets(buffers + slot * 1536 + 2, frame.length).set(frame);
      this.words(descriptors + slot * 8, 2)[1] = frame.length;
      this.onReceive?.(frame);
    }
    this.words(this.raw.receiveRing(0), 1)[0] = produced + frames.length;
  }

  // The transmit ring. Never calls the kernel: it may be asked in the middle of a send.
  private collect(): void {
    const address = this.raw.transmitRing(0);
    if (address === 0) return;
    const ring = this.words(address, 8);
    const [produced = 0, consumed = 0, slots = 1, descriptors = 0] = ring;
    for (let i = consumed; i !== produced; i = (i + 1) >>> 0) {
      const place = descriptors + (i & (slots - 1)) * 8;
      const [frame = 0, word = 0] = this.words(place, 2);
      this.hear(this.octets(frame, word & 0xffff).slice());
    }
    ring[1] = produced;
  }

  private hear(octets: Uint8Array): void {
    const heard = parseFrame(octets, this.nowMs);
    const asked = heard.arp?.operation === 1 ? heard.arp : undefined;
    const senderMac = asked === undefined ? undefined : this.stations.get(asked.target);
    if (asked === undefined || senderMac === undefined) {
      this.heard.push(heard);
      return;
    }
    this.waiting.push(arp({ operation: 2, sender: asked.target, senderMac, target: asked.sender }));
  }

  private deliverWaiting(): void {
    while (this.waiting.length > 0) {
      const frames = this.waiting.splice(0, 64);
      this.writeTime();
      this.guard(() => {
        this.put(frames);
        this.raw.onInterrupt(0);
      });
      this.collect();
    }
  }
}
