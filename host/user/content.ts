/** Octets to be sent where only their number matters: each word says its place in the stream. */

/** The most octets of a content: afterwards it would begin anew. */
export const MOST_CONTENT = 2 ** 34;
/** Octets that are made, sent and hashed at once. */
export const PIECE_OCTETS = 65_536;

/** A running hash; Node's `createHash` gives one. */
export interface Hash {
  update(octets: Uint8Array): unknown;
  digest(encoding: 'base64'): string;
}

/** Fills a piece that begins `at` octets into the content, a multiple of 4. */
export function fillContent(piece: Uint8Array, at: number): void {
  const words = new Uint32Array(piece.buffer, piece.byteOffset, piece.length >>> 2);
  const first = at / 4;
  for (let i = 0; i < words.length; i++) words[i] = wordAt(first + i);
  // The octets of a last word that is not whole.
  const last = wordAt(first + words.length);
  for (let i = words.length * 4; i < piece.length; i++) piece[i] = last >>> (8 * (i & 3));
}

/** Hands out a content, piece by piece; a piece is void when the next is asked for. */
export function* contentPieces(octets: number): Generator<Uint8Array, void, undefined> {
  const piece = new Uint8Array(PIECE_OCTETS);
  for (let at = 0; at < octets; at += PIECE_OCTETS) {
    const part = piece.subarray(0, Math.min(PIECE_OCTETS, octets - at));
    fillContent(part, at);
    yield part;
  }
}

// Multiplied by an odd number, and mixed: no octet of it counts, and no two words are alike.
function wordAt(place: number): number {
  const word = Math.imul(place, 0x9e37_79b1);
  return (word ^ (word >>> 15)) >>> 0;
}
