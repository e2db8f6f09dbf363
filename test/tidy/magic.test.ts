/** Proofs of the rules about numbers, loops and recursion. */

import { proves } from './sample.js';

const inside = (line: string): string => `function f(): void {\n  ${line}\n}`;

proves('magic', {
  fails: [
    [inside('if (header.protocol == 6) g();'), 2],
    [inside('if (type == 0x0800) g();'), 2],
    [inside('connect(address, 139);'), 2],
    [inside('switch (header.type) { case 8: g(); }'), 2],
    [inside('const x = 0x1234;'), 2],
  ],
  passes: [
    inside('if (header.protocol == Protocol.TCP) g();'),
    inside('const low = word & 0xffff;'),
    inside('if (header.flags != 0) g();'),
    inside('const hash = word * 0x9e3779b1;'),
    inside('const room = 2048;'),
    'export const enum Port { Session = 139 }',
    'const MAXIMUM_HEADER: u32 = 0x8100;',
    { 'assembly/wire/ipv4.ts': inside('if (header.protocol == 6) g();') },
  ],
});

proves('endless', {
  fails: [
    [inside('for (;;) g();'), 2],
    [inside('while (true) g();'), 2],
    [inside('do { g(); } while (true);'), 2],
  ],
  passes: [inside('for (let i = 0; i < 9; i++) g();'), inside('while (more()) g();')],
});

proves('recursion', {
  fails: [
    ['function f(): void {\n  f();\n}', 2],
    ['function f(): void { g(); }\nfunction g(): void { f(); }', 2],
    [
      {
        'assembly/io/a.ts': 'import { g } from "./b";\nexport function f(): void { g(); }',
        'assembly/io/b.ts': 'import { f } from "./a";\nexport function g(): void { f(); }',
      },
      'assembly/io/b.ts:2',
    ],
  ],
  passes: [
    'function f(): void { g(); }\nfunction g(): void { h(); }\nfunction h(): void {}',
    'function f(): void { table.f(); }',
  ],
});
