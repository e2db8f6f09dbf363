/** What user mode may set of a socket, and ask. */

import { NTSTATUS, NT_SUCCESS, Status } from "../nt/status";
import { ExAllocate } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../ke/spinlock";
import { openConnectionFile, queryFile, setFileOption } from "../tdi/client";
import { ConnectionOption, TransportQuery } from "../tdi/request";
import { SourceRoute } from "../wire/sourceroute";
import { Endpoint, EndpointFlag, EndpointState, SocketKind } from "./endpoint";
import { queryLinger, setLinger } from "./linger";
import { heldOctets } from "./readiness";
import { bind, setFlag } from "./socket";
import { takeSoftError, urgentLeft } from "./urgent";

/** What user mode may set. */
export const enum SocketOption {
  NO_DELAY,
  KEEP_ALIVE,
  /** 1: octets that come are counted and thrown away. */
  SINK,
  /** Octets. */
  SEND_BUFFER,
  RECEIVE_BUFFER,
  /** 1: urgent data comes with the other, where it is in it (SO_OOBINLINE). */
  OOB_INLINE,
  /** 1: errors that may pass are told; 0, as at first: they can be asked for. */
  SOFT_ERRORS,
  /** Retransmissions before a connection is given up; 0: as the registry says, 255: no end. */
  RETRANSMISSIONS,
  /** IP_TOS; the two bits of ECN do not count. */
  TYPE_OF_SERVICE,
  /** An address: one more hop of the source route of the connect to come (IP_OPTIONS). */
  LOOSE_HOP,
  STRICT_HOP,
  /** SO_LINGER: the struct linger's l_onoff in the high half, l_linger, in seconds, in the low. */
  LINGER,
}

/** What user mode may ask. */
export const enum SocketQuery {
  LOCAL_ADDRESS,
  LOCAL_PORT,
  REMOTE_ADDRESS,
  REMOTE_PORT,
  STATUS,
  /** Octets that can be received now. */
  READABLE,
  /** Octets that can be sent now. */
  SEND_ROOM,
  /** Octets received in all, low 32 bits. */
  RECEIVED,
  /** Octets before the urgent one: 0 is the mark; NONE_URGENT: none is ahead. */
  URGENT_LEFT,
  /** The last error that may pass, since this was asked. */
  SOFT_ERROR,
  /** As it was set. */
  LINGER,
}

/** Sets one option. IRQL: PASSIVE_LEVEL. */
export function setOption(endpoint: Endpoint, option: SocketOption, value: u32): NTSTATUS {
  switch (option) {
    case SocketOption.SINK:
      setFlag(endpoint, EndpointFlag.SINK, value != 0);
      return Status.SUCCESS;
    case SocketOption.SEND_BUFFER:
    case SocketOption.RECEIVE_BUFFER:
      setLimit(endpoint, option, value);
      return Status.SUCCESS;
    case SocketOption.NO_DELAY:
      return setConnectionOption(endpoint, ConnectionOption.NO_DELAY, value);
    case SocketOption.KEEP_ALIVE:
      return setConnectionOption(endpoint, ConnectionOption.KEEP_ALIVE, value);
    case SocketOption.OOB_INLINE:
      return setConnectionOption(endpoint, ConnectionOption.EXPEDITED_INLINE, value);
    case SocketOption.SOFT_ERRORS:
      setFlag(endpoint, EndpointFlag.SOFT_ERRORS, value != 0);
      return Status.SUCCESS;
    case SocketOption.RETRANSMISSIONS:
      return setConnectionOption(endpoint, ConnectionOption.RETRANSMISSIONS, value);
    case SocketOption.TYPE_OF_SERVICE:
      return setConnectionOption(endpoint, ConnectionOption.TYPE_OF_SERVICE, value);
    case SocketOption.LOOSE_HOP:
    case SocketOption.STRICT_HOP:
      return addHop(endpoint, value, option == SocketOption.STRICT_HOP);
    case SocketOption.LINGER:
      return setLinger(endpoint, value);
    default:
      return Status.INVALID_PARAMETER;
  }
}

/** One more hop of the route by which it connects: all are strict, or none. */
function addHop(endpoint: Endpoint, hop: u32, strict: bool): NTSTATUS {
  if (endpoint.kind != SocketKind.STREAM) return Status.INVALID_PARAMETER;
  let route = endpoint.route;
  if (route == null) route = ExAllocate<SourceRoute>(Tag.Endpoint);
  if (route == null) return Status.INSUFFICIENT_RESOURCES;
  endpoint.route = route;
  if (route.count != 0 && (route.strict != 0) != strict) return Status.INVALID_PARAMETER;
  route.strict = strict ? 1 : 0;
  return route.append(hop) ? Status.SUCCESS : Status.INVALID_PARAMETER;
}

function setLimit(endpoint: Endpoint, option: SocketOption, octets: u32): void {
  const irql = KeAcquireSpinLock(endpoint.lock);
  if (option == SocketOption.SEND_BUFFER) endpoint.sendLimit = octets;
  else endpoint.receiveLimit = octets;
  KeReleaseSpinLock(endpoint.lock, irql);
}

/** The connection endpoint is opened for it when there is none yet. */
function setConnectionOption(endpoint: Endpoint, option: ConnectionOption, value: u32): NTSTATUS {
  if (endpoint.state == EndpointState.OPEN) {
    const bound = bind(endpoint, 0, 0);
    if (!NT_SUCCESS(bound)) return bound;
  }
  let file = endpoint.connectionFile;
  const address = endpoint.addressFile;
  if (file == null && address != null && endpoint.state == EndpointState.BOUND) {
    file = openConnectionFile(address, changetype<usize>(endpoint));
    endpoint.connectionFile = file;
  }
  return file == null ? Status.INVALID_PARAMETER : setFileOption(file, option, value);
}

/** One fact. IRQL: PASSIVE_LEVEL. */
export function query(endpoint: Endpoint, what: SocketQuery): u32 {
  const file = endpoint.connectionFile;
  const room = endpoint.sendLimit - endpoint.sendQueued;
  switch (what) {
    case SocketQuery.LOCAL_ADDRESS:
      return file != null ? queryFile(file, TransportQuery.LOCAL_ADDRESS) : endpoint.localAddress;
    case SocketQuery.LOCAL_PORT:
      return endpoint.localPort != 0 || file == null
        ? endpoint.localPort
        : queryFile(file, TransportQuery.LOCAL_PORT);
    case SocketQuery.REMOTE_ADDRESS:
      return endpoint.remoteAddress;
    case SocketQuery.REMOTE_PORT:
      return endpoint.remotePort;
    case SocketQuery.STATUS:
      return <u32>endpoint.status;
    case SocketQuery.READABLE:
      return endpoint.receiveQueued + heldOctets(endpoint);
    case SocketQuery.SEND_ROOM:
      return endpoint.sendLimit > endpoint.sendQueued ? room : 0;
    case SocketQuery.RECEIVED:
      return endpoint.received;
    case SocketQuery.URGENT_LEFT:
      return urgentLeft(endpoint);
    case SocketQuery.SOFT_ERROR:
      return takeSoftError(endpoint);
    case SocketQuery.LINGER:
      return queryLinger(endpoint);
    default:
      return 0;
  }
}
