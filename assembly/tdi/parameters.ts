/** Views of a stack location: the parameters of each TDI request. */

import { StackHead, StackLocation } from "../io/stack";
import { FileObject } from "../io/file";
import { SourceRoute } from "../wire/sourceroute";
import { NetbiosAddress } from "./address";
import { EventHandlers } from "./event";

/** TDI_REQUEST_KERNEL_ASSOCIATE */
@unmanaged
export class TdiAssociate extends StackHead {
  address: FileObject | null;
}

/** TDI_REQUEST_KERNEL_CONNECT */
@unmanaged
export class TdiConnect extends StackHead {
  remoteAddress: u32;
  remotePort: u32;
  /** Of NetBIOS: who is called. Null of IP, and of sessions without names. */
  remoteName: NetbiosAddress | null;
  /** Options of TDI_CONNECTION_INFORMATION, of which IP knows this one, or null. */
  route: SourceRoute | null;
}

/** TDI_REQUEST_KERNEL_LISTEN */
@unmanaged
export class TdiListen extends StackHead {
  /** Only calls of this name; null: all. */
  wanted: NetbiosAddress | null;
  /** Answer: who called; null: not to be told. */
  caller: NetbiosAddress | null;
}

/** TDI_REQUEST_KERNEL_DISCONNECT */
@unmanaged
export class TdiDisconnect extends StackHead {
  disconnectFlags: u32;
}

/** TDI_REQUEST_KERNEL_SEND, and _RECEIVE */
@unmanaged
export class TdiTransfer extends StackHead {
  length: u32;
  transferFlags: u32;
}

/** TDI_REQUEST_KERNEL_SENDDG */
@unmanaged
export class TdiSendDatagram extends StackHead {
  length: u32;
  remoteAddress: u32;
  remotePort: u32;
}

/** TDI_REQUEST_KERNEL_SET_EVENT: all of an address's handlers at once. */
@unmanaged
export class TdiSetEvents extends StackHead {
  handlers: EventHandlers | null;
}

/** TDI_REQUEST_KERNEL_SET_INFORMATION, and _QUERY_INFORMATION */
@unmanaged
export class TdiInformation extends StackHead {
  option: u32;
  value: u32;
}

/** What may be done with a row of the connection table: MIB_TCP_STATE_DELETE_TCB (RFC 4022). */
export const enum TcpRowState {
  DELETE_TCB = 12,
}

/** IOCTL_TCP_SET_INFORMATION_EX for a row of the connection table (MIB_TCPROW), host order. */
@unmanaged
export class TcpRow extends StackHead {
  state: u32;
  localAddress: u32;
  remoteAddress: u32;
  /** The peer's port in the high half, ours in the low. */
  ports: u32;
}

if (offsetof<TdiConnect>() > offsetof<StackLocation>()) ERROR("does not fit a stack location");
if (offsetof<TcpRow>() > offsetof<StackLocation>()) ERROR("does not fit a stack location");
if (offsetof<TdiSendDatagram>() > offsetof<StackLocation>()) ERROR("does not fit a stack location");
