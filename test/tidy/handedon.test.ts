/** Proofs of the rules about what comes first: a reference, a turn. */

import { proves } from './sample.js';

/** Functions that hand a session on, and one with which a reference of its own goes. */
const GIVEN = `function send(session: Session): void {
  const irp = IoAllocateIrp(1);
  TdiBuildSend(irp, session.file, sent, changetype<usize>(session));
  IoCallDriver(session.device, irp);
}
function forward(session: Session): void {
  send(session);
}
function limit(session: Session): void {
  referenceSession(session);
  session.startTimer(1);
}
`;
const FIRST = GIVEN.split('\n').length;
const body = (...lines: string[]): string =>
  `${GIVEN}${['function f(session: Session): void {', ...lines, '}'].join('\n')}`;
const at = (line: number): number => FIRST + line;
const BUILD = 'TdiBuildSend(irp, file, sent, changetype<usize>(session));';

proves('reference-first', {
  fails: [
    [body('ExQueueWorkItem(session);', 'referenceSession(session);'), at(2)],
    [body('session.startTimer(1);', 'referenceSession(session);'), at(2)],
    [body('KeSetTimerEx(session.timer, 1, 0, session.dpc);', 'beginCall(session);'), at(2)],
    // With a request goes what it was made of, under other names too.
    [body(BUILD, 'IoCallDriver(device, irp);', 'referenceSession(session);'), at(3)],
    [body('const context = changetype<usize>(session);', 'TdiBuildSend(irp, file, sent, context);',
      'const status = IoCallDriver(device, irp);', 'beginSend(session);'), at(4)],
    [body('chunk.owner = changetype<usize>(session);',
      'TdiBuildSend(irp, file, sent, changetype<usize>(chunk));',
      'IoCallDriver(device, irp);', 'beginCall(session);'), at(4)],
    // What other functions hand on.
    [body('send(session);', 'referenceSession(session);'), at(2)],
    [body('if (x) forward(session);', 'referenceSession(session);'), at(2)],
  ],
  passes: [
    body('referenceSession(session);', 'ExQueueWorkItem(session);'),
    body('ExQueueWorkItem(other);', 'referenceSession(session);'),
    body('IoCallDriver(session.device, irp);', 'referenceSession(session);'),
    body('limit(session);', 'referenceSession(session);'),
    body('if (x) forward(session);', 'else referenceSession(session);'),
    body('if (x) {', 'send(session);', 'return;', '}', 'referenceSession(session);'),
    body('referenceSession(session);', 'send(session);', 'referenceSession(session);'),
    body('send(other);', 'referenceSession(session);'),
  ],
});

const WAIT = 'KeWaitForSingleObject(session.turn, INFINITE);';

proves('turn-first', {
  fails: [
    [body('refill(session);', WAIT), at(1)],
    [body('if (session.closed) return;', WAIT), at(1)],
  ],
  passes: [
    body('if (session == null) return;', 'referenceSession(session);', WAIT, 'refill(session);'),
    body('refill(other);', WAIT),
    body('refill(session);'),
  ],
});
