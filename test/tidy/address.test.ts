/** Proofs of the rules about addresses and state. */

import { proves } from './sample.js';

proves('load-store', {
  at: 'assembly/tcpip/tcp/table.ts',
  fails: [
    ['function f(a: usize): u32 {\n  return load<u32>(a);\n}', 2],
    ['function f(a: usize): void { store<u8>(a, 1); }', 1],
    ['function f(a: usize): v128 { return v128.load(a); }', 1],
    ['function f(a: usize): u32 { return atomic.load<u32>(a); }', 1],
    [{ 'assembly/srv/receive.ts': 'store<u8>(4, 1);' }, 'assembly/srv/receive.ts:1'],
  ],
  passes: [
    { 'assembly/wire/bytes.ts': 'export function be8(a: usize): u32 { return load<u8>(a); }' },
    { 'assembly/miniport/ring.ts': 'store<u32>(4, 1);' },
    'function f(header: TcpHeader): u32 { return header.sequenceNumber; }',
    'function f(): void { volume.load(1); }',
  ],
});

proves('changetype', {
  at: 'assembly/tcpip/tcp/table.ts',
  fails: [
    ['function f(a: usize): Tcb {\n  return changetype<Tcb>(a);\n}', 2],
    ['function f(a: usize): Tcb { return changetype<Tcb>(a + BASE); }\nconst BASE: usize = 4;', 1],
    ['function f(): void {\n  for (;;) {\n    g(changetype<Tcb>(a));\n  }\n}', 3],
  ],
  passes: [
    'const TABLE: usize = memory.data(64);\nconst a = changetype<Tcb>(TABLE + index * 16);',
    'for (let e = changetype<Tcb>(head); e != end; e = changetype<Tcb>(e.flink)) {}',
    'function f(list: ListEntry): Tcb { return changetype<Tcb>(RemoveHeadList(list)); }',
    'function f(): void {\n  const first = head.flink;\n  g(changetype<Tcb>(first));\n}',
    'function f(tcb: Tcb): usize { return changetype<usize>(tcb); }',
    { 'assembly/nt/embed.ts': 'export function at<T>(a: usize): T { return changetype<T>(a); }' },
    { 'assembly/io/stack.ts': 'const a = changetype<StackLocation>(b);' },
    { 'assembly/ex/pool.ts': 'const a = changetype<Block>(b);' },
  ],
});

proves('module-let', {
  fails: [
    ['const A = 1;\nlet count: u32 = 0;', 2],
    ['export let b: u32;', 1],
    [
      { 'assembly/ke/processor.ts': 'let current = 0;\nlet other = 0;' },
      'assembly/ke/processor.ts:2',
    ],
  ],
  passes: [
    { 'assembly/ke/processor.ts': 'let current: Kprcb = at<Kprcb>(PRCBS, 0);' },
    'function f(): void { let a = 1; a++; }',
  ],
});

proves('static-data', {
  fails: [['const T: StaticArray<u8> = [1];\nfunction f(): void {\n  T[0] = 2;\n}', 3]],
  passes: ['const T: StaticArray<u8> = [1];\nfunction f(): bool { return T[0] == 2; }'],
});
