/** Proofs of the rules about historical defects. */

import { proves } from './sample.js';

const SITE = 'if (faulty(Fault.Q297040)) return status; // "acquired but not released"';
const WHOLE = {
  'assembly/kb/faults.ts': 'export const enum Fault {\n  Q297040,\n  COUNT,\n}',
  'assembly/tcpip/tcp/connect.ts': SITE,
  'host/kb/q297040.ts': '',
  'test/kb/q297040.test.ts': '',
};
const without = (path: string): Record<string, string> =>
  Object.fromEntries(Object.entries(WHOLE).filter(([each]) => each !== path));

proves('faults', {
  fails: [
    [without('assembly/tcpip/tcp/connect.ts'), 'assembly/kb/faults.ts:2'],
    [without('host/kb/q297040.ts'), 'assembly/kb/faults.ts:2'],
    [without('test/kb/q297040.test.ts'), 'assembly/kb/faults.ts:2'],
    [{ ...WHOLE, 'assembly/tcpip/tcp/listen.ts': SITE }, 'assembly/tcpip/tcp/listen.ts:1'],
    [{ ...WHOLE, 'assembly/io/a.ts': 'if (faulty(Fault.Q1)) g();' }, 'assembly/io/a.ts:1'],
    [{ 'assembly/kb/faults.ts': 'enum Fault { SynHang }' }, 'assembly/kb/faults.ts:1'],
  ],
  passes: [WHOLE],
});

proves('faulty-else', {
  fails: [
    ['if (faulty(Fault.Q297040)) g(); else h();', 1],
    ['const a = faulty(Fault.Q297040) ? 1 : 2;', 1],
    ['if (!faulty(Fault.Q297040)) g();', 1],
  ],
  passes: ['if (faulty(Fault.Q297040) && bad) return;', 'if (a) g(); else h();'],
});

proves('faulty-site', {
  fails: [
    ['if (faulty(Fault.Q297040)) g();', 1],
    ['if (faulty(Fault.Q297040)) {\n  // "why"\n  g();\n  h();\n}', 1],
    ['if (faulty(Fault.Q297040)) g(); // "one two three four five six seven eight nine"', 1],
  ],
  passes: [SITE, '// "acquired but not released"\nif (faulty(Fault.Q297040)) return status;'],
});
