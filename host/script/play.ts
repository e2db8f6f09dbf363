/**
 * A script on a machine, in virtual time: what it does is done at its instant, what must come is
 * waited for, and the first thing that is otherwise ends it.
 */

import type { Clock } from '../machine/clock.js';
import { beginCall, outcomeDiffers } from './calls.js';
import type { Attempt, Outcome } from './calls.js';
import { runCode } from './assertion.js';
import { runCommand } from './command.js';
import { expectPacket, injectPacket } from './exchange.js';
import type { Span, Wire } from './exchange.js';
import type { Program } from './program.js';
import { Failure, seconds } from './failure.js';
import type { Call, EventTime, Place, Script, ScriptEvent } from './syntax.js';
import { infoOf, namedNumber } from './tcpinfo.js';
import { WrongValue } from './values.js';

/** A call that waits for its end. */
interface Waiting {
  readonly event: ScriptEvent;
  readonly call: Call;
  readonly attempt: Attempt;
  /** When the script has it return. */
  readonly endNs: number;
  outcome: Outcome | undefined;
  /** When it did return. */
  returnedNs: number;
}

/** The longest that is waited for a packet that may come at any time. */
const LONGEST_NS = 3600e9;

/** Plays one script. */
export class Player {
  private readonly clock: Clock;
  /** When the script began, and when the event before happened. */
  private readonly startNs: number;
  private previousNs: number;
  private waiting: Waiting | undefined;
  private seenNews = 0;

  constructor(
    private readonly script: Script,
    private readonly program: Program,
    private readonly wire: Wire,
    /** Whether a packet that the script has not asked for ends it. */
    private readonly strict: boolean,
  ) {
    this.clock = program.machine.clock;
    this.startNs = this.clock.now;
    this.previousNs = this.startNs;
  }

  /** @throws Failure for the first thing that is otherwise; MissingFeature. */
  play(): void {
    const { before, after, events } = this.script;
    for (const command of before) this.command(command, { line: 1, column: 1 });
    for (const event of events) this.happen(event);
    this.awaitCall();
    if (this.strict) this.mustBeSilent();
    const last = events.at(-1)?.place ?? { line: 1, column: 1 };
    for (const command of after) this.command(command, last);
  }

  /**
   * Runs the clock to a time, or until something is so, and sees after each event whether a call
   * that waits has ended. @throws KernelStop where the machine has stopped.
   */
  advance(toNs: number, isDone: () => boolean = () => false): void {
    for (;;) {
      this.look();
      if (isDone()) return;
      const next = this.clock.next();
      if (next === undefined || next > toNs) break;
      this.clock.step();
    }
    if (toNs > this.clock.now) this.clock.runUntil(toNs);
    const { stopped } = this.program.machine;
    if (stopped !== undefined) throw stopped;
    this.look();
  }

  private happen(event: ScriptEvent): void {
    const { action, time, place } = event;
    const span = this.spanOf(time);
    if (action.kind === 'packet' && action.packet.direction === '>') {
      const came = expectPacket(this.wire, this, event, action.packet, span, this.startNs);
      this.previousNs = Math.max(came, this.previousNs);
      return;
    }
    this.advance(Math.max(span.fromNs, this.clock.now));
    this.previousNs = this.clock.now;
    if (action.kind === 'packet') injectPacket(this.wire, action.packet);
    else if (action.kind === 'command') this.command(action.command, place);
    else if (action.kind === 'code') this.code(action.code, place);
    else this.call(event, action.call);
    this.advance(this.clock.now);
  }

  private spanOf(time: EventTime): Span {
    if (time.kind === 'any') {
      return { fromNs: this.startNs, toNs: this.clock.now + LONGEST_NS, toleranceNs: 0 };
    }
    const base = time.kind === 'absolute' ? this.startNs : this.previousNs;
    const fromNs = base + time.fromNs;
    return {
      fromNs, toNs: base + time.toNs, toleranceNs: this.toleranceOf(fromNs - this.previousNs),
    };
  }

  private toleranceOf(gapNs: number): number {
    const { toleranceNs, tolerancePercent } = this.program.settings;
    return Math.max(toleranceNs, Math.floor((gapNs * tolerancePercent) / 100));
  }

