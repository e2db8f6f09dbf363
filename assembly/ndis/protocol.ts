/** One protocol on one card. */

import { NTSTATUS, Status } from "../nt/status";
import { Adapter, ReceiveHandler, SendCompleteHandler } from "./adapter";

/**
 * NdisOpenAdapter: binds a protocol to a card; `context` is given to its handlers. One protocol is
 * enough here: DUPLICATE_NAME when there is one. IRQL: PASSIVE_LEVEL.
 */
export function NdisOpenAdapter(
  adapter: Adapter,
  context: usize,
  receive: ReceiveHandler,
  sendComplete: SendCompleteHandler,
): NTSTATUS {
  if (adapter.bound) return Status.DUPLICATE_NAME;
  adapter.protocolContext = context;
  adapter.receive = receive;
  adapter.sendComplete = sendComplete;
  adapter.bound = 1;
  return Status.SUCCESS;
}

/** Takes the protocol away from the card. IRQL: PASSIVE_LEVEL. */
export function NdisCloseAdapter(adapter: Adapter): void {
  adapter.bound = 0;
}
