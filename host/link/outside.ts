/** The end of a link that is not ours: a stream of frames to and from somebody else's network. */

import { FrameBatch } from './batch.js';
import { Deframer, Framer } from './framing.js';
import { count } from './link.js';
import type { Link } from './link.js';

/** What carries the stream, as the link sees it. */
export interface OutsideStream {
  /** Takes a piece; it is read during the call only. */
  write(piece: Uint8Array): void;
}

/** What the link is to who carries the stream. */
export interface OutsideEnd {
  /**
   * A piece of the stream came, at this instant of the clock.
   * @throws Error where it is no stream of frames.
   */
  feed(piece: Uint8Array): void;
  /** Writes what the machine has sent. */
  flush(): void;
  /** Asks the helper for a frame of no octets so many microseconds from now. */
  wakeAfter(us: number): void;
}

// Where a length would stand: the rest of the word is microseconds.
const WAKE = 0x8000_0000;
const MOST_WAKE_US = 0x7fff_ffff;

/**
 * Plugs a stream into one end of a link, and lends the other: what is sent there is written, what
 * is fed comes out of it, both by way of the link and its faults. `open` is given the end.
 * Drops: `oversize` (more than 1514 octets).
 */
export function plugOutside(
  link: Link, open: (end: OutsideEnd) => OutsideStream,
): Link {
  const batch = new FrameBatch();
  const deframer = new Deframer();
  let oversize = 0;
  const pass = (): void => {
    port.send(batch);
    batch.clear();
  };
  const stream = open({
    feed(piece) {
      deframer.push(piece, batch, pass);
      if (batch.count > 0) pass();
      count(link.stats.dropped, 'oversize', deframer.oversize - oversize);
      oversize = deframer.oversize;
    },
    flush: () => framer.flush(),
    wakeAfter(us) {
      framer.addWord((WAKE + Math.max(0, Math.min(MOST_WAKE_US, Math.ceil(us)))) >>> 0);
    },
  });
  const framer = new Framer((piece) => stream.write(piece));
  const port = link.attach({ receive: (frames) => framer.add(frames) });
  let taken = false;
  return {
    stats: link.stats,
    attach(receiver) {
      if (taken) throw new Error('a stream has one end for a machine, and it is taken');
      taken = true;
      return link.attach(receiver);
    },
    close() {
      link.close();
    },
  };
}
