/** Answers what a kernel asks of its machine: stops, spins, findings, sites, full rings. */

import type { KernelHooks } from '../kernel/imports.js';
import type { Layout } from '../kernel/layout.js';
import { nameOf } from '../kernel/status.js';
import { KernelStop } from '../kernel/stop.js';

/** A rule of the verifier that was broken; what its words are stands in assembly/vf/rule.ts. */
export interface Finding {
  /** The name of the rule. */
  readonly rule: string;
  readonly words: readonly number[];
  /** Microseconds since boot. */
  readonly timeUs: number;
  readonly processor: number;
  readonly machine: string;
}

/** Findings that are kept: a rule that is broken with each frame must not fill the host. */
const KEPT_FINDINGS = 10_000;
/** Locks of which the latest site is kept. */
const KEPT_SITES = 4096;
/** Frames of a stack: the lock's own routines are the first of them. */
const STACK_FRAMES = 32;

interface Site {
  readonly sequence: number;
  /** Its stack is put into words only when somebody asks. */
  readonly trace: Error;
}

/** The witness of one machine. */
export class Witness implements KernelHooks {
  readonly findings: Finding[] = [];
  findingCount = 0;
  /** Set by the machine: takes what is in the transmit ring. */
  onTransmit: (adapter: number) => void = () => {};
  /** Set by the machine: microseconds since boot. */
  nowUs: () => number = () => 0;
  /** Set by the machine: the processor that runs. */
  processor: () => number = () => 0;
  /** Set once the kernel is loaded: its words. */
  layout: Layout | undefined;
  /** Set by the machine: whether the stack of each finding is kept. */
  keepsStacks = false;
  private readonly sites = new Map<number, Site>();
  /** Put into words only when somebody asks. */
  private readonly stacks = new WeakMap<Finding, Error>();

  constructor(
    readonly machine: string,
    readonly onPreempt: (point: number, object: number) => void = () => {},
  ) {}

  onBugCheck(code: number, p1: number, p2: number, p3: number, p4: number): never {
    const stop = this.layout === undefined ? String(code) : nameOf(this.layout, 'Stop', code);
    const words = [p1, p2, p3, p4];
    throw new KernelStop({ machine: this.machine, reason: 'bugcheck', stop, code, words });
  }

  /** Between two calls nobody else runs: who finds a lock taken spins for ever. */
  onSpin(lock: number, processor: number): never {
    const words = [lock, processor, 0, 0];
    throw new KernelStop({ machine: this.machine, reason: 'spin', stop: 'SPIN', code: 0, words });
  }

  onFinding(rule: number, p1: number, p2: number, p3: number): void {
    this.findingCount++;
    if (this.findings.length >= KEPT_FINDINGS) return;
    const finding = {
      rule: this.layout === undefined ? String(rule) : nameOf(this.layout, 'Rule', rule),
      words: [p1, p2, p3],
      timeUs: this.nowUs(),
      processor: this.processor(),
      machine: this.machine,
    };
    this.findings.push(finding);
    if (this.keepsStacks) this.stacks.set(finding, traceNow());
  }

  /** The stack on which a rule was broken, where those are kept. */
  stackOf(finding: Finding): string | undefined {
    return this.stacks.get(finding)?.stack;
  }

  onSite(object: number, sequence: number): void {
    this.sites.delete(object);
    this.sites.set(object, { sequence, trace: traceNow() });
    if (this.sites.size > KEPT_SITES) {
      for (const oldest of this.sites.keys()) {
        this.sites.delete(oldest);
        break;
      }
    }
  }

  /** The stack of the latest acquire of a lock, if it has that sequence number. */
  siteOf(object: number, sequence: number): string | undefined {
    const site = this.sites.get(object);
    return site?.sequence === sequence ? site.trace.stack : undefined;
  }
}

function traceNow(): Error {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_FRAMES;
  const trace = new Error('here');
  Error.stackTraceLimit = usual;
  return trace;
}
