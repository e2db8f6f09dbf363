/** Proofs of the rules against the garbage collector. */

import { proves } from './sample.js';

proves('new', {
  fails: [
    ['const a = new Tcb();', 1],
    ['export function f(): void {\n  g(new Uint8Array(4));\n}', 2],
  ],
  passes: ['const tcb = ExAllocate<Tcb>(Tag.Tcb);', '// a new segment\nlet news = 1;'],
});

proves('arrays', {
  fails: [
    ['function f(): void {\n  const a = [1, 2];\n}', 2],
    ['function f(a: u8[]): void {}', 1],
    ['let x: Map<u32, u32>;', 1],
    ['const A: Array<u8> = [1];', 1],
    ['function f(): void { g({ a: 1 }); }', 1],
    ['let STATES: StaticArray<u8> = [1];', 1],
    ['function f(): void {\n  const a: StaticArray<u8> = [1];\n}', 2],
  ],
  passes: [
    'const NEXT: StaticArray<u8> = [1, 2, 3];',
    'const ROUNDS: usize = memory.data<u32>([1, 2]);',
    'const a = NEXT[1];',
  ],
});

proves('strings', {
  fails: [
    ['const NAME = "Tcp";', 1],
    ['function f(name: string): void {}', 1],
    ['function f(): void {\n  g(`a`);\n  g(`${1}`);\n}', 2, 3],
    ['function f(): void { trace("no"); }', 1],
  ],
  passes: [
    'import { a } from "./a";',
    'if (offsetof<Tcb>("flags") != 4) ERROR("Tcb: " + "flags at 4");',
    "const LETTER = 0x41; // 'A'",
  ],
});

proves('exceptions', {
  fails: [
    ['function f(): void {\n  throw 1;\n}', 2],
    ['function f(): void { try { g(); } finally {} }', 1],
    ['function f(): void { assert(a == 1); }', 1],
    ['function f(): void { abort(); }', 1],
  ],
  passes: [
    'function f(): void { KeBugCheckEx(Stop.BAD_POOL_CALLER, 0, 0, 0, 0); }',
    '// throw nothing',
  ],
});
