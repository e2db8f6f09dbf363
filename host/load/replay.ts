/**
 * Replays a recording: for each of its conversations a client connects to the server, on the port
 * that was recorded, and both send what they sent then, at the time they did. When all are over,
 * it begins again. Several rounds go on at a time, each as if it were alone.
 */

import type { Event } from '../machine/clock.js';
import type { Machine } from '../machine/machine.js';
import type { World } from '../machine/world.js';
import { Door } from './door.js';
import { Gate, GuestList } from './gate.js';
import { emptyFigures, isLost } from './load.js';
import type { Load, LoadContext } from './load.js';
import { Play } from './play.js';
import type { Production } from './play.js';
import { deskOf } from './player.js';
import type { Desk } from './player.js';
import type { Conversation } from './recording.js';
import { scriptOf } from './script.js';
import type { Script } from './script.js';

/** How the recording is played. */
export interface ReplayOptions {
  readonly conversations: readonly Conversation[];
  /** Rounds of each client at a time; 1 where not given. */
  readonly rounds?: number;
  /** How often each round is played; without end where not given. */
  readonly times?: number;
  /** How many times faster than recorded; 1 where not given. */
  readonly speed?: number;
}

const BETWEEN_ROUNDS_NS = 10_000_000;
/** The longest backlog that NT Server gives (Q127144). */
const LONGEST_BACKLOG = 200;

/**
 * A replay.
 * @throws TypeError for a recording without conversations, or a speed that is none.
 */
export function createReplay(options: ReplayOptions): Load {
  const { conversations, rounds = 1, times = Infinity, speed = 1 } = options;
  if (conversations.length === 0) throw new TypeError('conversations: none in this recording');
  if (!(speed > 0 && speed <= 1e6)) throw new TypeError(`speed: ${speed} is no factor above 0`);
  return new Replay(conversations.map(scriptOf), rounds, times, speed);
}

class Replay implements Load, Production {
  readonly name = 'replay';
  readonly figures = emptyFigures();
  readonly guests = new GuestList();
  stopping = false;
  private readonly doors = new Map<number, Door>();
  private readonly rounds: Round[] = [];
  private readonly failures = new Map<string, Failure>();
  private world: World | undefined;
  private server: Machine | undefined;

  constructor(
    private readonly scripts: readonly Script[],
    private readonly perClient: number,
    readonly times: number,
    readonly speed: number,
  ) {
    this.figures.missing = scripts.reduce((sum, { missing }) => sum + missing, 0);
  }

  get open(): number {
    let open = 0;
    for (const { gate } of this.doors.values()) if (gate.open) open++;
    for (const round of this.rounds) open += round.open;
    return open;
  }

  start(world: World, context: LoadContext): void {
    this.world = world;
    this.server = context.server;
    const server = deskOf(context.server);
    const clients = context.clients.map(deskOf);
    this.openDoors(context.server, this.perClient * clients.length);
    for (let i = 0; i < this.perClient; i++) {
      for (const client of clients) this.beginRound(world, { client, server });
    }
  }

  stop(): void {
    this.stopping = true;
    for (const round of this.rounds) round.finish();
    if (this.world === undefined) return;
    for (const { gate } of this.doors.values()) gate.closeSoon(this.world.clock);
  }

  abandon(): void {
    this.stopping = true;
    for (const round of this.rounds) round.abandon();
    for (const { gate } of this.doors.values()) gate.close();
  }

  failed(reason: string, where: string): void {
    const { failures, world, server, figures: { complaints } } = this;
    if (world === undefined || server === undefined || this.stopping) return;
    // What a link loses may well end a conversation, and so may a machine that is no more.
    if (isLost(server) || hasLost(world)) return;
    const failure = failures.get(reason) ?? { at: complaints.length, count: 0, where };
    failure.count++;
    failures.set(reason, failure);
    const many = failure.count === 1 ? '1 conversation' : `${failure.count} conversations`;
    complaints[failure.at] = `replay: ${many} failed: ${reason} (the first: ${failure.where})`;
  }

  private openDoors(server: Machine, rounds: number): void {
    const counts = new Map<number, number>();
    for (const { serverPort } of this.scripts) {
      counts.set(serverPort, (counts.get(serverPort) ?? 0) + rounds);
    }
    const expect = (address: number, port: number) => this.guests.take(address, port);
    for (const [port, count] of counts) {
      const backlog = Math.min(LONGEST_BACKLOG, count);
      this.doors.set(port, new Door(new Gate(server, port, backlog, expect), backlog));
    }
  }

  private beginRound(world: World, desks: { client: Desk; server: Desk }): void {
    const round: Round = new Round(this, world);
    for (const script of this.scripts) {
      const door = this.doors.get(script.serverPort);
      if (door === undefined) continue;
      round.plays.push(new Play(this, script, door, desks, () => round.ended()));
    }
    this.rounds.push(round);
    round.begin();
  }
}

/** Conversations that failed for one reason. */
interface Failure {
  /** Where their complaint stands. */
  readonly at: number;
  count: number;
  /** The first of them. */
  readonly where: string;
}

function hasLost({ link, machines }: World): boolean {
  const { dropped, altered } = link.stats;
  if (dropped['loss'] || dropped['queue'] || altered['corrupt']) return true;
  return machines.some(({ card }) => card.stats.droppedIn.ring > 0);
}

/** All conversations of the recording, each at its time; then again. */
class Round {
  readonly plays: Play[] = [];
  private readonly next: Event;
  private played = 0;
  private over = 0;

  constructor(private readonly replay: Replay, private readonly world: World) {
    this.next = world.clock.event(() => this.begin());
  }

  /** Sockets that it has open. */
  get open(): number {
    let open = 0;
    for (const play of this.plays) open += play.open;
    return open;
  }

  begin(): void {
    const { stopping, times, speed } = this.replay;
    if (stopping || this.played >= times) return;
    this.played++;
    this.over = 0;
    const first = this.plays.reduce((ns, { script }) => Math.min(ns, script.startNs), Infinity);
    for (const play of this.plays) play.set(Math.round((play.script.startNs - first) / speed));
  }

  /** One of them is over. */
  ended(): void {
    this.over++;
    if (this.over < this.plays.length || this.replay.stopping) return;
    this.world.clock.schedule(this.next, this.world.clock.now + BETWEEN_ROUNDS_NS);
  }

  finish(): void {
    for (const play of this.plays) play.finish();
  }

  abandon(): void {
    for (const play of this.plays) play.abandon();
  }
}
