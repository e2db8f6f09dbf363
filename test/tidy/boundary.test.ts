/** Proofs of the rules about where kernel and host meet. */

import { proves } from './sample.js';

proves('boundary-exports', {
  at: 'assembly/index.ts',
  fails: [
    ['export function f(a: u32 = 1): void {}', 1],
    ['export function f(a?: u32): void {}', 1],
    ['\nexport function f(a: u64): void {}', 2],
    ['export function f(): i64 { return 0; }', 1],
    ['export function f() {}', 1],
    [
      {
        'assembly/index.ts': 'export { f } from "./ke/clock";',
        'assembly/ke/clock.ts': '\nexport function f(a: i64): void {}',
      },
      'assembly/ke/clock.ts:2',
    ],
  ],
  passes: [
    'export function f(a: u32, b: f64): bool { return true; }',
    'function g(a: u64 = 1): u64 { return a; }',
    {
      'assembly/index.ts': 'export { f } from "./ke/clock";',
      'assembly/ke/clock.ts':
        'export function f(): u32 { return 1; }\nexport function g(a: u64): void {}',
    },
  ],
});

proves('boundary-imports', {
  at: 'assembly/host.ts',
  fails: [
    ['export declare function on(a: u64): void;', 1],
    ['export declare function on(a: string): void;', 1],
    ['export const A = 1;', 1],
  ],
  passes: ['export declare function on(lock: usize, processor: u32): void;'],
});

proves('layout', {
  at: 'assembly/layout.ts',
  fails: [['export function f(): u32 { return 1; }', 1]],
  passes: [
    'export const Irp_status: u32 = offsetof<Irp>("status");',
    'export { Status } from "./nt/status";',
  ],
});
