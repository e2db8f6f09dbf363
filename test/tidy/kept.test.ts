/** Proofs of the rules about what a lock keeps. */

import { proves } from './sample.js';

/** A structure with a lock, what lies under it, and its neighbours. */
const TCB = `class Tcb {
  private lockWord: u32;
  // Does not change:
  port: u32;
  // Under \`lock\`:
  state: u8;
  private receiveFlink: usize;
  // Written under \`lock\`:
  todo: u8;
  get lock(): KSpinLock { return at<KSpinLock>(changetype<usize>(this), 0); }
  /** Ends it. Under \`lock\`. */
  end(): void { this.state = 0; }
  endLocked(): void { mustHold(this.lock); this.state = 0; }
  get receives(): ListEntry { return at<ListEntry>(0, offsetof<this>("receiveFlink")); }
}
function lock(): KSpinLock { return changetype<KSpinLock>(LOCK); }
/** What waits. Under \`lock()\`. */
function waiting(): ListEntry { return changetype<ListEntry>(WAITING); }
function stopLocked(tcb: Tcb): void { mustHold(tcb.lock); tcb.state = 0; }
function settle(tcb: Tcb): void {
  KeAcquireSpinLockAtDpcLevel(tcb.lock);
  KeReleaseSpinLockFromDpcLevel(tcb.lock);
}
function leave(tcb: Tcb): void { settle(tcb); }
/** It begins. The caller's reference is the list's. */
function putTcb(tcb: Tcb): void {}
function findTcbLocked(port: u32): Tcb | null { mustHold(lock()); return null; }
`;
const FIRST = TCB.split('\n').length;

/** The declarations, and a function of these lines on a line each; the first is line `FIRST`. */
const withTcb = (...lines: string[]): string => `${TCB}${lines.join('\n')}`;
const body = (...lines: string[]): string => withTcb('function f(tcb: Tcb): void {', ...lines, '}');
const ACQUIRE = 'KeAcquireSpinLockAtDpcLevel(tcb.lock);';
const RELEASE = 'KeReleaseSpinLockFromDpcLevel(tcb.lock);';
const at = (line: number): number => FIRST + line;

proves('lock-kept', {
  fails: [
    [body('tcb.state = 1;'), at(1)],
    [body('tcb.state = 1;', ACQUIRE, RELEASE), at(1)],
    [body(ACQUIRE, RELEASE, 'return tcb.state;'), at(3)],
    [body('const irql = KeAcquireSpinLock(lock());', 'tcb.state = 1;'), at(2)],
    [body('const other = at<Tcb>(0, 0);', 'other.state = 1;'), at(2)],
    [body('if (IsListEmpty(tcb.receives)) f();'), at(1)],
    [body('if (IsListEmpty(waiting())) f();'), at(1)],
    [body('tcb.todo = 1;'), at(1)],
    [body('tcb.todo++;'), at(1)],
    [body('tcb.end();'), at(1)],
    [body(ACQUIRE, RELEASE, 'tcb.end();'), at(3)],
    // Who takes the lock looks under it.
    [body('const before = tcb.todo;', ACQUIRE, 'tcb.todo = before;', RELEASE), at(1)],
    [body('const made = allocateTcb();', 'publish(made);', 'at<Tcb>(made, 0).state = 1;'), at(3)],
    [{
      'assembly/netbt/device.ts': 'export class Device {\n'
        + '  get lock(): KSpinLock { return at<KSpinLock>(changetype<usize>(this), 0); }\n}',
      'assembly/netbt/session/block.ts': 'class Block {\n'
        + '  // Under `Device.lock` of ../device.ts:\n  counted: u32;\n}\n'
        + 'function f(block: Block): void {\n  block.counted = 1;\n}',
    }, 'assembly/netbt/session/block.ts:6'],
    [{
      'assembly/tcpip/tcb.ts': TCB.replace('class Tcb', 'export class Tcb'),
      'assembly/tcpip/close.ts': 'import { Tcb } from "./tcb";\n'
        + 'class Place {\n  // Under `Tcb.lock` of tcb.ts:\n  tcb: Tcb;\n}\n'
        + 'function f(tcb: Tcb, place: Place): void {\n  tcb.state = 1;\n  g(place.tcb.port);\n}',
    }, 'assembly/tcpip/close.ts:7', 'assembly/tcpip/close.ts:8'],
  ],
  passes: [
    body(ACQUIRE, 'tcb.state = 1;', 'tcb.todo = 2;', 'tcb.end();', RELEASE),
    body('if (tcb.todo) settle(tcb);', 'return tcb.port;'),
    body('const irql = KeAcquireSpinLock(lock());', 'RemoveHeadList(waiting());'),
    body('const block = ExAllocateFromNPagedLookasideList(list());',
      'const made = at<Tcb>(block, 0);', 'made.state = 1;'),
    body('const made = allocateTcb();', 'TdiBuildConnect(made, tcb);', 'made.state = 1;'),
    withTcb('/** Makes the list empty. Once, at start. */', 'function make(tcb: Tcb): void {',
      'tcb.state = 0;', '}'),
    body('if (faulty(Fault.Q171181)) tcb.state = 1;'),
  ],
});

