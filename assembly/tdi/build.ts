/** TdiBuild*: fills in the next stack location of a request. IRQL: any. Locks: none. */

import { Major } from "../io/driver";
import { FileObject } from "../io/file";
import { Irp } from "../io/irp";
import { CompletionRoutine, IoGetNextIrpStackLocation, IoSetCompletionRoutine } from "../io/stack";
import { StackLocation, viewOf } from "../io/stack";
import { Mdl } from "../io/mdl";
import { SourceRoute } from "../wire/sourceroute";
import { NetbiosAddress } from "./address";
import { EventHandlers } from "./event";
import { TdiAssociate, TdiConnect, TdiDisconnect, TdiListen, TdiSendDatagram } from "./parameters";
import { TdiInformation, TdiSetEvents, TdiTransfer } from "./parameters";
import { Tdi } from "./request";

function build(
  irp: Irp,
  file: FileObject,
  minor: Tdi,
  routine: CompletionRoutine,
  context: usize,
): StackLocation {
  const next = IoGetNextIrpStackLocation(irp);
  IoSetCompletionRoutine(irp, routine, context);
  next.major = <u8>Major.INTERNAL_DEVICE_CONTROL;
  next.minor = <u8>minor;
  next.file = file;
  return next;
}

/** Binds the connection endpoint `file` to the address object `address`. */
export function TdiBuildAssociateAddress(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  address: FileObject,
): void {
  const next = build(irp, file, Tdi.ASSOCIATE_ADDRESS, routine, context);
  viewOf<TdiAssociate>(next).address = address;
}

/**
 * Connects `file` to a remote address, both words in host order; by the hops of `route`, which the
 * transport copies at once, where that is not null.
 */
export function TdiBuildConnect(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  remoteAddress: u32,
  remotePort: u32,
  route: SourceRoute | null,
): void {
  const next = viewOf<TdiConnect>(build(irp, file, Tdi.CONNECT, routine, context));
  next.remoteAddress = remoteAddress;
  next.remotePort = remotePort;
  next.remoteName = null;
  next.route = route;
}

/**
 * Connects `file` to a NetBIOS name; to `remoteAddress` where that is not 0, else to the address
 * that the name has. `remoteName` stays where it is until the request completes.
 */
export function TdiBuildConnectName(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  remoteName: NetbiosAddress,
  remoteAddress: u32,
): void {
  const next = viewOf<TdiConnect>(build(irp, file, Tdi.CONNECT, routine, context));
  next.remoteAddress = remoteAddress;
  next.remotePort = 0;
  next.remoteName = remoteName;
  next.route = null;
}

/**
 * Waits for a call on `file`: of `wanted`, or for null of anybody; completes when the session is
 * there, with who called in `caller`. Both stay where they are until then.
 */
export function TdiBuildListen(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  wanted: NetbiosAddress | null,
  caller: NetbiosAddress | null,
): void {
  const next = viewOf<TdiListen>(build(irp, file, Tdi.LISTEN, routine, context));
  next.wanted = wanted;
  next.caller = caller;
}

/** Accepts the connection that ClientEventConnect was told of on `file`. */
export function TdiBuildAccept(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
): void {
  build(irp, file, Tdi.ACCEPT, routine, context);
}

/** Disconnects `file`: RELEASE after all that was sent, ABORT at once. */
export function TdiBuildDisconnect(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  flags: u32,
): void {
  const next = build(irp, file, Tdi.DISCONNECT, routine, context);
  viewOf<TdiDisconnect>(next).disconnectFlags = flags;
}

/** Sends `length` octets of `mdl`; `flags`: SendFlag. */
export function TdiBuildSend(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  mdl: Mdl,
  length: u32,
  flags: u32,
): void {
  const next = viewOf<TdiTransfer>(build(irp, file, Tdi.SEND, routine, context));
  irp.mdl = mdl;
  next.length = length;
  next.transferFlags = flags;
}

/** Receives up to `length` octets into `mdl`. */
export function TdiBuildReceive(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  mdl: Mdl,
  length: u32,
  flags: u32,
): void {
  const next = viewOf<TdiTransfer>(build(irp, file, Tdi.RECEIVE, routine, context));
  irp.mdl = mdl;
  next.length = length;
  next.transferFlags = flags;
}

/** Sends one datagram of `length` octets. */
export function TdiBuildSendDatagram(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  mdl: Mdl,
  length: u32,
  remoteAddress: u32,
  remotePort: u32,
): void {
  const next = build(irp, file, Tdi.SEND_DATAGRAM, routine, context);
  const view = viewOf<TdiSendDatagram>(next);
  irp.mdl = mdl;
  view.length = length;
  view.remoteAddress = remoteAddress;
  view.remotePort = remotePort;
}

/** Sets all event handlers of the address object `file`. */
export function TdiBuildSetEventHandlers(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  handlers: EventHandlers,
): void {
  const next = build(irp, file, Tdi.SET_EVENT_HANDLER, routine, context);
  viewOf<TdiSetEvents>(next).handlers = handlers;
}

/** Asks for one fact of `file`; the answer is `value` of the same location. */
export function TdiBuildQueryInformation(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  option: u32,
): void {
  const next = viewOf<TdiInformation>(
    build(irp, file, Tdi.QUERY_INFORMATION, routine, context),
  );
  next.option = option;
}

/** Sets one option of the connection endpoint `file`. */
export function TdiBuildSetInformation(
  irp: Irp,
  file: FileObject,
  routine: CompletionRoutine,
  context: usize,
  option: u32,
  value: u32,
): void {
  const next = viewOf<TdiInformation>(
    build(irp, file, Tdi.SET_INFORMATION, routine, context),
  );
  next.option = option;
  next.value = value;
}
