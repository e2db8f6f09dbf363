/**
 * The ends of connections, as the host sees them of every transport: which are over, whose client
 * has not been told, what waits for it (nt-facts 4.3 and 4.5), and which connection blocks are in
 * use for nobody. Reads a machine that stands still, and writes nothing. IRQL: any.
 */

import { addressOf, at } from "./nt/embed";
import { EventHandlers } from "./tdi/event";
import { SESSION_HEADER } from "./wire/nbsession";
import { endedTick } from "./tcpip/tcp/close";
import { Held } from "./tcpip/tcp/held";
import { Connection } from "./tcpip/tcp/endpoint";
import { Tcb, TcbFlag, Todo } from "./tcpip/tcp/tcb";
import { DEVICES, netbtDevice } from "./netbt/device";
import { Block, BlockFlag } from "./netbt/session/block";
import { receiveEvent as netbtReceive } from "./netbt/session/receive";
import { SessionState } from "./netbt/session/state";
import { Endpoint, EndpointFlag } from "./afd/endpoint";
import { messageEvent } from "./afd/message";
import { receiveEvent as afdReceive } from "./afd/transfer";
import { Session, SessionEvent, receiveEvent as netbiosReceive } from "./netbios/session";

/** Whose connection: that of a `Tcb`, or of a connection block. */
export const enum Transport {
  TCPIP,
  NETBT,
}

/** Who is told of a connection. */
export const enum TransportClient {
  NOBODY,
  AFD,
  NETBT,
  NETBIOS,
  /** One of which nothing is known: whatever is kept for it, it knows of. */
  ANOTHER,
}

/** What can be asked of a connection. */
export const enum EndQuery {
  /** `TransportClient`, and the context that it is told. */
  CLIENT,
  CONTEXT,
  /** 1: it is over, and its client has not been told. */
  IS_OWED,
  /** 1: the transport below has it no more, and has not said so. Of NetBT's. */
  IS_LOST,
  /** 1: it is over, and nobody has anything to take of it. Of NetBT's. */
  IS_FOR_NOBODY,
  /** The tick since which. */
  ENDED_TICK,
  /** Octets that the transport counts as held for its client, and those that there are. */
  COUNTED,
  KEPT,
  /** 1: something waits of which the client has been told, and for which it has not asked. */
  IS_CLIENTS_TURN,
  REMOTE_ADDRESS,
  REMOTE_PORT,
  /** The number of the device that has it. Of NetBT's. */
  DEVICE,
}

/** Blocks of all devices that have a connection, or want one: that behind `previous`, or 0. */
export function nextBlock(previous: usize): usize {
  let index: u32 = 0;
  let entry = netbtDevice(0).busyBlocks.flink;
  if (previous) {
    const block = at<Block>(previous, 0);
    index = block.device.index;
    entry = block.flink;
  }
  while (entry == netbtDevice(index).busyBlocks) {
    index++;
    if (index == DEVICES) return 0;
    entry = netbtDevice(index).busyBlocks.flink;
  }
  return addressOf(entry);
}

/** The answer to `query` of what lies at `connection`, a connection of `transport`. */
export function askEnd(transport: u32, connection: usize, query: u32): u32 {
  if (transport == Transport.NETBT) return askBlock(at<Block>(connection, 0), query);
  return askTcb(at<Tcb>(connection, 0), query);
}

function askTcb(tcb: Tcb, query: u32): u32 {
  switch (query) {
    case EndQuery.CLIENT:
      return clientOfTcb(tcb);
    case EndQuery.CONTEXT:
      return contextOfTcb(tcb);
    case EndQuery.IS_OWED:
      return isTcbOwed(tcb) ? 1 : 0;
    case EndQuery.ENDED_TICK:
      return endedTick(tcb);
    case EndQuery.COUNTED:
      return tcb.heldOctets;
    case EndQuery.KEPT:
      return keptOf(tcb);
    case EndQuery.IS_CLIENTS_TURN:
      return keptOf(tcb) != 0 && knows(clientOfTcb(tcb), contextOfTcb(tcb)) ? 1 : 0;
    case EndQuery.REMOTE_ADDRESS:
      return tcb.remoteAddress;
    case EndQuery.REMOTE_PORT:
      return tcb.remotePort;
    default:
      return 0;
  }
}

function isTcbOwed(tcb: Tcb): bool {
  const owed = (tcb.flags & TcbFlag.DISCONNECT_OWED) != 0;
  return tcb.connection != null && (owed || (tcb.todo & (Todo.RELEASED | Todo.ABORTED)) != 0);
}

function clientOfTcb(tcb: Tcb): TransportClient {
  const connection = tcb.connection;
  const address = connection != null ? connection.address : null;
  return address != null ? clientOf(address.handlers) : TransportClient.NOBODY;
}

