/** Proofs of the laws of the host. */

import { proves } from './sample.js';

const LINK = 'host/link/sample.ts';

proves('virtual-time', {
  at: LINK,
  fails: [
    ['const a = Date.now();', 1],
    ['const a = globalThis.performance.now();', 1],
    ['const a = new Date();', 1],
    ['setTimeout(f, 1);', 1],
    ['const a = Math.random();', 1],
    ['const wait = globalThis.setInterval;', 1],
  ],
  passes: [
    'const a = clock.now();',
    'const a = new Date(ms);',
    { 'host/machine/clock.ts': 'const a = performance.now();' },
    { 'host/cli/run.ts': 'const a = Date.now();' },
  ],
});

proves('console', {
  at: LINK,
  fails: [
    ['console.log(1);', 1],
    ['f();\nconsole.error(1);', 2],
  ],
  passes: [
    'say(1);',
    { 'host/cli/run.ts': 'console.log(1);' },
    { 'host/web/main.ts': 'console.log(1);' },
  ],
});

proves('linear-memory', {
  at: LINK,
  fails: [
    ['const a = new DataView(kernel.memory.buffer);', 1],
    ['const a = memory.buffer;', 1],
    ['const a = new WebAssembly.Memory({ initial: 1 });', 1],
  ],
  passes: [
    'const a = new DataView(frame.buffer);',
    { 'host/kernel/memory.ts': 'const a = new DataView(memory.buffer);' },
  ],
});

proves('one-method-class', {
  at: LINK,
  fails: [['class A { private b = 1; constructor() {} send(): void {} }', 1]],
  passes: [
    'class A { send(): void {} close(): void {} }',
    'class KernelStop extends Error { describe(): string { return this.name; } }',
  ],
});

proves('default-export', {
  at: LINK,
  fails: [
    ['export default 1;', 1],
    ['export default function f() {}', 1],
  ],
  passes: ['export const a = 1;'],
});

proves('barrel', {
  at: LINK,
  fails: [["export { a } from './a.js';\nexport * from './b.js';", 1]],
  passes: [
    { 'host/index.ts': "export { a } from './link/a.js';" },
    { 'host/kb/index.ts': "export { a } from './a.js';" },
    "export { a } from './a.js';\nexport const b = 1;",
  ],
});

proves('inheritance', {
  at: LINK,
  fails: [['class A extends Error {}\nclass B extends A {}', 2]],
  passes: ['class A extends Error {}\nclass B extends Error {}'],
});

proves('enum-twice', {
  at: LINK,
  fails: [
    [
      {
        'assembly/nt/a.ts': 'export enum Status { A }',
        'host/kernel/status.ts': '\nenum Status { A }',
      },
      'host/kernel/status.ts:2',
    ],
  ],
  passes: [{ 'assembly/wire/a.ts': 'enum Field { A }', 'assembly/wire/b.ts': 'enum Field { A }' }],
});

proves('detectors-read', {
  at: 'host/watch/sample.ts',
  fails: [
    ["import { submit } from '../kernel/exports.js';", 1],
    ["import { octets } from '../kernel/memory.js';", 1],
  ],
  passes: [
    "import { locks } from '../kernel/inspect.js';",
    "import type { Exports } from '../kernel/exports.js';",
  ],
});

proves('sleeping-test', {
  at: 'test/link/sample.test.ts',
  fails: [
    ['await new Promise((done) => setTimeout(done, 10));', 1],
    ["it.skip('a', () => {});", 1],
    ['const seed = Math.random();', 1],
  ],
  passes: ['machine.run(10);', "it('a', { timeout: 10 }, () => {});"],
});

proves('free-machine', {
  at: 'test/link/sample.test.ts',
  fails: [
    ["await world({ target: 'free', machines });", 1],
    ["function run({ target = 'free' }: Options): void {}", 1],
    ["const module = await compileModule(ENTRY, { optimize: 0 });", 1],
    ['const module = await compileModule(ENTRY);', 1],
    ['unasked();', 1],
    ["const { layout } = await instantiateKernel(await loadModule('free'), HOOKS);", 1],
    ["describe.each(['free', 'smp'])('a build that is %s', (build) => {});", 1],
  ],
  passes: [
    "for (const target of ['free', 'checked'] as const) await world({ target, machines });",
    "// Free: it is refused.\nawait world({ target: 'free', machines });",
    "/** Free: what it has not is asked. */\nit('a', () => {\nmachine({ target: 'free' });\n});",
    "expect(target).toBe('free');",
    "it.each(['free', 'checked'] as const)('%s', async (target) => play(each, target));",
    "const all = { free: await record('free', 1), checked: await record('checked', 1) };",
    'const module = await compileModule(ENTRY, { checked: true, optimize: 0 });',
    'await compileModule(ENTRY, { checked: true });\nawait compileModule(ENTRY, { optimize: 0 });',
    "await compileModule('test/assembly/wire/headers.ts', { optimize: 0 });",
    '// Unasked: each pair breaks the order.\nunasked();',
  ],
});

proves('unasked-machine', {
  at: 'test/link/sample.test.ts',
  fails: [
    ["import { createMachine } from '../../host/index.js';\nawait createMachine();", 2],
    ["const made = async () => createWorld({ machines: [] });", 1],
    ["run({ createWorld }, {});", 1],
    ["import { Machine } from '../wireside/machine.js';\nnew Machine();", 1],
    ["startKernel('a', () => {});", 1],
  ],
  passes: [
    "it('a', async ({ machine }) => { await machine(); });",
    "it('a', async ({ world }) => { await run({ createWorld: world }, {}); });",
    "import type { Machine } from '../wireside/machine.js';",
    "import type { createWorld } from '../../host/index.js';",
  ],
});
