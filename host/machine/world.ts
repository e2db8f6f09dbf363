/**
 * Several machines on one link and one clock: discrete events, earliest first. Same options and
 * same programs, same frames, octet for octet.
 */

import type { Link } from '../link/link.js';
import type { Clock } from './clock.js';
import type { FrameDigest } from './digest.js';
import type { Machine } from './machine.js';
import type { Random } from './random.js';
import type { Runner } from './run.js';
import { didYouMean } from './suggest.js';

/** What a world is made of. */
export interface WorldParts {
  readonly random: Random;
  readonly runner: Runner;
  readonly link: Link;
  readonly links: ReadonlyMap<string, Link>;
  readonly machines: readonly Machine[];
  /** Of all frames sent to the link; undefined where none is kept. */
  readonly frames: FrameDigest | undefined;
}

/** A world. Time stands still in it unless `run` or `runUntil` moves it. */
export class World {
  readonly clock: Clock;
  readonly random: Random;
  readonly runner: Runner;
  /** What the machines are plugged into; others may be plugged in beside them. */
  readonly link: Link;
  /** Those beside it, by their names. */
  readonly links: ReadonlyMap<string, Link>;
  /** In the order of the options. */
  readonly machines: readonly Machine[];
  private readonly frames: FrameDigest | undefined;

  constructor(parts: WorldParts) {
    this.clock = parts.runner.clock;
    this.random = parts.random;
    this.runner = parts.runner;
    this.link = parts.link;
    this.links = parts.links;
    this.machines = parts.machines;
    this.frames = parts.frames;
  }

  /** The machine of a name, or of a number. @throws TypeError where there is none. */
  machine(name: string | number): Machine {
    const found = this.machines.find((each, i) => each.name === name || i === name);
    if (found !== undefined) return found;
    const names = this.machines.map((each) => each.name);
    const hint = didYouMean(String(name), names);
    throw new TypeError(`no machine ${name} among ${names.join(', ')}${hint}`);
  }

  /** Runs so many ns of virtual time; see `Runner`. */
  async run(ns: number): Promise<void> {
    return this.runner.run(ns);
  }

  /** Runs until something is so, or so many ns have passed: then false; see `Runner`. */
  async runUntil(
    what: (() => boolean) | PromiseLike<unknown>, mostNs: number,
  ): Promise<boolean> {
    return this.runner.runUntil(what, mostNs);
  }

  /** Settled when so many ns of virtual time have passed: for programs. */
  async sleep(ns: number): Promise<void> {
    return this.runner.sleep(ns);
  }

  /** Runs until a promise is settled, and gives what it gives; see `Runner`. */
  async complete<T>(promise: PromiseLike<T>, mostNs: number): Promise<T> {
    return this.runner.complete(promise, mostNs);
  }

  /**
   * A digest of all frames that were sent to the link so far, with their times and ends.
   * @throws Error in a world that keeps none.
   */
  digest(): string {
    if (this.frames === undefined) throw new Error('digest: false: this world keeps none');
    return this.frames.toString();
  }

  /** Stops all machines and closes the link. */
  stop(): void {
    for (const machine of this.machines) machine.stop();
    for (const link of [this.link, ...this.links.values()]) link.close();
  }
}
