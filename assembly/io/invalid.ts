/** The answer of a driver to what it does not do. */

import { NTSTATUS, Status } from "../nt/status";
import { IoCompleteRequest } from "./complete";
import { Irp } from "./irp";

/** Completes a request with INVALID_DEVICE_REQUEST. IRQL: <= DISPATCH_LEVEL. Locks: none. */
export function invalidRequest(device: usize, irp: Irp): NTSTATUS {
  IoCompleteRequest(irp, Status.INVALID_DEVICE_REQUEST, 0);
  return Status.INVALID_DEVICE_REQUEST;
}
