/** A place in memory for a header: its octets written, read, and its fields held against them. */

import { expect } from 'vitest';
import { Floor } from '../floor.js';

/** A field of a header: what its accessors are called, where it lies, its octets. */
export type FieldRow = readonly [name: string, offset: number, octets: 1 | 2 | 4];

const ROOM = 96;

/** The accessors of one structure (`ipv4`, `tcp`) over octets of the test. */
export class Place {
  readonly floor: Floor;
  readonly at: number;
  private readonly structure: string;

  constructor(module: WebAssembly.Module, structure: string) {
    this.floor = new Floor(module);
    // An odd address: a header lies wherever its frame puts it.
    this.at = this.floor.block(ROOM) + 1;
    this.structure = structure;
  }

  /** Calls an accessor of the structure, such as `Source`, or `SetSource` with a value. */
  call(name: string, ...words: number[]): number {
    return this.floor.call(`${this.structure}${name}`, this.at, ...words);
  }

  /** Writes octets given in hex, with spaces as you like. */
  write(hex: string): void {
    this.floor.octets.set(Buffer.from(hex.replaceAll(' ', ''), 'hex'), this.at);
  }

  /** `count` octets in hex, from `offset`. */
  read(count: number, offset = 0): string {
    const from = this.at + offset;
    return Buffer.from(this.floor.octets.subarray(from, from + count)).toString('hex');
  }

  /** Every field's getter reads its octets, and no other's. */
  expectReads(rows: readonly FieldRow[]): void {
    for (const [name, offset, octets] of rows) {
      this.floor.octets.fill(0, this.at, this.at + ROOM - 1);
      const value = [0x91, 0xa2, 0xb3, 0xc4].slice(0, octets);
      this.floor.octets.set(value, this.at + offset);
      const expected = value.reduce((word, octet) => word * 256 + octet, 0);
      expect([name, this.call(name)]).toEqual([name, expected]);
      this.floor.octets.fill(0xff, this.at, this.at + ROOM - 1);
      this.floor.octets.fill(0, this.at + offset, this.at + offset + octets);
      expect([name, this.call(name)]).toEqual([name, 0]);
    }
  }

  /** Every field's setter writes its octets, in network order, and no other's. */
  expectWrites(rows: readonly FieldRow[]): void {
    for (const [name, offset, octets] of rows) {
      const before = Buffer.alloc(ROOM - 1, 0x5a);
      this.floor.octets.set(before, this.at);
      this.call(`Set${name}`, 0x91a2b3c4);
      before.set([0x91, 0xa2, 0xb3, 0xc4].slice(4 - octets), offset);
      expect([name, this.read(ROOM - 1)]).toEqual([name, before.toString('hex')]);
    }
  }
}
