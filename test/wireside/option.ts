/** TCP options as a peer writes them, and in words. */

import { join, viewOf } from '../../host/wire/octets.js';

const NOP = Uint8Array.of(1);

/** A window scale option behind a NOP. */
export function scale(shift: number): Uint8Array {
  return Uint8Array.of(1, 3, 3, shift);
}

/** SACK permitted, behind two NOPs. */
export const SACK_PERMITTED = Uint8Array.of(1, 1, 4, 2);

/** Timestamps behind two NOPs (RFC 7323, appendix A). */
export function stamps(value: number, echo = 0): Uint8Array {
  const option = Uint8Array.of(1, 1, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0);
  viewOf(option).setUint32(4, value >>> 0);
  viewOf(option).setUint32(8, echo >>> 0);
  return option;
}

/** A SACK option behind two NOPs. */
export function sack(...blocks: readonly (readonly [left: number, right: number])[]): Uint8Array {
  const octets = new Uint8Array(8 * blocks.length);
  blocks.forEach(([left, right], i) => {
    viewOf(octets).setUint32(8 * i, left >>> 0);
    viewOf(octets).setUint32(8 * i + 4, right >>> 0);
  });
  return join(NOP, NOP, Uint8Array.of(5, 2 + octets.length), octets);
}

/** What the options of a segment say, without padding; blocks are counted from `from`. */
export function optionWords(octets: Uint8Array, from = 0): string[] {
  const words: string[] = [];
  const view = viewOf(octets);
  for (let at = 0; at < octets.length;) {
    const kind = octets[at] ?? 0;
    if (kind === 0) break;
    if (kind === 1) {
      at++;
      continue;
    }
    const length = octets[at + 1] ?? 0;
    if (length < 2 || at + length > octets.length) throw new Error(`option ${kind} is broken`);
    words.push(optionWord(view, at, kind, length, from));
    at += length;
  }
  return words;
}

function optionWord(
  view: DataView, at: number, kind: number, length: number, from: number,
): string {
  if (kind === 2) return `mss ${view.getUint16(at + 2)}`;
  if (kind === 3) return `wscale ${view.getUint8(at + 2)}`;
  if (kind === 4) return 'sackOK';
  if (kind === 8) return `TS val ${view.getUint32(at + 2)} ecr ${view.getUint32(at + 6)}`;
  if (kind !== 5) throw new Error(`the kernel sent option ${kind}`);
  const blocks = Array.from({ length: (length - 2) / 8 }, (_, i) =>
    [view.getUint32(at + 2 + 8 * i), view.getUint32(at + 6 + 8 * i)]
      .map((edge) => (edge - from) >>> 0).join(':'));
  return `sack ${blocks.join(' ')}`;
}

/** TSval of a segment's timestamps. @throws Error if it has none. */
export function stampOf(octets: Uint8Array): number {
  const word = optionWords(octets).find((each) => each.startsWith('TS val '));
  if (word === undefined) throw new Error('a segment without timestamps');
  return Number(word.split(' ')[2]);
}