function contextOfTcb(tcb: Tcb): u32 {
  const connection = tcb.connection;
  return connection != null ? <u32>connection.clientContext : 0;
}

/** Octets in the chain of what was not taken. */
function keptOf(tcb: Tcb): u32 {
  let octets: u32 = 0;
  let held = tcb.held;
  while (held != null) {
    octets += held.length;
    const next: Held | null = held.next;
    held = next;
  }
  return octets;
}

function askBlock(block: Block, query: u32): u32 {
  const endpoint = block.endpoint;
  const tcb = tcbOf(block);
  switch (query) {
    case EndQuery.CLIENT:
      return clientOfBlock(block);
    case EndQuery.CONTEXT:
      return endpoint != null ? <u32>endpoint.clientContext : 0;
    case EndQuery.IS_OWED:
      return isToldBelow(block) && isOpen(block) ? 1 : 0;
    case EndQuery.IS_LOST:
      return isLost(block) ? 1 : 0;
    case EndQuery.IS_FOR_NOBODY:
      return isForNobody(block) ? 1 : 0;
    case EndQuery.ENDED_TICK:
      return tcb != null && isOpen(block) ? endedTick(tcb) : block.stamp;
    case EndQuery.COUNTED:
      return block.outstanding;
    case EndQuery.KEPT:
      return block.aheadOctets + (tcb != null ? keptOf(tcb) : 0);
    case EndQuery.IS_CLIENTS_TURN:
      return isClientsTurn(block) ? 1 : 0;
    case EndQuery.REMOTE_ADDRESS:
      return block.remoteAddress;
    case EndQuery.REMOTE_PORT:
      return block.remotePort;
    default:
      return block.device.index;
  }
}

/** The connection of TCP that a block has; null: none. */
function tcbOf(block: Block): Tcb | null {
  const file = block.file;
  return file != null ? at<Tcb | null>(at<Connection>(file.fsContext, 0).tcb, 0) : null;
}

function clientOfBlock(block: Block): TransportClient {
  const endpoint = block.endpoint;
  const address = endpoint != null ? endpoint.address : null;
  return address != null ? clientOf(address.handlers) : TransportClient.NOBODY;
}

/** Its end, if it has one, has not begun. */
function isOpen(block: Block): bool {
  return (block.flags & BlockFlag.ENDING) == 0;
}

/** TCP has told of the peer's close. */
function isToldBelow(block: Block): bool {
  return (block.flags & BlockFlag.PEER_CLOSED) != 0;
}

/** It believes in a connection that TCP has no more. */
function isLost(block: Block): bool {
  return isOpen(block) && block.state >= SessionState.CALLING && tcbOf(block) == null;
}

/** A block that is in use, though its connection is over: nobody has anything to take of it. */
function isForNobody(block: Block): bool {
  if (!isOpen(block) || isLost(block)) return true;
  const tcb = tcbOf(block);
  const over = isToldBelow(block) || (tcb != null && isTcbOwed(tcb));
  return over && !isClientsTurn(block);
}

/** A message of which the client was told, or the rest of it. */
function isClientsTurn(block: Block): bool {
  const endpoint = block.endpoint;
  if (endpoint == null || (block.flags & BlockFlag.OWED) == 0) return false;
  const begun = block.headerOctets == SESSION_HEADER;
  return begun && knows(clientOfBlock(block), endpoint.clientContext);
}

/** Who has these handlers. */
function clientOf(handlers: EventHandlers): TransportClient {
  const receive = handlers.receive;
  if (receive == netbtReceive) return TransportClient.NETBT;
  if (receive == netbiosReceive) return TransportClient.NETBIOS;
  const socket = receive == afdReceive || receive == messageEvent;
  return socket ? TransportClient.AFD : TransportClient.ANOTHER;
}

/** Whether a client has it in its own account that its transport keeps something for it. */
function knows(client: TransportClient, context: usize): bool {
  switch (client) {
    case TransportClient.AFD: {
      const flags: u32 = at<Endpoint>(context, 0).flags;
      return (flags & (EndpointFlag.TRANSPORT_HOLDS | EndpointFlag.RECEIVING)) != 0;
    }
    case TransportClient.NETBT:
      return (at<Block>(context, 0).flags & BlockFlag.HELD) != 0;
    case TransportClient.NETBIOS: {
      const session = at<Session>(context, 0);
      const has = session.ready | session.receiving | session.keptMore;
      return has != 0 || session.kept != 0 || (session.events & SessionEvent.READY) != 0;
    }
    default:
      return client == TransportClient.ANOTHER;
  }
}
