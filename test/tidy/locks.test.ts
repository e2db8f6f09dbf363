/** Proofs of the rules about locks. */

import { proves } from './sample.js';

const body = (...lines: string[]): string =>
  `function connect(tcb: Tcb): i32 {\n${lines.join('\n')}\n}`;
const ACQUIRE = 'const irql = KeAcquireSpinLock(table.lock);';
const RELEASE = 'KeReleaseSpinLock(table.lock, irql);';

proves('lock-release', {
  fails: [
    [body(ACQUIRE, 'if (x) return 1;', RELEASE, 'return 0;'), 3],
    [body(ACQUIRE, `if (x) { ${RELEASE} return 1; }`, RELEASE, 'return 0;'), 4],
    [body(ACQUIRE, `if (x) { ${RELEASE} }`, 'return 0;'), 3],
    [body(ACQUIRE, 'g();'), 2],
    [body(`for (let i = 0; i < 4; i++) { ${ACQUIRE} }`, 'return 0;'), 2],
    [body(ACQUIRE, 'switch (x) {', 'case 1: return 1;', '}', RELEASE, 'return 0;'), 4],
    ['function f(): void {\n  const i = IoAcquireCancelSpinLock();\n  return;\n}', 3],
    [body('KeAcquireSpinLockAtDpcLevel(a.lock);', 'KeReleaseSpinLock(b.lock, 2);'), 2],
  ],
  passes: [
    body(ACQUIRE, 'const status = connectLocked(tcb);', RELEASE, 'return status;'),
    body(
      ACQUIRE,
      'if (faulty(Fault.Q297040) && bad) return s; // "not released"',
      RELEASE,
      'return 0;',
    ),
    body('if (x) return 1;', ACQUIRE, RELEASE, 'return 0;'),
    body(`for (let i = 0; i < 4; i++) { ${ACQUIRE} g(); ${RELEASE} }`, 'return 0;'),
    body(
      ACQUIRE,
      RELEASE,
      'if (faulty(Fault.Q243878)) KeReleaseSpinLock(table.lock, irql);',
      'return 0;',
    ),
    body(ACQUIRE, 'if (x) { g(); } else { h(); }', RELEASE, 'return 0;'),
    'function acquireTable(): u32 {\n  return KeAcquireSpinLock(table.lock);\n}',
  ],
});

proves('locked', {
  fails: [
    ['function findLocked(): void {\n  g();\n}', 1],
    ['function findLocked(): void {}', 1],
    ['function findLocked(): void {\n  mustHoldNothing();\n}', 1],
    ['@unmanaged class A {\n  findLocked(): void { g(); mustHold(l); }\n}', 2],
  ],
  passes: [
    'function findLocked(): void {\n  mustHold(table.lock);\n  g();\n}',
    'function isLockedOut(): bool { return true; }',
  ],
});

proves('lock-across', {
  fails: [
    [body(ACQUIRE, 'IoCallDriver(device, irp);', RELEASE), 3],
    ['function sendLocked(): void {\n  mustHold(l);\n  IoCompleteRequest(irp);\n}', 3],
    [body(ACQUIRE, 'indicateReceive(to, at, 4);', RELEASE), 3],
  ],
  passes: [
    body(ACQUIRE, RELEASE, 'IoCallDriver(device, irp);'),
    body(ACQUIRE, 'queueLocked(irp);', RELEASE),
  ],
});
