/** Proofs of the rules about what nobody uses. */

import { proves } from './sample.js';

const HOST = {
  'host/index.ts': "export { a } from './link/a.js';",
  'host/link/a.ts': 'export function a() {}',
};

proves('unused-export', {
  fails: [
    [
      { ...HOST, 'host/link/a.ts': 'export function a() {}\nexport const B = 1;' },
      'host/link/a.ts:2',
    ],
    [
      { ...HOST, 'host/link/a.ts': 'export function a() { b(); }\nexport function b() {}' },
      'host/link/a.ts:2',
    ],
    [{ 'assembly/nt/a.ts': 'export function f(): void {}' }, 'assembly/nt/a.ts:1'],
  ],
  passes: [
    HOST,
    { ...HOST, 'host/link/a.ts': 'export function a() { f(B); }\nexport const B = 1;' },
    { ...HOST, 'host/link/a.ts': 'export function a() {}\nexport interface A {}' },
    {
      'assembly/nt/a.ts':
        'export function RtlCopyMemory(): void {}\nfunction f(): void { RtlCopyMemory(); }',
    },
    {
      'host/link/b.ts': 'export const b = 1;',
      'test/b.test.ts': "import { b } from '../host/link/b.js';",
    },
    { 'host/link/b.ts': 'export const b = 1;', 'host/index.ts': "export * from './link/b.js';" },
  ],
});

proves('dead-file', {
  fails: [
    [{ ...HOST, 'host/link/b.ts': '' }, 'host/link/b.ts:1'],
    [{ 'assembly/nt/a.ts': '', 'assembly/index.ts': '' }, 'assembly/nt/a.ts:1'],
    [{ 'host/link/b.ts': '', 'test/b.test.ts': "import '../host/link/b.js';" }, 'host/link/b.ts:1'],
  ],
  passes: [
    HOST,
    { 'assembly/build.d.ts': '' },
    { 'host/cli/main.ts': "const a = await import('./run.js');", 'host/cli/run.ts': '' },
  ],
});
