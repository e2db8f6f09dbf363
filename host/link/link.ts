/** What a card is plugged into: the interface of all links, and how one link wraps another. */

import type { FrameBatch } from './batch.js';

/** Who gets the frames: a card. */
export interface Receiver {
  /** Frames that arrive at this instant; read during the call only, and never written. */
  receive(batch: FrameBatch): void;
}

/** One end of a link, as the card that is plugged in there sees it. */
export interface Port {
  /** Sends frames. What is needed of the batch is copied before this returns. */
  send(batch: FrameBatch): void;
  /** Unplugs. Frames still on their way to this end are lost; closing twice is harmless. */
  close(): void;
}

/** What a link counted. A link and all that wrap it count in the same object. */
export interface LinkStats {
  /** Frames delivered, once for each receiver. */
  frames: number;
  /** Their octets. */
  octets: number;
  /** Frames that were not delivered, by reason. */
  dropped: Record<string, number>;
  /** Frames that a fault changed, by fault. */
  altered: Record<string, number>;
}

/** What carries frames between its ends, on the virtual clock. */
export interface Link {
  /**
   * Plugs a receiver in. A receiver is called from an event of the clock, never from within `send`.
   * @throws Error if the link is closed, or has no end left.
   */
  attach(receiver: Receiver): Port;
  /** Unplugs all ends; what is on its way is lost. */
  close(): void;
  /** What it counted so far; live. */
  readonly stats: LinkStats;
}

/** Counters at zero. */
export function emptyStats(): LinkStats {
  return { frames: 0, octets: 0, dropped: {}, altered: {} };
}

/** Counts frames under a name: a reason in `dropped`, or a fault in `altered`. */
export function count(counters: Record<string, number>, name: string, frames: number): void {
  if (frames > 0) counters[name] = (counters[name] ?? 0) + frames;
}

/**
 * A link with something between each card and its end. `wrapPort` is given the end and its number,
 * in the order of plugging in: whatever it does to what is sent, it does for that direction alone.
 * It may be given the receiver as well.
 */
export function wrapLink(
  link: Link,
  wrapPort: (port: Port, end: number, receiver: Receiver) => Port,
): Link {
  const ports = new Set<Port>();
  let ends = 0;
  return {
    stats: link.stats,
    attach(receiver) {
      const wrapped = wrapPort(link.attach(receiver), ends, receiver);
      ends++;
      ports.add(wrapped);
      return {
        send: (batch) => wrapped.send(batch),
        close() {
          ports.delete(wrapped);
          wrapped.close();
        },
      };
    },
    close() {
      for (const port of ports) port.close();
      ports.clear();
      link.close();
    },
  };
}
