/** Proofs of the rules about the text of a file. */

import { proves } from './sample.js';

const lines = (count: number, line: string): string => `${line}\n`.repeat(count);

proves('file-length', {
  fails: [[lines(401, '//'), 1]],
  passes: [lines(400, '//')],
});

proves('function-length', {
  fails: [
    [`\nfunction f(): void {\n${lines(69, 'g();')}}`, 2],
    [{ 'host/link/a.ts': `const f = () => {\n${lines(69, 'g();')}};` }, 'host/link/a.ts:1'],
  ],
  passes: [
    `/**\n * Long\n */\nfunction f(): void {\n${lines(68, 'g();')}}`,
    { 'test/a.test.ts': `describe('a', () => {\n${lines(99, 'g();')}});` },
  ],
});

proves('columns', {
  fails: [
    [`// ${'x'.repeat(98)}\n`, 1],
    ['f(); \n', 1],
    ['if (a)\n\tf();\n', 2],
    ['f();\r\n', 1],
    ['f();', 1],
  ],
  passes: [`// ${'x'.repeat(97)}\n`, `// ${'→'.repeat(97)}\n`, '\n', ''],
});

proves('first-line', {
  fails: [
    ["import { a } from './a.js';\n", 1],
    ['/** Thing */\n', 1],
    ['const A = 1; // a sentence.\n', 1],
  ],
  passes: [
    '/** LIST_ENTRY: doubly linked lists, as in the DDK. */\n',
    '/**\n * The clock. A tick is 10 ms.\n */\n',
    '#!/usr/bin/env node\n/** The program. One subcommand, one file. */\n',
    '// The runtime of the nogc target: empty.\n',
    { 'test/link/wire.test.ts': "import { a } from './a.js';\n" },
  ],
});

proves('file-names', {
  fails: [
    [{ 'host/link/utils.ts': '' }, 'host/link/utils.ts:1'],
    [{ 'host/common/a.ts': '' }, 'host/common/a.ts:1'],
    [{ 'test/helpers/a.ts': '' }, 'test/helpers/a.ts:1'],
    [{ 'assembly/ke/spinLock.ts': '' }, 'assembly/ke/spinLock.ts:1'],
  ],
  passes: [
    { 'assembly/tcpip/tcp/receive.ts': '' },
    { 'assembly/no-runtime.ts': '' },
    { 'host/link/typesetter.ts': '' },
  ],
});

proves('todo', {
  fails: [
    ['f();\n// TODO\n', 2],
    ['// FIXME: this is wrong in some cases.\n', 1],
    ['/* TODO: later */', 1],
  ],
  passes: [
    '// TODO(#12)',
    '// TODO: timestamps of the peer are not kept.',
    "const a = 'TODO';",
    'const r = /TODO/;',
  ],
});

proves('history', {
  fails: [
    ['// formerly in ke/\n', 1],
    ['/**\n * It used to be slow.\n */', 1],
  ],
  passes: ['// the DPC no longer runs', "const formerly = 'x';"],
});

proves('dead-code', {
  fails: [
    ['f();\n// const a = load(b);\n', 2],
    ['// if (a) {\n//   f(a);\n// }\n', 1, 2],
    ['// return x.y;', 1],
    ['// f(a, b);', 1],
  ],
  passes: [
    '// acceptable, then reset;',
    '// The sum of RFC 1071 (see 4.1);',
    '// Under `lock`:',
    'const a = 1; // one',
    'const a = `// f(${x});`;',
  ],
});

proves('octets', {
  fails: [
    ['// four bytes of header', 1],
    ['/**\n * One byte.\n */', 2],
    ['let byteCount: u32;', 1],
    ['let windowBytes: u32;', 1],
  ],
  passes: [
    '// four octets',
    'const a = mdl.ByteCount;',
    'import { be16 } from "../wire/bytes";',
    '// "the number of bytes", says the article',
    { 'host/link/a.ts': 'const byteLength = 1;' },
  ],
});

proves('documented', {
  fails: [
    ['/** A file. */\n\nimport { a } from "./a";\n\nexport const B = 1;', 5],
    ['export function connect(): void {}', 1],
    [{ 'host/link/a.ts': 'export interface A {}' }, 'host/link/a.ts:1'],
  ],
  passes: [
    '/** How many. */\nexport const B = 1;',
    'export function IoCallDriver(): void {}',
    'function connect(): void {}',
    { 'test/a.ts': 'export const a = 1;' },
  ],
});
