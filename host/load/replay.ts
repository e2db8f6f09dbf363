/**
 * Replays a recording: for each of its conversations a client connects to the server, on the port
 * that was recorded, and both send what they sent then, at the time they did. When all are over,
 * it begins again. Several rounds go on at a time, each as if it were alone.
 */

import type { Clock, Event } from '../machine/clock.js';
import type { World } from '../machine/world.js';
import { Gate, GuestList } from './gate.js';
import { complain, countFailure, emptyFigures, isLost } from './load.js';
import type { Load, LoadContext } from './load.js';
import { Player, deskOf } from './player.js';
import type { Desk, Stage } from './player.js';
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

class Replay implements Load {
  readonly name = 'replay';
  readonly figures = emptyFigures();
  readonly guests = new GuestList();
  readonly gates = new Map<number, Gate>();
  stopping = false;
  private readonly plays: Play[] = [];
  private readonly rounds: Round[] = [];
  private clock: Clock | undefined;

  constructor(
    private readonly scripts: readonly Script[],
    private readonly perClient: number,
    readonly times: number,
    readonly speed: number,
  ) {}

  get open(): number {
    const gates = [...this.gates.values()].filter((gate) => gate.open).length;
    return this.plays.reduce((sum, play) => sum + play.open, gates);
  }

  start(world: World, context: LoadContext): void {
    this.clock = world.clock;
    const server = deskOf(context.server);
    const rounds = this.perClient * context.clients.length;
    const backlog = Math.min(200, rounds * this.scripts.length);
    for (const { serverPort } of this.scripts) {
      if (this.gates.has(serverPort)) continue;
      const expect = (address: number, port: number) => this.guests.take(address, port);
      this.gates.set(serverPort, new Gate(context.server, serverPort, backlog, expect));
    }
    for (let i = 0; i < this.perClient; i++) {
      for (const machine of context.clients) {
        const client = deskOf(machine);
        const round = new Round(this, world);
        for (const script of this.scripts) {
          const play = new Play(this, round, world, script, client, server);
          this.plays.push(play);
          round.plays.push(play);
        }
        this.rounds.push(round);
        round.begin();
      }
    }
  }

  stop(): void {
    this.stopping = true;
    for (const play of this.plays) play.finish();
    if (this.clock === undefined) return;
    for (const gate of this.gates.values()) gate.closeSoon(this.clock);
  }

  abandon(): void {
    this.stopping = true;
    for (const play of this.plays) play.abandon();
    for (const gate of this.gates.values()) gate.close();
  }
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

  begin(): void {
    if (this.replay.stopping || this.played >= this.replay.times) return;
    this.played++;
    this.over = 0;
    const first = Math.min(...this.plays.map((play) => play.script.startNs));
    for (const play of this.plays) play.set(Math.round((play.script.startNs - first) / this.speed));
  }

  /** One of them is over. */
  ended(): void {
    this.over++;
    if (this.over < this.plays.length || this.replay.stopping) return;
    this.world.clock.schedule(this.next, this.world.clock.now + BETWEEN_ROUNDS_NS);
  }

  private get speed(): number {
    return this.replay.speed;
  }
}

/** One conversation, between two players. */
class Play implements Stage {
  private readonly client: Player;
  private readonly server: Player;
  private readonly start: Event;
  private expected = -1;
  private isConnected = false;
  private completed = 0;

  constructor(
    private readonly replay: Replay,
    private readonly round: Round,
    private readonly world: World,
    readonly script: Script,
    client: Desk,
    server: Desk,
  ) {
    this.client = new Player(this, client, script.client, script.server, replay.speed);
    this.server = new Player(this, server, script.server, script.client, replay.speed);
    this.start = world.clock.event(() => this.begin());
  }

  get open(): number {
    return (this.client.handle === 0 ? 0 : 1) + (this.server.handle === 0 ? 0 : 1);
  }

  /** To begin so many ns from now. */
  set(ns: number): void {
    this.world.clock.schedule(this.start, this.world.clock.now + ns);
  }

  /** Plays on to its end, if it has begun. */
  finish(): void {
    this.world.clock.cancel(this.start);
    if (!this.isConnected) this.client.close(true);
  }

  abandon(): void {
    this.world.clock.cancel(this.start);
    this.client.close(true);
    this.server.close(true);
  }

  connected(status: number): void {
    if (status < 0) {
      countFailure(this.replay.figures, this.client.desk.machine, status);
      this.over();
      return;
    }
    this.isConnected = true;
    this.replay.figures.opened++;
  }

  complete(): void {
    this.completed++;
    if (this.completed < 2) return;
    const { figures } = this.replay;
    const { client, server, endsFirst, resets } = this.script;
    figures.replayed++;
    const octets = client.octets.length + server.octets.length;
    figures.octets += octets;
    figures.verified += octets;
    const player = endsFirst === 'client' ? this.client : this.server;
    if (!resets) player.desk.raw.shutdown(player.handle);
    else {
      player.close(true);
      figures.closed++;
      this.over();
    }
  }

  broken(player: Player): void {
    if (this.completed === 2) this.replay.figures.closed++;
    else this.replay.figures.aborted++;
    player.close(true);
    this.over();
  }

  ended(player: Player, missing: number): void {
    if (missing > 0) {
      this.complain(player, `${missing} octets of the recording did not come`);
      this.over();
      return;
    }
    // A side that has more to send goes on; it is closed when the other has all of it.
    if (this.completed < 2) return;
    player.close(false);
    if (this.open !== 0) return;
    this.replay.figures.closed++;
    this.over();
  }

  differs(player: Player, at: number): void {
    this.complain(player, `octet ${at} is not as recorded`);
    this.over();
  }

  private begin(): void {
    const { guests, gates, figures } = this.replay;
    const { raw, machine, clock } = this.client.desk;
    this.completed = 0;
    this.isConnected = false;
    this.client.renew(clock.now);
    this.server.renew(clock.now);
    const handle = raw.open('stream', this.client);
    if (handle === 0) {
      if (isLost(machine)) return;
      figures.exhausted++;
      this.over();
      return;
    }
    this.client.arrive(handle);
    const port = gates.get(this.script.serverPort)?.port ?? this.script.serverPort;
    const status = raw.connect(handle, this.server.desk.machine.settings.address, port);
    if (status < 0) this.connected(status);
    else this.expected = guests.add(machine, handle, this.server);
  }

  private complain(player: Player, sentence: string): void {
    const { side } = player.part;
    const where = `replay: ${player.desk.machine.name}: ${side} on port ${this.script.serverPort}`;
    complain(this.replay.figures, `${where}: ${sentence}`);
  }

  private over(): void {
    this.replay.guests.remove(this.expected);
    this.client.close(true);
    this.server.close(true);
    this.round.ended();
  }
}
