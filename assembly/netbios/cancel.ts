/** CANCEL: another NCB of the program ends (nt-facts 6.4). */

import { DisconnectFlag } from "../tdi/request";
import { abortSession, closeSession, endDisconnect } from "./end";
import { Environment } from "./environment";
import { NcbCommand, NcbReturn, isCancellable, isSend } from "./ncb";
import { Request, completeRequest, ncbOf, nextPending } from "./request";
import { sessionOf } from "./session";

/** CANCEL of the NCB at `ncb_buffer`. The caller has the gate. */
export function cancel(request: Request, environment: Environment): void {
  const target = findTarget(environment, request.block.buffer);
  let code = NcbReturn.CANOCCR;
  if (target != null) {
    code = NcbReturn.CANCEL;
    if (isCancellable(target.command)) code = end(target);
  }
  completeRequest(request, code);
}

function findTarget(environment: Environment, ncb: u32): Request | null {
  let request = nextPending(environment, null);
  while (request != null) {
    const one: Request = request;
    if (ncbOf(one) == <usize>ncb) return one;
    request = nextPending(environment, one);
  }
  return null;
}

/** CALL, LISTEN, SEND and HANG UP take their session with them; the others merely end. */
function end(target: Request): NcbReturn {
  const session = sessionOf(target);
  if (session != null && isSend(target.command)) {
    target.verdict = NcbReturn.CMDCAN;
    abortSession(session, NcbReturn.SABORT);
    return NcbReturn.GOODRET;
  }
  switch (target.command) {
    case NcbCommand.CALL:
    case NcbCommand.LISTEN:
      target.verdict = NcbReturn.CMDCAN;
      if (session != null) closeSession(session);
      return NcbReturn.GOODRET;
    case NcbCommand.HANG_UP:
      if (session != null) endDisconnect(session, DisconnectFlag.ABORT, NcbReturn.CMDCAN);
      return NcbReturn.GOODRET;
    default:
      // Into a RECEIVE a message may be coming: keepMessage has it then.
      completeRequest(target, NcbReturn.CMDCAN);
      return NcbReturn.GOODRET;
  }
}
