/** What a socket is ready for, as a select asks: AFD's poll events. */

import { IsListEmpty } from "../nt/list";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { queryFile } from "../tdi/client";
import { TransportQuery } from "../tdi/request";
import { Endpoint, EndpointFlag, EndpointState, SocketKind } from "./endpoint";
import { isMessageKind, isUnbuffered } from "./endpoint";

/** AFD_POLL_*: what a socket can be ready for. */
export const enum PollEvent {
  /** Octets, or a datagram, can be received. */
  RECEIVE = 1,
  /** An urgent octet can (MSG_OOB). */
  RECEIVE_EXPEDITED = 2,
  SEND = 4,
  /** The peer has closed its side. */
  DISCONNECT = 8,
  ABORT = 0x10,
  /** The socket was closed meanwhile. */
  LOCAL_CLOSE = 0x20,
  CONNECT = 0x40,
  ACCEPT = 0x80,
  CONNECT_FAIL = 0x100,
}

/**
 * What of `wanted` (PollEvent) `endpoint` is ready for now. `holds`: where the transport may keep
 * octets for it, it does, which is not asked here. Where SEND is wanted and there is no room,
 * WRITABLE is owed from here on. IRQL: <= DISPATCH_LEVEL. Locks: none after AfdEndpoint.
 */
export function readinessOf(endpoint: Endpoint, wanted: u32, holds: bool): u32 {
  const irql = KeAcquireSpinLock(endpoint.lock);
  const events = readinessLocked(endpoint, holds) & wanted;
  const state: u32 = endpoint.state;
  const owes = wanted & PollEvent.SEND && (events & PollEvent.SEND) == 0;
  if (owes && state == EndpointState.CONNECTED) endpoint.flags |= <u16>EndpointFlag.WANTS_ROOM;
  KeReleaseSpinLock(endpoint.lock, irql);
  return events;
}

function readinessLocked(endpoint: Endpoint, holds: bool): u32 {
  mustHold(endpoint.lock);
  const flags: u32 = endpoint.flags;
  const leaves = (flags & EndpointFlag.TRANSPORT_HOLDS) != 0;
  const kept = isMessageKind(endpoint.kind) ? leaves : holds && (leaves || isUnbuffered(endpoint));
  if (flags & EndpointFlag.CLOSED) return PollEvent.LOCAL_CLOSE;
  let events: u32 = 0;
  if (endpoint.first != null || kept) events |= PollEvent.RECEIVE;
  if (flags & EndpointFlag.PEER_CLOSED) events |= PollEvent.DISCONNECT;
  if (flags & EndpointFlag.URGENT_WAITS) events |= PollEvent.RECEIVE_EXPEDITED;
  const state: u32 = endpoint.state;
  if (state == EndpointState.CONNECTED) events |= PollEvent.CONNECT | roomLocked(endpoint);
  else if (state == EndpointState.LISTENING) events |= arrivalsLocked(endpoint);
  else if (state == EndpointState.DEAD) {
    events |= flags & EndpointFlag.CONNECT_FAILED ? PollEvent.CONNECT_FAIL : PollEvent.ABORT;
  } else if (endpoint.kind == SocketKind.DATAGRAM) events |= PollEvent.SEND;
  return events;
}

function roomLocked(endpoint: Endpoint): u32 {
  mustHold(endpoint.lock);
  if (endpoint.flags & EndpointFlag.SHUT) return 0;
  return endpoint.sendQueued < endpoint.sendLimit ? PollEvent.SEND : 0;
}

function arrivalsLocked(endpoint: Endpoint): u32 {
  mustHold(endpoint.lock);
  const listener = endpoint.listener;
  return listener != null && !IsListEmpty(listener.arrived) ? PollEvent.ACCEPT : 0;
}

/** Whether the transport keeps octets for it. In the turn of a call. IRQL: PASSIVE_LEVEL. */
export function holdsOctets(endpoint: Endpoint): bool {
  const file = endpoint.connectionFile;
  if (file == null || endpoint.kind != SocketKind.STREAM) return false;
  const may = isUnbuffered(endpoint) || (endpoint.flags & EndpointFlag.TRANSPORT_HOLDS) != 0;
  return may && queryFile(file, TransportQuery.HELD) != 0;
}

/**
 * Octets that the transport keeps for a socket that has no buffer of its own; 0 of others. In the
 * turn of a call. IRQL: PASSIVE_LEVEL.
 */
export function heldOctets(endpoint: Endpoint): u32 {
  const file = endpoint.connectionFile;
  return file != null && isUnbuffered(endpoint) ? queryFile(file, TransportQuery.HELD) : 0;
}
