/**
 * Errors that may pass (RFC 9293, SHLD-25): the client is told, and the connection goes on
 * (MUST-56).
 */

import { NTSTATUS, Status } from "../../nt/status";
import { mustHold } from "../../ke/spinlock";
import { Notice, makeNotice, noticeOf } from "./notice";
import { Tcb, Todo } from "./tcb";

/** The client of `tcb` is told of `status` (MUST-47), and may ask for it. */
export function softErrorLocked(tcb: Tcb, status: NTSTATUS): void {
  mustHold(tcb.lock);
  const connection = tcb.connection;
  if (connection == null) return;
  const notice = makeNotice(connection);
  if (notice == null) return;
  notice.softError = status;
  tcb.todo |= <u8>Todo.SOFT_ERROR;
}

/** The last one, which stays to be asked for. */
export function softErrorOfLocked(tcb: Tcb): NTSTATUS {
  mustHold(tcb.lock);
  const connection = tcb.connection;
  let notice: Notice | null = null;
  if (connection != null) notice = noticeOf(connection);
  return notice == null ? Status.SUCCESS : notice.softError;
}

/** The last one since this was asked; SUCCESS: there was none. */
export function takeSoftErrorLocked(tcb: Tcb): u32 {
  mustHold(tcb.lock);
  const connection = tcb.connection;
  if (connection == null) return Status.SUCCESS;
  const notice = noticeOf(connection);
  if (notice == null) return Status.SUCCESS;
  const status = notice.softError;
  notice.softError = Status.SUCCESS;
  return <u32>status;
}
