/**
 * A socket: what user mode has, and the objects of the transport that stand behind it.
 *
 * Sends are buffered here, so that user mode goes on at once, and each becomes a TDI_SEND; receives
 * are taken from the transport's events as long as there is room, and from its requests after that.
 */

import { at, containing } from "../nt/embed";
import { InitializeListHead, ListEntry } from "../nt/list";
import { NTSTATUS } from "../nt/status";
import { InterlockedDecrement, InterlockedIncrement } from "../ex/interlocked";
import { ExAllocate, ExFree, ExFreePool } from "../ex/pool";
import { Tag } from "../ex/tag";
import { KEvent, KeInitializeEvent } from "../ke/event";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { DispatcherType } from "../ke/wait";
import { FileObject } from "../io/file";
import { NetbiosAddress } from "../tdi/address";
import { SourceRoute } from "../wire/sourceroute";
import { Listener } from "./listener";
import { Chunk } from "./chunk";

/** What a socket is for. */
export const enum SocketKind {
  STREAM = 1,
  DATAGRAM = 2,
  /** SOCK_SEQPACKET of AF_NETBIOS: messages, over \Device\NetBT of the first card. */
  NETBIOS = 5,
  /** The same without names, over \Device\NetbiosSmb. */
  NETBIOS_DIRECT = 6,
}

/** Whether a socket of `kind` sends and receives whole messages of a session. */
export function isMessageKind(kind: u32): bool {
  return kind == SocketKind.NETBIOS || kind == SocketKind.NETBIOS_DIRECT;
}

/** What user mode is told of: bits. */
export const enum SocketEvent {
  CONNECTED = 1,
  ACCEPT = 2,
  READABLE = 4,
  WRITABLE = 8,
  /** The peer has closed its side. */
  CLOSED = 16,
  ABORTED = 32,
  /** The connect failed. */
  FAILED = 64,
  /** An echo was answered, or not. */
  ECHO = 128,
  /** The peer has urgent data, or more of it (SIGURG). */
  URGENT = 256,
  /** An error that may pass; the connection goes on. */
  SOFT_ERROR = 512,
  /** All that was sent is acknowledged, or the time of SO_LINGER is up (linger.ts). */
  LINGERED = 1024,
  /** A select has ended (select.ts). */
  SELECTED = 2048,
}

/** Where a socket is in its life. */
export const enum EndpointState {
  OPEN,
  BOUND,
  LISTENING,
  CONNECTING,
  CONNECTED,
  /** In a listener's backlog: waits for a connection, or for user mode to accept it. */
  BACKLOG,
  DEAD,
}

/** Bits of `Endpoint.flags`. */
export const enum EndpointFlag {
  /** Octets that come are counted and thrown away. */
  SINK = 1,
  /** No more will be sent. */
  SHUT = 2,
  /** The peer has closed its side. */
  PEER_CLOSED = 4,
  /** A send had no room: WRITABLE is owed. */
  WANTS_ROOM = 8,
  /** The transport keeps octets that we did not take: they must be asked for. */
  TRANSPORT_HOLDS = 16,
  /** A TDI_RECEIVE is under way. */
  RECEIVING = 32,
  /** User mode has closed it. */
  CLOSED = 64,
  /** The end of urgent data is ahead, or was: what is read stops there once. */
  URGENT = 128,
  /** User mode wants to be told of errors that may pass. */
  SOFT_ERRORS = 256,
  /** User mode closes it, and waits until what was sent is acknowledged (SO_LINGER). */
  LINGERING = 512,
  /** It was not connected: the connect has failed. */
  CONNECT_FAILED = 1024,
  /** The urgent octet is there, and user mode has not received it. */
  URGENT_WAITS = 2048,
}

