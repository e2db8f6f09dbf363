/** afd.sys: sockets for user mode, over TDI. The calls are user mode's: index.ts exports them. */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { ticksOf } from "../nt/time";
import { InterlockedExchangeAdd } from "../ex/interlocked";
import { IoCreateDevice, DeviceName, IoDeleteDevice, IoGetDeviceObjectPointer } from "../io/device";
import { DriverObject, initializeDriver } from "../io/driver";
import { invalidRequest } from "../io/invalid";
import { NetbiosAddress, copyNetbiosAddress } from "../tdi/address";
import { SendFlag } from "../tdi/request";
import * as backlog from "./backlog";
import { cancelEcho, initializeEchoes, sendEcho } from "./echo";
import { Endpoint, SocketKind, allocateEndpoint, dereferenceEndpoint, isMessageKind } from
  "./endpoint";
import { referenceEndpoint } from "./endpoint";
import { cleanUpHandles, createHandle, enterHandle, initializeHandles } from "./handle";
import { leaveHandle, takeHandle } from "./handle";
import * as message from "./message";
import * as option from "./option";
import { peek } from "./peek";
import { cleanUpPolls, initializePolls } from "./poll";
import { cleanUpReady, initializeReady } from "./ready";
import { readSelect, select } from "./select";
import * as socket from "./socket";
import { deleteTcpEntry } from "./tcpentry";
import * as transfer from "./transfer";
import { receiveUrgent } from "./urgent";

const DRIVER: usize = memory.data(32);
/** [0]: the sequence number of the next echo. */
const WORDS: usize = memory.data(4);

/** The echoes of this machine carry this identifier. */
const ECHO_IDENTIFIER: u32 = 0x0100;

/** DriverEntry. IRQL: PASSIVE_LEVEL. */
export function DriverEntry(): NTSTATUS {
  const driver = changetype<DriverObject>(DRIVER);
  initializeDriver(driver, unload, invalidRequest);
  initializeHandles();
  initializeReady();
  initializeEchoes();
  initializePolls();
  IoCreateDevice(driver, DeviceName.Afd);
  return Status.SUCCESS;
}

function unload(driver: DriverObject): void {
  const device = IoGetDeviceObjectPointer(DeviceName.Afd);
  if (device != null) IoDeleteDevice(device);
  cleanUpPolls();
  cleanUpReady();
  cleanUpHandles();
}

/** Unloads the driver. IRQL: PASSIVE_LEVEL. */
export function unloadDriver(): void {
  const driver = changetype<DriverObject>(DRIVER);
  driver.unload(driver);
}

/*
 * What user mode calls, with a handle of handle.ts; 0 is none. A call on what is no handle is
 * answered with INVALID_HANDLE. IRQL: PASSIVE_LEVEL. Locks: none.
 */

/** A socket, or 0 without memory. `kind`: SocketKind. */
export function socketOpen(kind: u32, context: u32): u32 {
  const known = kind == SocketKind.STREAM || kind == SocketKind.DATAGRAM || isMessageKind(kind);
  if (!known) return 0;
  const endpoint = allocateEndpoint(kind, context);
  return endpoint == null ? 0 : handOut(endpoint);
}

/** A handle for a new socket; without memory for one, the socket is closed again. */
function handOut(endpoint: Endpoint): u32 {
  const handle = createHandle(endpoint);
  if (handle == 0) socket.close(endpoint, true);
  return handle;
}

/** Binds to a local address and port; 0 is any. */
export function socketBind(handle: u32, address: u32, port: u32): NTSTATUS {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const status = socket.bind(endpoint, address, port);
  leaveHandle(endpoint);
  return status;
}

/** Binds a NetBIOS socket to the NetbiosAddress at `name`. */
export function socketBindName(handle: u32, name: usize): NTSTATUS {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const status = socket.bindName(endpoint, name);
  leaveHandle(endpoint);
  return status;
}

/** Connects one; `address` 0: the address that the name has. */
export function socketConnectName(handle: u32, name: usize, address: u32): NTSTATUS {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const status = socket.connectName(endpoint, name, address);
  leaveHandle(endpoint);
  return status;
}

/** Writes who is at the other end of one to `name`: a NetbiosAddress. */
export function socketRemoteName(handle: u32, name: usize): NTSTATUS {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const own = endpoint.remoteName;
  if (own != null) copyNetbiosAddress(at<NetbiosAddress>(name, 0), own);
  leaveHandle(endpoint);
  return own == null ? Status.INVALID_PARAMETER : Status.SUCCESS;
}

/** Listens, with room for `connections` that wait. */
export function socketListen(handle: u32, connections: u32): NTSTATUS {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const status = socket.listen(endpoint, connections);
  leaveHandle(endpoint);
  return status;
}

/** Connects; PENDING: an event tells how it ended. */
export function socketConnect(handle: u32, address: u32, port: u32): NTSTATUS {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const status = socket.connect(endpoint, address, port);
  leaveHandle(endpoint);
  return status;
}

/** The oldest connection that waits, as a socket with that context; 0: none waits. */
export function socketAccept(handle: u32, context: u32): u32 {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return 0;
  const accepted = backlog.takeArrived(endpoint);
  const answer = accepted == null ? 0 : takeOver(accepted, endpoint, context);
  leaveHandle(endpoint);
  return answer;
}

