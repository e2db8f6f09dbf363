/**
 * Names of this machine: registered when a client opens them, released when the last client has
 * closed them. Not done: claiming them on the net (RFC 1002, 5.1), because the name service is not
 * there yet; every name is had at once.
 */

import { NTSTATUS, Status } from "../nt/status";
import { NetbiosAddress } from "../tdi/address";
import { NetbtDevice } from "./device";

/** How a name was registered. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export type NameCompletion = (context: usize, status: NTSTATUS) => void;

/**
 * Registers `name` on `device` once more: it is released as often. PENDING: `completion` is called
 * once, perhaps before this returns; `name` stays where it is until then. Any other answer is the
 * result, and nobody is called. DUPLICATE_NAME: another machine has it. IRQL: <= DISPATCH_LEVEL.
 * Locks: none.
 */
export function registerName(
  device: NetbtDevice,
  name: NetbiosAddress,
  completion: NameCompletion,
  context: usize,
): NTSTATUS {
  return Status.SUCCESS;
}

/** Gives one registration of `name` back; does not wait. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function releaseName(device: NetbtDevice, name: NetbiosAddress): void {}
