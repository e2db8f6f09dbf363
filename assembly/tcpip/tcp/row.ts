/** Rows of the connection table that somebody sets: one state is allowed (RFC 4022, deleteTCB). */

import { NTSTATUS, Status } from "../../nt/status";
import { Irp } from "../../io/irp";
import { parametersOf } from "../../io/stack";
import { TcpRow, TcpRowState } from "../../tdi/parameters";
import { flushSends } from "../ip/send";
import { findTcb } from "./find";
import { deleteHalf } from "./handshake";
import { hashTuple } from "./hash";
import { breakOff } from "./settle";
import { dereferenceTcb } from "./tcb";

/**
 * DELETE_TCB: the connection ends at once, with a RST where its peer knows of it, and its client is
 * told. INVALID_PARAMETER: another state, or no such connection. IRQL: DISPATCH_LEVEL. Locks: none.
 */
export function setTcpRow(irp: Irp): NTSTATUS {
  const row = parametersOf<TcpRow>(irp);
  if (row.state != TcpRowState.DELETE_TCB) return Status.INVALID_PARAMETER;
  // First what is half open: what leaves the cache to be a connection is in the table before it.
  const half = deleteHalf(row.remoteAddress, row.ports, row.localAddress);
  const whole = deleteConnection(row.remoteAddress, row.ports, row.localAddress);
  flushSends();
  return half || whole ? Status.SUCCESS : Status.INVALID_PARAMETER;
}

function deleteConnection(remoteAddress: u32, ports: u32, localAddress: u32): bool {
  const hash = hashTuple(remoteAddress, ports, localAddress);
  const tcb = findTcb(hash, remoteAddress, ports, localAddress);
  if (tcb == null) return false;
  breakOff(tcb, Status.CONNECTION_ABORTED);
  dereferenceTcb(tcb);
  return true;
}