/** A handle for a connection of the backlog of `listener`, before anybody hears of it; 0: none. */
function takeOver(accepted: Endpoint, listener: Endpoint, context: u32): u32 {
  // Whoever guesses its handle may close it.
  referenceEndpoint(accepted);
  const handle = createHandle(accepted);
  backlog.begin(accepted, listener, context);
  if (handle == 0) socket.close(accepted, true);
  dereferenceEndpoint(accepted);
  return handle;
}

/** Octets taken; 0: no room now, of a NetBIOS socket NO_MORE_ENTRIES; negative: NTSTATUS. */
export function socketSend(handle: u32, address: usize, length: u32): i32 {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const taken = isMessageKind(endpoint.kind)
    ? message.sendMessage(endpoint, address, length)
    : transfer.send(endpoint, address, length, SendFlag.NONE);
  leaveHandle(endpoint);
  return taken;
}

/** As socketSend; what is taken is urgent (MSG_OOB). NetBIOS knows nothing of the kind. */
export function socketSendUrgent(handle: u32, address: usize, length: u32): i32 {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const taken = isMessageKind(endpoint.kind)
    ? Status.INVALID_PARAMETER
    : transfer.send(endpoint, address, length, SendFlag.EXPEDITED);
  leaveHandle(endpoint);
  return taken;
}

/** Octets of the datagram sent, or a negative NTSTATUS. */
export function socketSendTo(
  handle: u32,
  address: usize,
  length: u32,
  remoteAddress: u32,
  remotePort: u32,
): i32 {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const sent = transfer.sendTo(endpoint, address, length, remoteAddress, remotePort);
  leaveHandle(endpoint);
  return sent;
}

/** Octets received; 0: none now; negative: NTSTATUS. */
export function socketReceive(handle: u32, address: usize, length: u32): i32 {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const moved = isMessageKind(endpoint.kind)
    ? message.receiveMessage(endpoint, address, length)
    : transfer.receive(endpoint, address, length);
  leaveHandle(endpoint);
  return moved;
}

/** The same octets again, later: as socketReceive, and they stay. */
export function socketPeek(handle: u32, address: usize, length: u32): i32 {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const copied = peek(endpoint, address, length);
  leaveHandle(endpoint);
  return copied;
}

/** The urgent octet (MSG_OOB): 1; 0: it has not come yet; INVALID_PARAMETER: there is none. */
export function socketReceiveUrgent(handle: u32, address: usize): i32 {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const received = receiveUrgent(endpoint, address);
  leaveHandle(endpoint);
  return received;
}

/** No more will be sent. */
export function socketShutdown(handle: u32): NTSTATUS {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const status = socket.shutdown(endpoint);
  leaveHandle(endpoint);
  return status;
}

/**
 * What closesocket waits for where SO_LINGER has a time: PENDING, and LINGERED tells when it has
 * come; `socketClose` follows. SUCCESS: there is nothing to wait for.
 */
export function socketLinger(handle: u32): NTSTATUS {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const status = socket.linger(endpoint);
  leaveHandle(endpoint);
  return status;
}

/** Which of the `count` sockets at `records` are ready, as `select` of select.ts says. */
export function socketSelect(records: usize, count: u32, timeoutMs: u32, context: u32): i32 {
  return select(records, count, timeoutMs, context);
}

/** What the select of `context` found, once SELECTED has told that it has ended. */
export function socketReadSelect(context: u32, records: usize, count: u32): i32 {
  return readSelect(context, records, count);
}

/** Closes; the handle is gone. What is no handle is left alone. */
export function socketClose(handle: u32, abort: u32): void {
  const endpoint = takeHandle(handle);
  if (endpoint == null) return;
  socket.close(endpoint, abort != 0);
  leaveHandle(endpoint);
}

/** Sets a `SocketOption`. */
export function socketOption(handle: u32, which: i32, value: u32): NTSTATUS {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return Status.INVALID_HANDLE;
  const status = option.setOption(endpoint, which, value);
  leaveHandle(endpoint);
  return status;
}

/** Answers a `SocketQuery`; 0 for what is no handle. */
export function socketQuery(handle: u32, query: i32): u32 {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return 0;
  const answer = option.query(endpoint, query);
  leaveHandle(endpoint);
  return answer;
}

/** ping: an ECHO event with `context` follows when the answer is PENDING. */
export function echo(address: u32, length: u32, timeoutMs: u32, context: u32): NTSTATUS {
  const sequence = InterlockedExchangeAdd(WORDS, 1) & 0xffff;
  const ticks = ticksOf(timeoutMs);
  return sendEcho(address, ECHO_IDENTIFIER, sequence, length, ticks, context);
}

/** Deletes a connection of the table (SetTcpEntry); the peer's port is in the high half. */
export function connectionDelete(localAddress: u32, remoteAddress: u32, ports: u32): NTSTATUS {
  return deleteTcpEntry(localAddress, remoteAddress, ports);
}

/** Cancels the ping with that context; its ECHO event follows. INVALID_HANDLE: there is none. */
export function echoCancel(context: u32): NTSTATUS {
  return cancelEcho(context);
}
