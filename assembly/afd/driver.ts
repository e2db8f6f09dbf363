/** afd.sys: sockets for user mode, over TDI. The calls are user mode's: index.ts exports them. */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { ticksOf } from "../nt/time";
import { IoCreateDevice, DeviceName, IoDeleteDevice, IoGetDeviceObjectPointer } from "../io/device";
import { DriverObject, initializeDriver } from "../io/driver";
import { invalidRequest } from "../io/invalid";
import * as backlog from "./backlog";
import { cancelEcho, initializeEchoes, sendEcho } from "./echo";
import { Endpoint, SocketKind, allocateEndpoint } from "./endpoint";
import { cleanUpReady, initializeReady } from "./ready";
import * as socket from "./socket";
import * as transfer from "./transfer";

const DRIVER: usize = memory.data(32);
/** [0]: the sequence number of the next echo. */
const WORDS: usize = memory.data(4);

@unmanaged
class Word {
  value: u32;
}

/** The echoes of this machine carry this identifier. */
const ECHO_IDENTIFIER: u32 = 0x0100;

/** DriverEntry. IRQL: PASSIVE_LEVEL. */
export function DriverEntry(): NTSTATUS {
  const driver = changetype<DriverObject>(DRIVER);
  initializeDriver(driver, unload, invalidRequest);
  initializeReady();
  initializeEchoes();
  IoCreateDevice(driver, DeviceName.Afd);
  return Status.SUCCESS;
}

function unload(driver: DriverObject): void {
  const device = IoGetDeviceObjectPointer(DeviceName.Afd);
  if (device != null) IoDeleteDevice(device);
  cleanUpReady();
}

/** Unloads the driver. IRQL: PASSIVE_LEVEL. */
export function unloadDriver(): void {
  const driver = changetype<DriverObject>(DRIVER);
  driver.unload(driver);
}

/*
 * What user mode calls. A handle is an Endpoint's address; 0 is none. IRQL: PASSIVE_LEVEL.
 */

/** A socket, or 0 without memory. `kind`: SocketKind. */
export function socketOpen(kind: u32, context: u32): usize {
  if (kind != SocketKind.STREAM && kind != SocketKind.DATAGRAM) return 0;
  return changetype<usize>(allocateEndpoint(kind, context));
}

/** Binds to a local address and port; 0 is any. */
export function socketBind(handle: usize, address: u32, port: u32): NTSTATUS {
  return socket.bind(at<Endpoint>(handle, 0), address, port);
}

/** Listens, with room for `connections` that wait. */
export function socketListen(handle: usize, connections: u32): NTSTATUS {
  return socket.listen(at<Endpoint>(handle, 0), connections);
}

/** Connects; PENDING: an event tells how it ended. */
export function socketConnect(handle: usize, address: u32, port: u32): NTSTATUS {
  return socket.connect(at<Endpoint>(handle, 0), address, port);
}

/** The oldest connection that waits, as a socket with that context; 0: none waits. */
export function socketAccept(handle: usize, context: u32): usize {
  return changetype<usize>(backlog.accept(at<Endpoint>(handle, 0), context));
}

/** Octets taken; 0: no room now; negative: NTSTATUS. */
export function socketSend(handle: usize, address: usize, length: u32): i32 {
  return transfer.send(at<Endpoint>(handle, 0), address, length);
}

/** Octets of the datagram sent, or a negative NTSTATUS. */
export function socketSendTo(
  handle: usize,
  address: usize,
  length: u32,
  remoteAddress: u32,
  remotePort: u32,
): i32 {
  const endpoint = at<Endpoint>(handle, 0);
  return transfer.sendTo(endpoint, address, length, remoteAddress, remotePort);
}

/** Octets received; 0: none now; negative: NTSTATUS. */
export function socketReceive(handle: usize, address: usize, length: u32): i32 {
  return transfer.receive(at<Endpoint>(handle, 0), address, length);
}

/** No more will be sent. */
export function socketShutdown(handle: usize): NTSTATUS {
  return socket.shutdown(at<Endpoint>(handle, 0));
}

/** Closes; the handle is gone. */
export function socketClose(handle: usize, abort: u32): void {
  socket.close(at<Endpoint>(handle, 0), abort != 0);
}

/** Sets a `SocketOption`. */
export function socketOption(handle: usize, option: i32, value: u32): NTSTATUS {
  return socket.setOption(at<Endpoint>(handle, 0), option, value);
}

/** Answers a `SocketQuery`. */
export function socketQuery(handle: usize, query: i32): u32 {
  return socket.query(at<Endpoint>(handle, 0), query);
}

/** ping: an ECHO event with `context` follows when the answer is PENDING. */
export function echo(address: u32, length: u32, timeoutMs: u32, context: u32): NTSTATUS {
  const word = changetype<Word>(WORDS);
  const sequence = word.value++ & 0xffff;
  const ticks = ticksOf(timeoutMs);
  return sendEcho(address, ECHO_IDENTIFIER, sequence, length, ticks, context);
}

/** Cancels the ping with that context; its ECHO event follows. INVALID_HANDLE: there is none. */
export function echoCancel(context: u32): NTSTATUS {
  return cancelEcho(context);
}
