/**
 * Indications, as every transport makes them: what the contract asks of both sides is held here
 * (nt-facts 4.3, I1 to I5).
 */

import { NTSTATUS, Status } from "../nt/status";
import { Boundary } from "../vf/rule";
import { checkTaken, checkDrained } from "../vf/indications";
import { mustHoldNothing } from "../ke/spinlock";
import { EventHandlers, ReceiveIndication } from "./event";
import { DisconnectFlag } from "./request";

/**
 * ClientEventReceive for `connection`, the client's own word. Afterwards `taken` is what it took,
 * and `irp` its request for the rest, or null. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function indicateReceive(
  handlers: EventHandlers,
  connection: usize,
  indication: ReceiveIndication,
): NTSTATUS {
  indication.taken = 0;
  indication.irp = null;
  mustHoldNothing(Boundary.EVENT_HANDLER);
  const status = handlers.receive(handlers.receiveContext, connection, indication);
  if (VERIFIER) checkTaken(<u32>connection, indication.taken, indication.available);
  if (status == Status.DATA_NOT_ACCEPTED) indication.taken = 0;
  if (status != Status.MORE_PROCESSING_REQUIRED) indication.irp = null;
  return status;
}

/**
 * ClientEventReceiveExpedited for `connection`, the client's own word: with an octet that is
 * urgent, or, where it is not here or comes among the others, with none. True: the client has taken
 * it. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function indicateExpedited(
  handlers: EventHandlers,
  connection: usize,
  indication: ReceiveIndication,
): bool {
  indication.taken = 0;
  indication.irp = null;
  mustHoldNothing(Boundary.EVENT_HANDLER);
  const context = handlers.receiveExpeditedContext;
  const status = handlers.receiveExpedited(context, connection, indication);
  return status == Status.SUCCESS && indication.taken != 0;
}

/**
 * ClientEventError for `connection`: `status` may pass. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function indicateError(handlers: EventHandlers, connection: usize, status: NTSTATUS): void {
  mustHoldNothing(Boundary.EVENT_HANDLER);
  handlers.error(handlers.errorContext, connection, status);
}

/**
 * ClientEventDisconnect for `connection`; `outstanding`: octets that the transport has and its
 * client has not taken. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function indicateDisconnect(
  handlers: EventHandlers,
  connection: usize,
  flags: DisconnectFlag,
  outstanding: u32,
): void {
  if (VERIFIER) checkDrained(<u32>connection, flags == DisconnectFlag.RELEASE, outstanding);
  mustHoldNothing(Boundary.EVENT_HANDLER);
  handlers.disconnect(handlers.disconnectContext, connection, flags);
}
