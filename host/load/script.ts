/** A recorded conversation as two parts to be played: what each side sends, and after what. */

import type { Conversation, SideName } from './recording.js';

/** Octets that a side sends in one go. */
export interface Turn {
  /** When, in ns since the conversation began. */
  readonly timeNs: number;
  /** Where in the part's octets the turn ends. */
  readonly end: number;
  /** How many octets of the other side came before it. */
  readonly needs: number;
}

/** What one side does. */
export interface Part {
  readonly side: SideName;
  /** All that it sends. */
  readonly octets: Uint8Array;
  readonly turns: readonly Turn[];
}

/** A conversation, ready to be played. */
export interface Script {
  readonly client: Part;
  readonly server: Part;
  readonly serverPort: number;
  /** When it began, in ns since the capture did. */
  readonly startNs: number;
  /** Who ends it, and whether with a reset. */
  readonly endsFirst: SideName;
  readonly resets: boolean;
  /** Octets that the capture lacks, of both sides. */
  readonly missing: number;
}

/** The script of a conversation. Octets that the capture lacks are left out on both sides. */
export function scriptOf(conversation: Conversation): Script {
  const turns = { client: [] as Turn[], server: [] as Turn[] };
  const pieces = { client: [] as Uint8Array[], server: [] as Uint8Array[] };
  const sent = { client: 0, server: 0 };
  for (const { from, timeNs, octets } of conversation.steps) {
    sent[from] += octets.length;
    pieces[from].push(octets);
    turns[from].push({
      timeNs: Math.max(0, timeNs - conversation.startNs),
      end: sent[from],
      needs: sent[from === 'client' ? 'server' : 'client'],
    });
  }
  const part = (side: SideName): Part => ({
    side, octets: joined(pieces[side], sent[side]), turns: turns[side],
  });
  return {
    client: part('client'),
    server: part('server'),
    serverPort: conversation.server.port,
    startNs: conversation.startNs,
    endsFirst: conversation.closedBy ?? 'client',
    resets: conversation.closed === 'reset',
    missing: conversation.gaps.reduce((sum, gap) => sum + gap.octets, 0),
  };
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const octets = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    octets.set(piece, at);
    at += piece.length;
  }
  return octets;
}
