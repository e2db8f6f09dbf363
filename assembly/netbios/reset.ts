/** The end of what a program has on a LANA: by its RESET, or with the program. */

import { at } from "../nt/embed";
import { IsListEmpty } from "../nt/list";
import { Gate, GateWork, enterGate } from "./gate";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { disconnectFile } from "../tdi/client";
import { DisconnectFlag } from "../tdi/request";
import { closeSession } from "./end";
import { Environment, Name, NameState, dereferenceEnvironment, dropName } from "./environment";
import { closeEnvironment, closeName, referenceEnvironment, removeName } from "./environment";
import { Lana } from "./lana";
import { NcbReturn } from "./ncb";
import { Request, completeRequest, nextPending, nextPendingLocked } from "./request";
import { Session, removeSession } from "./session";

/** Sessions and names at most: as many ends are made at most. */
const MOST: u32 = 255;

/**
 * All of it is over, once: sessions by a reset, NCBs with what fits them. Names that are being
 * registered go when that has ended. IRQL: PASSIVE_LEVEL; the caller has the gate.
 */
export function endEnvironment(environment: Environment): void {
  if (environment.closed) return;
  closeEnvironment(environment);
  const head = environment.sessions;
  for (let left = MOST; left != 0 && !IsListEmpty(head); left--) {
    const session = Session.ofLink(head.flink);
    const file = session.file;
    if (file != null) disconnectFile(file, DisconnectFlag.ABORT);
    closeSession(session);
    removeSession(session);
  }
  let request = nextPending(environment, null);
  while (request != null) {
    const one: Request = request;
    request = nextPending(environment, one);
    completeRequest(one, one.session ? NcbReturn.SABORT : NcbReturn.NAMERR);
  }
  const names = environment.names;
  for (let left = MOST; left != 0 && !IsListEmpty(names); left--) {
    const name = changetype<Name>(names.flink);
    if (name.state == NameState.REGISTERING) removeName(name);
    else dropName(name);
  }
  const everybody = environment.everybody;
  environment.everybody = null;
  if (everybody != null) closeName(everybody);
  dereferenceEnvironment(environment);
}

/** GateRoutine of an environment whose program is gone. */
function endTurn(work: GateWork): void {
  const environment = at<Environment>(changetype<usize>(work), 0);
  endEnvironment(environment);
  dereferenceEnvironment(environment);
}

/**
 * The program is gone: its NCBs and buffers are touched no more from here on, and all it has on
 * `lana` goes, as soon as the gate is open. IRQL: PASSIVE_LEVEL. Locks: none.
 */
export function endProgram(lana: Lana, process: u32, start: (work: GateWork) => void): void {
  const irql = KeAcquireSpinLock(lana.lock);
  forgetQueuedLocked(lana, process, start);
  const environment = forgetPendingLocked(lana, process);
  if (environment != null) referenceEnvironment(environment);
  KeReleaseSpinLock(lana.lock, irql);
  if (environment == null) return;
  environment.routine = endTurn;
  if (!enterGate(lana, environment)) dereferenceEnvironment(environment);
}

/** NCBs that have not passed the gate yet. */
function forgetQueuedLocked(lana: Gate, process: u32, start: (work: GateWork) => void): void {
  mustHold(lana.lock);
  let work = lana.nextLocked(null);
  while (work != null) {
    const one: GateWork = work;
    if (one.routine == start) {
      const request = at<Request>(changetype<usize>(one), 0);
      if (request.process == process) request.ncb = 0;
    }
    work = lana.nextLocked(one);
  }
}

/** Those that have; the program's environment, or null. */
function forgetPendingLocked(lana: Lana, process: u32): Environment | null {
  mustHold(lana.lock);
  const head = lana.environments;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const environment = Environment.ofLink(entry);
    if (environment.process != process) continue;
    let request = nextPendingLocked(environment, null);
    while (request != null) {
      const one: Request = request;
      one.ncb = 0;
      request = nextPendingLocked(environment, one);
    }
    return environment;
  }
  return null;
}
