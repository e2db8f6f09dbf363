/** Captures as links: a tap that writes what is sent, and a source that replays what was. */

import type { Clock } from '../machine/clock.js';
import { FRAME_OCTETS, FrameBatch } from './batch.js';
import { count, wrapLink } from './link.js';
import type { Link, LinkStats, Port } from './link.js';
import { LINKTYPE_ETHERNET } from './pcapformat.js';
import type { CaptureWriter } from './pcapngwrite.js';
import { readCapture } from './pcapread.js';

/** A link that plays a capture to whom is plugged in. */
export interface Replay extends Link {
  /** Frames still to be played. */
  readonly remaining: number;
}

interface PlayedFrame {
  readonly timeNs: number;
  readonly octets: Uint8Array;
}

/**
 * A link that records each frame at the time it is sent, whatever becomes of it below: around the
 * faults it records what cards send, within them what is left. Each end is an interface of the
 * capture; the n-th that is plugged in has the n-th of the names, or `end0`, `end1` …
 */
export function tapPcap(
  link: Link, writer: CaptureWriter, clock: Clock, names: readonly string[] = [],
): Link {
  return wrapLink(link, (port, end) => {
    const on = writer.addInterface(names[end] ?? `end${end}`);
    return {
      send(batch) {
        for (let i = 0; i < batch.count; i++) writer.write(on, clock.now, batch.frame(i));
        port.send(batch);
      },
      close: () => port.close(),
    };
  });
}

/**
 * Plays a capture over a link of two ends: takes one of them, lends the other to the first that
 * is plugged in, and begins at that instant, with the first frame and from then on with the times
 * of the capture. Frames of all interfaces are played, in the order of their times. What is sent
 * to it is dropped: `replay`. Not played: `linktype` (not Ethernet), `truncated` (not captured
 * whole), `oversize` (more than 1514 octets), `cut` (the last one, where the file ends within it).
 * @throws Error for a capture that is malformed, or spans more than the clock can tell; its
 * `attach` an Error for a second end.
 */
export function replayPcap(link: Link, octets: Uint8Array, clock: Clock): Replay {
  const frames = playedFrames(octets, link.stats);
  const far = link.attach({
    receive: (batch) => count(link.stats.dropped, 'replay', batch.count),
  });
  const player = new Player(frames, far, clock);
  let taken = false;
  return {
    stats: link.stats,
    get remaining() {
      return player.remaining;
    },
    attach(receiver) {
      if (taken) throw new Error('a capture plays to one end, and it is taken');
      const port = link.attach(receiver);
      taken = true;
      player.start();
      return {
        send: (batch) => port.send(batch),
        close() {
          player.stop();
          port.close();
        },
      };
    },
    close() {
      player.stop();
      link.close();
    },
  };
}

// What can be played, by time since the first; frames of the same time stay in order.
function playedFrames(octets: Uint8Array, stats: LinkStats): PlayedFrame[] {
  const captured = [];
  const onCut = (): void => count(stats.dropped, 'cut', 1);
  for (const frame of readCapture(octets, onCut)) {
    if (frame.linkType !== LINKTYPE_ETHERNET) count(stats.dropped, 'linktype', 1);
    else if (frame.octets.length < frame.originalLength) count(stats.dropped, 'truncated', 1);
    else if (frame.octets.length > FRAME_OCTETS) count(stats.dropped, 'oversize', 1);
    else captured.push(frame);
  }
  captured.sort((one, other) => Number(one.timeNs - other.timeNs));
  const firstNs = captured[0]?.timeNs ?? 0n;
  const spanNs = (captured.at(-1)?.timeNs ?? 0n) - firstNs;
  if (spanNs > BigInt(Number.MAX_SAFE_INTEGER)) {
    throw new Error(`capture: it spans ${spanNs} ns, more than the clock can tell (2^53)`);
  }
  return captured.map((frame) => ({
    timeNs: Number(frame.timeNs - firstNs),
    octets: frame.octets,
  }));
}

class Player {
  private readonly batch = new FrameBatch();
  private readonly event;
  private startNs = 0;
  private next = 0;

  constructor(
    private readonly frames: readonly PlayedFrame[],
    private readonly port: Port,
    private readonly clock: Clock,
  ) {
    this.event = clock.event(() => this.play());
  }

  get remaining(): number {
    return this.frames.length - this.next;
  }

  start(): void {
    this.startNs = this.clock.now;
    this.arm();
  }

  stop(): void {
    this.clock.cancel(this.event);
  }

  // Sends all frames of this instant.
  private play(): void {
    const elapsedNs = this.clock.now - this.startNs;
    for (;;) {
      const frame = this.frames[this.next];
      if (frame === undefined || frame.timeNs > elapsedNs) break;
      if (!this.batch.push(frame.octets)) {
        this.flush();
        continue;
      }
      this.next++;
    }
    this.flush();
    this.arm();
  }

  private flush(): void {
    if (this.batch.count > 0) this.port.send(this.batch);
    this.batch.clear();
  }

  private arm(): void {
    const frame = this.frames[this.next];
    if (frame !== undefined) this.clock.schedule(this.event, this.startNs + frame.timeNs);
  }
}
