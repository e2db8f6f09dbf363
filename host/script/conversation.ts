/**
 * One connection between the script's numbers and those on the wire: sequence numbers begin at 0
 * in a script, timestamps at what it says; ports are the script's where it names them.
 */

import type { TcpOption } from './syntax.js';

/** One connection, as a script and the wire know it. */
export class Conversation {
  /** Whether our initial sequence number has been seen; before, any will do. */
  known = false;
  /** From a number of the script to that on the wire: of what we send, and of what they do. */
  private localOffset = 0;
  private readonly timestamps = new Map<number, number>();
  private firstTimestamp: { readonly script: number; readonly live: number } | undefined;

  /**
   * `remoteOffset` is where the script's 0 is among their numbers; `scriptPorts` what the script
   * calls the ports, ours first, where it names them.
   */
  constructor(
    readonly localPort: number,
    readonly remotePort: number,
    private readonly remoteOffset: number,
    readonly scriptPorts?: { readonly local: number; readonly remote: number },
  ) {}

  /** Our SYN: its number on the wire is what the script calls `script`. */
  learn(live: number, script: number): void {
    this.localOffset = (live - script) >>> 0;
    this.known = true;
  }

  /** A number of our octets, on the wire and in the script. */
  liveLocal(script: number): number {
    return (script + this.localOffset) >>> 0;
  }

  scriptLocal(live: number): number {
    return (live - this.localOffset) >>> 0;
  }

  /** A number of their octets. */
  liveRemote(script: number): number {
    return (script + this.remoteOffset) >>> 0;
  }

  scriptRemote(live: number): number {
    return (live - this.remoteOffset) >>> 0;
  }

  /** Options of a segment to us, as they go on the wire: blocks name our octets. */
  liveOptions(options: readonly TcpOption[]): TcpOption[] {
    return options.map((option) => {
      if (option.kind === 'TS') return { ...option, echo: this.liveTimestamp(option.echo) };
      if (option.kind !== 'sack') return option;
      const blocks = option.blocks.map(({ left, right }) => ({
        left: this.liveLocal(left), right: this.liveLocal(right),
      }));
      return { ...option, blocks };
    });
  }

  /** Options of a segment of ours, as the script would write them: blocks name their octets. */
  scriptOptions(options: readonly TcpOption[]): TcpOption[] {
    return options.map((option) => {
      if (option.kind !== 'sack') return option;
      const blocks = option.blocks.map(({ left, right }) => ({
        left: this.scriptRemote(left), right: this.scriptRemote(right),
      }));
      return { ...option, blocks };
    });
  }

  /** We sent the time `live` where the script has `script`. */
  noteTimestamp(script: number, live: number): void {
    this.firstTimestamp ??= { script, live };
    this.timestamps.set(script, live);
  }

  /** How far a time of ours is from where the script has it, in ticks since the first of both. */
  timestampError(script: number, live: number): number {
    const first = this.firstTimestamp;
    return first === undefined ? 0 : ((live - first.live) | 0) - ((script - first.script) | 0);
  }

  /** A time of ours that the script has them echo. */
  private liveTimestamp(script: number): number {
    const known = this.timestamps.get(script);
    const first = this.firstTimestamp;
    if (known !== undefined || first === undefined || script === 0) return known ?? script;
    return (script - first.script + first.live) >>> 0;
  }
}

/** All connections of a script, found by either's ports. */
export class Conversations {
  /** The one that packets without ports are of. */
  current: Conversation | undefined;
  private readonly all: Conversation[] = [];

  /** `drawOffset` gives each connection its numbers. */
  constructor(private readonly drawOffset: () => number) {}

  /** The one with these ports on the wire. */
  findLive(localPort: number, remotePort: number): Conversation | undefined {
    return this.all.find((each) => {
      return each.localPort === localPort && each.remotePort === remotePort;
    });
  }

  /** The one that the script calls so, or the current one where it does not say. */
  findScript(ports?: { local: number; remote: number }): Conversation | undefined {
    if (ports === undefined) return this.current;
    return this.all.find(({ scriptPorts }) => {
      return scriptPorts?.local === ports.local && scriptPorts.remote === ports.remote;
    });
  }

  /** Begins one, and makes it the current one. */
  begin(
    localPort: number, remotePort: number, scriptPorts?: { local: number; remote: number },
  ): Conversation {
    const made = new Conversation(localPort, remotePort, this.drawOffset(), scriptPorts);
    this.all.unshift(made);
    this.current = made;
    return made;
  }
}
