/** Proofs of the rules about the kernel's language. */

import { proves } from './sample.js';

proves('non-null', {
  fails: [
    ['function f(a: Tcb | null): void { g(a!); }', 1],
    ['@unmanaged\nclass A {\n  next!: A;\n}', 3],
  ],
  passes: ['function f(a: Tcb | null): bool { return a != null && !a.closed; }'],
});

proves('structures', {
  fails: [
    ['interface A { f(): void }', 1],
    ['class A {}', 1],
    ['@unmanaged\nclass A implements B {}', 2],
    ['@unmanaged class A { f(): void {} }\n@unmanaged class B extends A { f(): void {} }', 2],
    ['@unmanaged class B extends A {\n  override f(): void {}\n}', 2],
  ],
  passes: [
    '@unmanaged\nexport class Tcb extends ListEntry {\n  get a(): u32 { return 1; }\n}',
    '@unmanaged class A { f(): void {} }\n@unmanaged class B extends A { g(): void {} }',
    '@unmanaged class A { static f(): A {} }\n@unmanaged class B extends A { static f(): A {} }',
  ],
});

proves('sizeof', {
  fails: [['const A = sizeof<Tcb>();', 1]],
  passes: ['const A = sizeof<u32>() + sizeof<usize>();', 'const A = offsetof<Tcb>();'],
});

proves('compiler-words', {
  fails: [
    ['// @ts-ignore\nf();', 1],
    ['@unmanaged class A {\n  @inline f(): void {}\n}', 2],
    ['function f(a: any): void {}', 1],
    ['function f(): void { g(unchecked(A[1])); }', 1],
  ],
  passes: ['@unmanaged class A {}', '/** any of them, inline */\nconst A = 1;'],
});

proves('negative-enum', {
  fails: [['enum E {\n  BAD = -1,\n  NEXT,\n}', 3]],
  passes: ['enum E { BAD = -1, NEXT = 0 }', 'enum E { NEXT, BAD = -1 }'],
});

proves('narrow', {
  fails: [
    ['function f(h: usize): u32 {\n  return load<u8>(h) << 8 | load<u8>(h, 1);\n}', 2],
    ['function f(a: u8, b: u8): u32 { return a + b; }', 1],
    ['function f(a: u16): u32 { return a + 1; }', 1],
    ['function f(a: u32): u32 { return <u8>a << 4; }', 1],
    ['function f(): u32 { const a: u16 = g(); return a * 2; }', 1],
  ],
  passes: [
    'function f(h: usize): u32 { return <u32>load<u8>(h) << 8 | <u32>load<u8>(h + 1); }',
    'function f(a: u8, b: u32): u32 { return b + <u32>a; }',
    'function f(a: u16): u32 { return a >> 12; }',
    'function f(h: usize): u32 { return load<u32>(h) << 8; }',
  ],
});
