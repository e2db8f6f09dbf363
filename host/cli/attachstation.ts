/**
 * An attached machine on a NetBIOS network: its names, a server of sessions that gives back what
 * comes, its part in browsing, and commands at its prompt.
 */

import { receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import type { Machine } from '../machine/machine.js';
import type { NetbiosListener, NetbiosSession, RegisteredName } from '../machine/usermode.js';
import { Browser } from '../user/browser.js';
import { Prompt } from '../user/prompt.js';
import type { Answer } from '../user/prompt.js';
import { hasStatus } from '../user/service.js';
import { registerStation } from '../user/station.js';
import type { StationPlan } from './attachplan.js';
import { oneLine } from './wronguse.js';

/** What the machine is told while it runs. */
export type AttachOrder =
  | { readonly kind: 'command'; readonly line: string }
  | { readonly kind: 'end' };

/** How it tells what a command came to. */
type Tell = (line: string, answer: Answer) => void;

const COMMENT = 'ntstack';
/** Sessions that may wait to be accepted. */
const BACKLOG = 20;
/** What giving names back takes: three broadcasts, 750 ms apart, and more. */
const LEAVE_NS = 3e9;

/** A machine's part in the network. */
export class Station {
  private names: readonly RegisteredName[] = [];
  private readonly listeners: NetbiosListener[] = [];
  private readonly browser: Browser;
  private readonly prompt: Prompt;
  /** What is to be done before the next command. */
  private before: Promise<void> = Promise.resolve();
  private leaveNs: number | undefined;

  constructor(
    private readonly machine: Machine, private readonly plan: StationPlan,
    private readonly orders: MessagePort, private readonly tell: Tell,
  ) {
    this.browser = new Browser(machine, plan.group);
    this.prompt = new Prompt({
      run: async (ns) => machine.sleep(ns),
      complete: async (promise, mostNs) => settled(machine, promise, mostNs),
    }, machine, this.browser);
  }

  /** Registers its names, and begins to serve. @throws Error where another has one of them. */
  async start(): Promise<void> {
    const starting = this.serve();
    this.before = starting.catch(() => {});
    return starting;
  }

  private async serve(): Promise<void> {
    const { machine, plan: { name, group, master } } = this;
    this.names = await registerStation(machine, name, group);
    for (const direct of [false, true]) {
      const options = { backlog: BACKLOG, direct };
      const { sessions } = machine.user;
      this.listeners.push(await sessions.listen(`${name}<20>`, options, giveBack));
    }
    if (master) await this.browser.master();
    const server = this.names.find((each) => each.name === `${name}<20>`);
    if (server !== undefined) void this.browser.announce(server, COMMENT);
  }

  /** Looks what it was told; false once it has been told to end, and has given its names back. */
  isWanted(): boolean {
    for (let next = this.take(); next !== undefined; next = this.take()) {
      if (next.kind === 'end') this.leave();
      else this.run(next.line);
    }
    return this.leaveNs === undefined || this.machine.clock.now < this.leaveNs;
  }

  /** When it must be looked at again, at the latest. */
  get dueNs(): number {
    return this.leaveNs ?? Infinity;
  }

  private take(): AttachOrder | undefined {
    return (receiveMessageOnPort(this.orders) as { message: AttachOrder } | undefined)?.message;
  }

  private leave(): void {
    this.after(async () => {
      this.leaveNs ??= this.machine.clock.now + LEAVE_NS;
      // A name that somebody listens on is in use.
      for (const listener of this.listeners) listener.close();
      for (const name of this.names) name.delete();
    });
  }

  /** One command at a time, in their order. */
  private run(line: string): void {
    this.after(async () => this.tell(line, await this.answer(line)));
  }

  private async answer(line: string): Promise<Answer> {
    try {
      return await this.prompt.run(line);
    } catch (thrown) {
      const text = oneLine(thrown);
      return { text, data: { error: text }, failed: true };
    }
  }

  /** Does something when all before it is done, whatever came of that. */
  private after(what: () => Promise<void>): void {
    const { before } = this;
    this.before = (async () => {
      await before;
      await what();
    })();
  }
}

/** What comes goes back, message by message. */
async function giveBack(session: NetbiosSession): Promise<void> {
  try {
    for (;;) {
      const message = await session.receive();
      if (message === undefined) break;
      await session.send(message);
    }
    session.close();
  } catch (thrown) {
    // A peer that resets, or a machine that ends, ends the session and nothing else.
    if (!hasStatus(thrown)) throw thrown;
    session.abort();
  }
}

/** What a promise gives, where it is in time: late ones are left to themselves. */
async function settled<T>(machine: Machine, promise: PromiseLike<T>, mostNs: number): Promise<T> {
  const late = Symbol('late');
  const first = await Promise.race([promise, tellLate(machine, mostNs, late)]);
  if (first !== late) return first as T;
  throw new Error(`not settled within ${mostNs / 1e9} s`);
}

async function tellLate<L>(machine: Machine, ns: number, late: L): Promise<L> {
  await machine.sleep(ns);
  return late;
}