/** A socket. */
@unmanaged
export class Endpoint extends ListEntry {
  private lockWord: u32;
  /** Counted interlocked: user mode has one, each request under way one, the ready list one. */
  references: u32;
  /** User mode's own word. */
  context: u32;
  /** What user mode knows it by; 0 while it does not. */
  handle: u32;
  private turn0: u32;
  private turn1: u32;
  private turn2: u32;
  private turn3: u32;
  kind: u8;
  // Written under `lock`:
  state: u8;
  flags: u16;
  // In the turn of a call, or before it has a handle:
  addressFile: FileObject | null;
  connectionFile: FileObject | null;
  /** A listening socket's backlog. */
  listener: Listener | null;
  // Under `lock`:
  /** The listening socket in whose backlog it is, referenced, or 0. */
  parent: usize;
  /** Octets, or datagrams, that user mode has not taken. */
  first: Chunk | null;
  last: Chunk | null;
  // Written under `lock`:
  receiveQueued: u32;
  receiveLimit: u32;
  sendQueued: u32;
  sendLimit: u32;
  status: NTSTATUS;
  /** Octets received in all. */
  received: u32;
  /** Octets of the message that the transport keeps. */
  held: u32;
  /** The last error that may pass, until user mode has asked for it. */
  softError: NTSTATUS;
  // In the turn of a call, or before it has a handle:
  remoteAddress: u32;
  remotePort: u32;
  localAddress: u32;
  localPort: u32;
  /** Of NetBIOS: who is at the other end. */
  remoteName: NetbiosAddress | null;
  /** The hops by which it connects, or null. */
  route: SourceRoute | null;
  /** A Linger (linger.ts), or 0; once it is there it stays. */
  linger: usize;
  // Under `readyLock()` of ready.ts:
  private readyFlink: usize;
  private readyBlink: usize;
  events: u32;
  // Written under `pollLock()` of poll.ts:
  private pollFlink: usize;
  private pollBlink: usize;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), offsetof<this>("lockWord"));
  }
  /** Signalled while no call of user mode is in it. */
  get turn(): KEvent {
    return at<KEvent>(changetype<usize>(this), offsetof<this>("turn0"));
  }
  get ready(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("readyFlink"));
  }
  /** Its places in the selects that wait for it: PollEntry of poll.ts. */
  get polls(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("pollFlink"));
  }
  static ofReady(entry: ListEntry): Endpoint {
    return containing<Endpoint>(changetype<usize>(entry), offsetof<Endpoint>("readyFlink"));
  }
}

if (offsetof<KEvent>() > 16) ERROR("an Endpoint has room for a KEvent");

/** A socket with one reference; null: no memory. IRQL: <= DISPATCH_LEVEL. */
export function allocateEndpoint(kind: SocketKind, context: u32): Endpoint | null {
  const endpoint = ExAllocate<Endpoint>(Tag.Endpoint);
  if (endpoint == null) return null;
  if (isMessageKind(kind)) {
    endpoint.remoteName = ExAllocate<NetbiosAddress>(Tag.Endpoint);
    if (endpoint.remoteName == null) {
      ExFree(endpoint);
      return null;
    }
  }
  InitializeListHead(endpoint);
  InitializeListHead(endpoint.ready);
  InitializeListHead(endpoint.polls);
  KeInitializeSpinLock(endpoint.lock, LockRank.AfdEndpoint);
  KeInitializeEvent(endpoint.turn, DispatcherType.SYNCHRONIZATION, true);
  endpoint.references = 1;
  endpoint.context = context;
  endpoint.kind = <u8>kind;
  endpoint.receiveLimit = DEFAULT_BUFFER;
  endpoint.sendLimit = DEFAULT_BUFFER;
  return endpoint;
}

/**
 * Octets of each buffer unless user mode says otherwise: NT's AFD has 8192, of which we hold
 * more.
 */
const DEFAULT_BUFFER: u32 = 65536;

/** One more holds `endpoint`. IRQL: any. */
export function referenceEndpoint(endpoint: Endpoint): void {
  InterlockedIncrement(changetype<usize>(endpoint) + offsetof<Endpoint>("references"));
}

/** One fewer; the last one frees it: its objects are closed by then. */
export function dereferenceEndpoint(endpoint: Endpoint): void {
  const left = InterlockedDecrement(changetype<usize>(endpoint) + offsetof<Endpoint>("references"));
  if (left != 0) return;
  const listener = endpoint.listener;
  if (listener != null) ExFree(listener);
  const name = endpoint.remoteName;
  if (name != null) ExFree(name);
  const route = endpoint.route;
  if (route != null) ExFree(route);
  if (endpoint.linger) ExFreePool(endpoint.linger);
  ExFree(endpoint);
}

/**
 * A socket without a buffer of its own (SO_RCVBUF 0): what came stays with the transport, in whose
 * window it counts, until user mode asks for it.
 */
export function isUnbuffered(endpoint: Endpoint): bool {
  return endpoint.receiveLimit == 0 && endpoint.kind == SocketKind.STREAM;
}