proves('lock-heading', {
  fails: [
    ['class Tcb {\n  // Under the lock:\n  state: u8;\n  flags: u8;\n}', 3],
    ['class Tcb {\n  // Written under `lock`:\n  state: u8;\n}', 3],
    ['class Tcb {\n  // Under `Table.lock` of table.ts:\n  state: u8;\n}', 3],
    ['class Tcb {\n  // Under `lock()`:\n  state: u8;\n}', 3],
  ],
  passes: [TCB, 'class Tcb {\n  // Do not change:\n  port: u32;\n}'],
});

proves('lock-called', {
  fails: [
    [body('stopLocked(tcb);'), at(1)],
    [body(ACQUIRE, RELEASE, 'stopLocked(tcb);'), at(3)],
    [body(ACQUIRE, 'const found = findTcbLocked(7);', RELEASE), at(2)],
    [body(ACQUIRE, RELEASE, 'tcb.endLocked();'), at(3)],
  ],
  passes: [
    body(ACQUIRE, 'stopLocked(tcb);', RELEASE),
    body(ACQUIRE, 'tcb.endLocked();', RELEASE),
    withTcb('function endLocked(tcb: Tcb): void {', 'mustHold(tcb.lock);', 'stopLocked(tcb);', '}'),
  ],
});

proves('lock-twice', {
  fails: [
    [body(ACQUIRE, 'if (tcb.todo) settle(tcb);', RELEASE), at(2)],
    [body(ACQUIRE, 'leave(tcb);', RELEASE), at(2)],
  ],
  passes: [body(ACQUIRE, RELEASE, 'settle(tcb);')],
});

proves('lock-reference', {
  fails: [
    [body('const irql = KeAcquireSpinLock(lock());', 'const found = findTcbLocked(7);',
      'KeReleaseSpinLock(lock(), irql);', 'if (found != null) referenceTcb(found);'), at(4)],
    [body(ACQUIRE, 'const place = tcb.receives;', RELEASE, 'beginCall(place);'), at(4)],
  ],
  passes: [
    body('const irql = KeAcquireSpinLock(lock());', 'const found = findTcbLocked(7);',
      'if (found != null) referenceTcb(found);', 'KeReleaseSpinLock(lock(), irql);'),
  ],
});

proves('lock-list', {
  fails: [[body('RemoveEntryList(tcb);'), at(1)]],
  passes: [body(ACQUIRE, 'RemoveEntryList(tcb);', RELEASE)],
});

proves('let-go', {
  fails: [
    [body('dereferenceTcb(tcb);', 'settle(tcb);'), at(2)],
    [body('if (x) dereferenceTcb(tcb);', 'settle(tcb);'), at(2)],
    [body('leaveHandle(tcb);', 'leaveHandle(tcb);'), at(2)],
    [body('while (x) {', 'settle(tcb);', 'dereferenceTcb(tcb);', '}'), at(2), at(3)],
    [body('putTcb(tcb);', 'referenceTcb(tcb);'), at(2)],
    [body('referenceTcb(tcb);', 'putTcb(tcb);', 'dereferenceTcb(tcb);', 'settle(tcb);'), at(4)],
    [body('switch (x) {', 'case 1: dereferenceTcb(tcb);', '}', 'settle(tcb);'), at(4)],
    [body('switch (x) {', 'case 1:', 'dereferenceTcb(tcb);', 'break;', '}', 'settle(tcb);'), at(6)],
    [body('leaveFile(tcb);', 'settle(tcb);'), at(2)],
  ],
  passes: [
    body('settle(tcb);', 'dereferenceTcb(tcb);'),
    body('if (x) {', 'dereferenceTcb(tcb);', 'return;', '}', 'settle(tcb);'),
    body('dereferenceTcb(tcb);', 'tcb = next;', 'settle(tcb);'),
    body('const gone = dereferenceLocked(tcb);', 'if (gone) ExFree(tcb);'),
    body('dereferenceTcb(tcb);', 'other.tcb = null;'),
    body('referenceTcb(tcb);', 'putTcb(tcb);', 'settle(tcb);', 'dereferenceTcb(tcb);'),
    body('switch (x) {', 'case 1: dereferenceTcb(tcb); return;', '}', 'settle(tcb);'),
    // A reference of the caller's own is left.
    body('leaveFile(tcb);', 'dereferenceTcb(tcb);'),
  ],
});