  private call(event: ScriptEvent, call: Call): void {
    this.awaitCall();
    const { place, time } = event;
    const attempt = this.guarded(place, () => beginCall(this.program, call));
    const ask = (): Outcome | undefined => this.guarded(place, attempt);
    const begunNs = this.clock.now;
    const outcome = ask();
    if (time.endNs !== undefined) {
      const endNs = begunNs + time.endNs - time.fromNs;
      this.waiting = {
        event, call, attempt: ask, endNs, outcome,
        returnedNs: outcome === undefined ? 0 : begunNs,
      };
      return;
    }
    if (outcome !== undefined) {
      this.mustBe(place, call, outcome);
      return;
    }
    this.advance(this.clock.now);
    const later = ask();
    if (later === undefined) {
      const words = `${call.name}() waits, and the script has it return`;
      throw new Failure(this.script.path, place, words);
    }
    this.mustBe(place, call, later);
  }

  /** What is wrong with the values of a call is said where it stands. */
  private guarded<T>(place: Place, act: () => T): T {
    try {
      return act();
    } catch (thrown) {
      if (thrown instanceof WrongValue || thrown instanceof TypeError) {
        throw new Failure(this.script.path, place, thrown.message);
      }
      throw thrown;
    }
  }

  private mustBe(place: Place, call: Call, outcome: Outcome): void {
    const differs = outcomeDiffers(outcome, call);
    if (differs === undefined) return;
    const when = seconds(this.clock.now - this.startNs);
    throw new Failure(this.script.path, place, `${differs}, at ${when}`);
  }

  /** Whether the call that waits has ended. */
  private look(): void {
    const { waiting } = this;
    if (waiting === undefined || waiting.outcome !== undefined) return;
    const { news } = this.program.sockets;
    if (news === this.seenNews) return;
    this.seenNews = news;
    waiting.outcome = waiting.attempt();
    waiting.returnedNs = this.clock.now;
  }

  /** The end of the call that waits, which must come when the script has it. */
  private awaitCall(): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    const { call, event, endNs } = waiting;
    const toleranceNs = this.toleranceOf(endNs - this.previousNs);
    const latestNs = Math.max(this.clock.now, endNs + toleranceNs);
    this.advance(latestNs, () => waiting.outcome !== undefined);
    // What comes next is not held up by what might have come until then.
    if (this.clock.now < endNs) this.advance(endNs);
    this.waiting = undefined;
    const { outcome, returnedNs } = waiting;
    const [due, came, tolerance] = [
      endNs - this.startNs, returnedNs - this.startNs, toleranceNs,
    ].map(seconds);
    if (outcome === undefined) {
      const words = `${call.name}() has not returned: expected at ${due}, within ${tolerance}`;
      throw new Failure(this.script.path, event.place, words);
    }
    this.mustBe(event.place, call, outcome);
    if (Math.abs(returnedNs - endNs) <= toleranceNs) return;
    const words = `${call.name}() returned at ${came}: expected at ${due}, within ${tolerance}`;
    throw new Failure(this.script.path, event.place, words);
  }

  private command(line: string, place: Place): void {
    const failed = runCommand(this.program, line);
    if (failed !== undefined) throw new Failure(this.script.path, place, failed);
  }

  private code(code: string, place: Place): void {
    const { sockets, machine } = this.program;
    const subject = sockets.current ?? sockets.all().at(-1);
    const failed = runCode(code, (name) => {
      const named = namedNumber(name);
      if (named !== undefined || subject === undefined) return named;
      return infoOf(machine, subject, name);
    });
    if (failed !== undefined) throw new Failure(this.script.path, place, failed);
  }

  /** Nothing has come that the script does not know of. */
  private mustBeSilent(): void {
    const [first] = this.wire.peer.heard;
    if (first === undefined) return;
    const place = this.script.events.at(-1)?.place ?? { line: 1, column: 1 };
    const words = this.wire.wordsOf(first.frame);
    const when = seconds(first.timeNs - this.startNs);
    const reason = `a packet that the script does not have, at ${when}:`;
    throw new Failure(this.script.path, place, reason, [`  ${words}`]);
  }
}
