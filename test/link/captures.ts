/** Captures made by hand, for the tests of those who read them. */

import { nth } from './recorder.js';

/** A block of pcapng in either order: type, length, body padded to four octets, length. */
export function block(type: number, body: Uint8Array, little = true): Uint8Array {
  const total = 12 + Math.ceil(body.length / 4) * 4;
  const octets = new Uint8Array(total);
  const view = new DataView(octets.buffer);
  view.setUint32(0, type, little);
  view.setUint32(4, total, little);
  octets.set(body, 8);
  view.setUint32(total - 4, total, little);
  return octets;
}

/** Words of 16 (`h`), 32 (`w`) and 64 bits (`d`), and octets as they are. */
export function pack(
  form: string, values: (number | bigint)[], tail: Uint8Array = new Uint8Array(0), little = true,
): Uint8Array {
  const width = (letter: string): number => (letter === 'h' ? 2 : letter === 'w' ? 4 : 8);
  const head = [...form].reduce((sum, letter) => sum + width(letter), 0);
  const octets = new Uint8Array(head + tail.length);
  const view = new DataView(octets.buffer);
  let at = 0;
  for (const [i, letter] of [...form].entries()) {
    const value = nth(values, i);
    if (letter === 'h') view.setUint16(at, Number(value), little);
    else if (letter === 'w') view.setUint32(at, Number(value), little);
    else view.setBigInt64(at, BigInt(value), little);
    at += width(letter);
  }
  octets.set(tail, head);
  return octets;
}

export function join(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** An option of pcapng. */
export function option(code: number, value: Uint8Array, little = true): Uint8Array {
  const padding = new Uint8Array((4 - (value.length % 4)) % 4);
  return pack('hh', [code, value.length], join(value, padding), little);
}

export function section(little = true): Uint8Array {
  return block(0x0a0d0d0a, pack('whhd', [0x1a2b3c4d, 1, 0, -1n], undefined, little), little);
}

export function description(
  linkType = 1, snapLength = 0, options: Uint8Array = new Uint8Array(0), little = true,
): Uint8Array {
  return block(1, pack('hhw', [linkType, 0, snapLength], options, little), little);
}

/** An enhanced packet block. */
export function enhanced(
  on: number, units: bigint, frame: Uint8Array, little = true, originalLength = frame.length,
): Uint8Array {
  const head = [on, Number(units >> 32n), Number(units & 0xffff_ffffn), frame.length,
    originalLength];
  return block(6, pack('wwwww', head, frame, little), little);
}

/** A pcap file; each frame is seconds, fraction, octets. */
export function pcap(
  magic: number, frames: [number, number, Uint8Array][], little = true, linkType = 1,
): Uint8Array {
  return join(
    pack('whhwwww', [magic, 2, 4, 0, 0, 65_535, linkType], undefined, little),
    ...frames.map(([seconds, fraction, octets]) =>
      pack('wwww', [seconds, fraction, octets.length, octets.length], octets, little)),
  );
}
