/** The trace ring, decoded: what happened in a kernel, oldest first. */

import { TRACE_RECORD_OCTETS } from './layout.js';
import type { Kernel } from './load.js';
import { nameOf } from './status.js';

/** One event. Its words are described beside the event's number, in assembly/trace/event.ts. */
export interface TraceEntry {
  /** Counts the events of a kernel, from 1. */
  readonly sequence: number;
  /** The name of the event. */
  readonly event: string;
  /** Microseconds since boot, the low 32 bits. */
  readonly timeUs: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
}

/**
 * The events after `after` (a sequence number; 0: all) that the ring still holds. Reads only.
 */
export function readTrace(kernel: Kernel, after = 0): TraceEntry[] {
  const { memory, layout, raw } = kernel;
  const slots = layout.sizes.TRACE_SLOTS;
  const written = memory.word(raw.sharedData() + 8);
  const ring = raw.traceRing();
  const entries: TraceEntry[] = [];
  for (let count = Math.max(after, written - slots); count < written; count++) {
    const at = ring + (count % slots) * TRACE_RECORD_OCTETS;
    entries.push({
      sequence: memory.word(at),
      event: nameOf(layout, 'Event', memory.word(at + 4)),
      timeUs: memory.word(at + 8),
      a: memory.word(at + 12),
      b: memory.word(at + 16),
      c: memory.word(at + 20),
    });
  }
  return entries;
}
