/** LIST_ENTRY lists against arrays. */

import { beforeAll, describe, expect } from 'vitest';
import { Random } from '../../host/machine/random.js';
import { compileModule } from '../compile.js';
import { Floor, it } from '../floor.js';

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/nt/words.ts', { optimize: 0 });
});

class List {
  readonly floor = new Floor(module);
  readonly head: number;

  constructor() {
    this.head = this.entry();
    this.floor.call('InitializeListHead', this.head);
  }

  entry(): number {
    return this.floor.block(this.floor.value('LIST_ENTRY_OCTETS'));
  }

  /** All entries, found by one link and held against the other. */
  walk(): number[] {
    const found: number[] = [];
    let entry = this.floor.call('flinkOf', this.head);
    let previous = this.head;
    while (entry !== this.head) {
      expect(this.floor.call('blinkOf', entry)).toBe(previous);
      expect(found.length).toBeLessThan(1000);
      found.push(entry);
      previous = entry;
      entry = this.floor.call('flinkOf', entry);
    }
    expect(this.floor.call('blinkOf', this.head)).toBe(previous);
    return found;
  }
}

describe('nt/list', () => {
  it('begins empty, its head pointing at itself', () => {
    const list = new List();
    expect(list.floor.call('IsListEmpty', list.head)).toBe(1);
    expect(list.floor.call('flinkOf', list.head)).toBe(list.head);
    expect(list.floor.call('blinkOf', list.head)).toBe(list.head);
    expect(list.walk()).toEqual([]);
  });

  it('puts at the tail and takes from the head', () => {
    const list = new List();
    const [a, b, c] = [list.entry(), list.entry(), list.entry()];
    for (const entry of [c, a, b]) list.floor.call('InsertTailList', list.head, entry);
    expect(list.walk()).toEqual([c, a, b]);
    expect(list.floor.call('IsListEmpty', list.head)).toBe(0);
    const taken = [1, 2, 3].map(() => list.floor.call('RemoveHeadList', list.head));
    expect(taken).toEqual([c, a, b]);
    expect(list.floor.call('IsListEmpty', list.head)).toBe(1);
  });

  it('makes what it takes out a list of its own, so that a second time does no harm', () => {
    const list = new List();
    const [a, b, c] = [list.entry(), list.entry(), list.entry()];
    for (const entry of [a, b, c]) list.floor.call('InsertTailList', list.head, entry);
    for (let i = 0; i < 3; i++) {
      list.floor.call('RemoveEntryList', b);
      expect(list.walk()).toEqual([a, c]);
      expect(list.floor.call('IsListEmpty', b)).toBe(1);
    }
    const head = list.floor.call('RemoveHeadList', list.head);
    expect([head, list.floor.call('IsListEmpty', head)]).toEqual([a, 1]);
    list.floor.call('RemoveEntryList', head);
    expect(list.walk()).toEqual([c]);
  });

  it.each([1, 2, 3])('does what an array does, for 2,000 chances: seed %i', (seed) => {
    const list = new List();
    const chance = new Random(seed).stream('list');
    const entries = Array.from({ length: 50 }, () => list.entry());
    for (const entry of entries) list.floor.call('InitializeListHead', entry);
    const model: number[] = [];
    for (let turn = 0; turn < 2000; turn++) {
      const entry = entries[chance.below(entries.length)] ?? 0;
      const isIn = model.includes(entry);
      const what = chance.below(3);
      if (what === 0 && !isIn) {
        list.floor.call('InsertTailList', list.head, entry);
        model.push(entry);
      } else if (what === 1 && model.length !== 0) {
        expect(list.floor.call('RemoveHeadList', list.head)).toBe(model.shift());
      } else {
        list.floor.call('RemoveEntryList', entry);
        if (isIn) model.splice(model.indexOf(entry), 1);
      }
      expect(list.walk()).toEqual(model);
    }
  });

  it('finds the structure that an entry is inside, and the entry inside it', () => {
    const floor = new Floor(module);
    expect(floor.call('thereAndBack', floor.block(64))).toBe(1);
  });
});
