/**
 * What runs above a machine's kernel: the interface that programs and loads use. A machine is
 * made with one and knows no more of it; host/user/ has the code.
 */

import type { NetbiosProgram } from './ncb.js';

/** Options of a connect. */
export interface ConnectOptions {
  /** Send small segments at once (TCP_NODELAY). */
  readonly noDelay?: boolean;
  readonly keepAlive?: boolean;
  /** Octets that the socket holds for sending, and for receiving. */
  readonly sendBuffer?: number;
  readonly receiveBuffer?: number;
  /** The port to connect from; any free one where not given. */
  readonly localPort?: number;
  /** Addresses by way of which it goes, nine at most: the source route of its datagrams. */
  readonly route?: readonly string[];
  /** Whether there are no others between them; not where not given. */
  readonly strictRoute?: boolean;
  /** SO_LINGER, in seconds; off where not given, and then `close` does not wait. */
  readonly linger?: number;
}

/** Options of a listener. */
export interface ListenOptions {
  /** Connections that may wait to be accepted; 5 where not given. */
  readonly backlog?: number;
  readonly noDelay?: boolean;
  /** Octets that each connection's socket holds for sending, and for receiving. */
  readonly sendBuffer?: number;
  readonly receiveBuffer?: number;
  /** SO_LINGER of each connection's socket, in seconds; off where not given. */
  readonly linger?: number;
}

/**
 * A TCP connection. An error of its promises has the name of an NTSTATUS in `status`. When its
 * machine is stopped, they and those of calls to come fail with DEVICE_NOT_READY, or with the
 * KernelStop where the kernel has stopped; `close` is then done.
 */
export interface Socket extends AsyncIterable<Uint8Array> {
  readonly localAddress: string;
  readonly localPort: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  /** Settled when the kernel has taken all of it; sends are taken in their order. */
  send(data: Uint8Array | string): Promise<void>;
  /** What came, at most `most` octets; waits for the first. Undefined at the end. */
  receive(most?: number): Promise<Uint8Array | undefined>;
  /** Receives all there is until the end. */
  receiveAll(): Promise<Uint8Array>;
  /** No more to send: the peer sees the end behind all that was sent. */
  shutdown(): Promise<void>;
  /**
   * Closes behind all that was sent. A receive that waits sees the end. Twice is harmless. With
   * `linger` it is settled when all is acknowledged; when the time is up, the connection is reset
   * and it fails with IO_TIMEOUT. A `linger` of 0 resets at once.
   */
  close(): Promise<void>;
  /** Ends the connection at once, with a reset. What waits fails. */
  abort(): void;
}

/** What listens on a port. Iterating accepts, until it is closed or its machine is stopped. */
export interface Listener extends AsyncIterable<Socket> {
  readonly port: number;
  /** The next connection; it waits in the kernel's backlog until it is asked for. */
  accept(): Promise<Socket>;
  /** No more connections; an accept that waits fails with LOCAL_DISCONNECT. */
  close(): void;
}

/** A datagram that came. */
export interface Datagram {
  readonly data: Uint8Array;
  readonly address: string;
  readonly port: number;
}

/** A UDP socket. */
export interface DatagramSocket {
  readonly port: number;
  send(data: Uint8Array | string, host: string, port: number): Promise<void>;
  /** Undefined once it is closed. When the machine stops, it fails as a connection's does. */
  receive(): Promise<Datagram | undefined>;
  close(): void;
}

/** What a select can wait for. */
export type Selectable = Socket | Listener | DatagramSocket;

/** The sets of a select (Winsock's fd_sets), none of them needed. */
export interface SelectSets {
  /** Octets, a datagram, a connection, or an end to be received. */
  readonly read?: readonly Selectable[];
  /** Room for what is sent. */
  readonly write?: readonly Selectable[];
  /** An urgent octet, or a connect that failed. */
  readonly except?: readonly Selectable[];
}

/** Those that are ready; of none where the time was up. */
export interface Selected {
  readonly read: readonly Selectable[];
  readonly write: readonly Selectable[];
  readonly except: readonly Selectable[];
}

/** What an echo request came to. */
export interface EchoReply {
  /** The name of an NTSTATUS: SUCCESS, IO_TIMEOUT, HOST_UNREACHABLE … */
  readonly status: string;
  /** Microseconds of virtual time; 0 without an answer. */
  readonly roundTripUs: number;
}

/** Options of an echo request. */
export interface EchoOptions {
  /** Octets of data; 32 where not given. */
  readonly octets?: number;
  /** 1000 where not given. */
  readonly timeoutMs?: number;
}

/** Whom the kernel's news of a socket go to: one for each socket, or one for many. */
export interface SocketHandler {
  /**
   * Bits of the kernel's `SocketEvent`, an NTSTATUS and the socket's handle (for an echo request
   * the round trip in microseconds). Called from an event of the clock, never from within a call
   * of one's own; it may call sockets.
   */
  onEvent(events: number, status: number, handle: number): void;
}

/** A block of user mode's memory, to send from and receive into. */
export interface SocketBlock {
  readonly octets: number;
  write(data: Uint8Array, from?: number, end?: number): void;
  read(count: number): Uint8Array;
  /** Void after the next call into the kernel. */
  view(count?: number): Uint8Array;
}

/** The kind of a socket. */
export type SocketKind = 'stream' | 'datagram' | 'netbios' | 'netbiosDirect';

/** An option of a socket, by its name in the kernel. */
export type SocketOptionName =
  | 'NO_DELAY' | 'KEEP_ALIVE' | 'SINK' | 'SEND_BUFFER' | 'RECEIVE_BUFFER' | 'OOB_INLINE'
  | 'SOFT_ERRORS' | 'RETRANSMISSIONS' | 'TYPE_OF_SERVICE' | 'LOOSE_HOP' | 'STRICT_HOP' | 'LINGER';

/** What can be asked of a socket, by its name in the kernel. */
export type SocketQueryName =
  | 'LOCAL_ADDRESS' | 'LOCAL_PORT' | 'REMOTE_ADDRESS' | 'REMOTE_PORT' | 'STATUS' | 'READABLE'
  | 'SEND_ROOM' | 'RECEIVED' | 'URGENT_LEFT' | 'SOFT_ERROR' | 'LINGER';

/** What a socket can be ready for, by its name in the kernel (AFD_POLL_*). */
export type PollEventName =
  | 'RECEIVE' | 'RECEIVE_EXPEDITED' | 'SEND' | 'DISCONNECT' | 'ABORT' | 'LOCAL_CLOSE' | 'CONNECT'
  | 'ACCEPT' | 'CONNECT_FAIL';

/** One socket of a select: what it is waited for, and what it was ready for when that ended. */
export interface SelectEntry {
  readonly handle: number;
  /** Bits of `pollEvents`; LOCAL_CLOSE is always among them. */
  readonly wanted: number;
  found: number;
}

/**
 * Sockets for loads: handles, numbers, no promise and nothing allocated for an event. Addresses
 * are IPv4 addresses as numbers; a status is an NTSTATUS, negative where it is an error. Where no
 * processor can run user mode (`UserMode.waiting` counts it), a call does nothing: it returns 0,
 * and a status is PENDING.
 */
export interface RawSockets {
  /** Bits of `onEvent`, as the kernel numbers them. */
  readonly events: Readonly<Record<
    | 'CONNECTED' | 'ACCEPT' | 'READABLE' | 'WRITABLE' | 'CLOSED' | 'ABORTED' | 'FAILED' | 'ECHO'
    | 'URGENT' | 'SOFT_ERROR' | 'LINGERED' | 'SELECTED',
    number>>;
  /** Bits of what a socket can be ready for, as the kernel numbers them. */
  readonly pollEvents: Readonly<Record<PollEventName, number>>;
  /** What `receive` answers on a datagram socket that has none now: NO_MORE_ENTRIES. */
  readonly noDatagram: number;
  /** A block of memory; it goes when the machine stops. */
  allocate(octets: number): SocketBlock;
  /** A handle; 0 where there is none. */
  open(kind: SocketKind, handler: SocketHandler): number;
  /** Address 0: any of the machine's. Port 0: any free one. */
  bind(handle: number, address: number, port: number): number;
  /** A NetBIOS socket, to the NetbiosAddress at the start of a block. */
  bindName(handle: number, block: SocketBlock): number;
  /** One that is bound; `address` 0: the address that the name has. */
  connectName(handle: number, block: SocketBlock, address: number): number;
  /** Writes who is at the other end of one to the start of a block. */
  remoteName(handle: number, block: SocketBlock): number;
  listen(handle: number, backlog: number): number;
  /** PENDING; CONNECTED or FAILED tell how it ended. */
  connect(handle: number, address: number, port: number): number;
  /** The handle of the next connection; 0 where none waits. */
  accept(handle: number, handler: SocketHandler): number;
  /** Octets taken; 0, of a NetBIOS socket `noDatagram`: no room before WRITABLE. */
  send(handle: number, block: SocketBlock, octets: number, offset?: number): number;
  /** As `send`; the last of the octets taken is urgent (MSG_OOB). */
  sendUrgent(handle: number, block: SocketBlock, octets: number, offset?: number): number;
  sendTo(
    handle: number, block: SocketBlock, octets: number, address: number, port: number,
  ): number;
  /**
   * Octets given; 0: none before READABLE; GRACEFUL_DISCONNECT at the end. A datagram may be
   * empty: where there is none, the answer is `noDatagram`.
   */
  receive(handle: number, block: SocketBlock, octets?: number): number;
  /** As `receive`; the octets stay, and are received later. */
  peek(handle: number, block: SocketBlock, octets?: number): number;
  /**
   * The urgent octet (MSG_OOB): 1; 0 where it was announced and has not come; INVALID_PARAMETER
   * where there is none, or it comes with the others (OOB_INLINE).
   */
  receiveUrgent(handle: number, block: SocketBlock): number;
  /**
   * Deletes a connection of the machine's table, as SetTcpEntry does: the peer gets a reset, the
   * socket ABORTED. Ports: the peer's times 65,536, and ours. INVALID_PARAMETER: there is none.
   */
  dropConnection(localAddress: number, remoteAddress: number, ports: number): number;
  shutdown(handle: number): number;
  /**
   * Where LINGER has a time, what a close waits for: PENDING, and LINGERED tells with SUCCESS that
   * all was acknowledged, with IO_TIMEOUT that the connection was reset, or why else it has ended;
   * `close` follows. SUCCESS: there is nothing to wait for. `close` itself never waits.
   */
  linger(handle: number): number;
  /**
   * Which of these sockets are ready, 4096 at most: how many are, where any is now, or `timeoutMs`
   * is 0. Otherwise PENDING: SELECTED, with how many in place of the handle, tells of the first
   * that is; its status is TIMEOUT where none was before the time was up. 4,294,967,295 ms are
   * without an end. INVALID_HANDLE: one of them is no socket.
   */
  select(entries: readonly SelectEntry[], timeoutMs: number, handler: SocketHandler): number;
  /** The handle is void afterwards, and its handler hears nothing more. */
  close(handle: number, abort: boolean): void;
  option(handle: number, option: SocketOptionName, value: number): number;
  /** URGENT_LEFT: 0 is the mark, 4,294,967,295 that no urgent data is ahead. */
  query(handle: number, query: SocketQueryName): number;
  /** An echo request; ECHO tells its end. PENDING, or why there is none. */
  echo(address: number, octets: number, timeoutMs: number, handler: SocketHandler): number;
}

/** Options of a NetBIOS call. */
export interface CallOptions {
  /** Whom to call; where not given, the address that the name has. */
  readonly address?: string;
  /** On port 445, without a session request. */
  readonly direct?: boolean;
}

/** Options of a NetBIOS listener. */
export interface NetbiosListenOptions {
  /** Sessions that may wait to be accepted; 5 where not given. */
  readonly backlog?: number;
  /** The name is a group's. */
  readonly group?: boolean;
  /** On port 445, without a session request. */
  readonly direct?: boolean;
}

/** A NetBIOS session: messages both ways. Errors are as a socket's. */
export interface NetbiosSession {
  /** Who is at the other end, as `CLIENT<00>`; of a session on port 445 it has no meaning. */
  readonly remoteName: string;
  readonly remoteAddress: string;
  /** Settled when the kernel has taken it; a message may be empty. */
  send(message: Uint8Array | string): Promise<void>;
  /** The next message, whole. Undefined at the end. */
  receive(): Promise<Uint8Array | undefined>;
  /** Ends it behind all that was sent. */
  close(): void;
  /** Ends it at once. */
  abort(): void;
}

/** What listens on a name. */
export interface NetbiosListener {
  accept(): Promise<NetbiosSession>;
  close(): void;
}

/** NetBIOS sessions, on a machine whose option `netbios` is set. Names are as `SERVER<20>`. */
export interface SessionUser {
  /** Calls `called` by the name `calling`. @throws TypeError for a name or an option. */
  call(called: string, calling: string, options?: CallOptions): Promise<NetbiosSession>;
  /** Each session goes to `onSession`, or waits for `accept`. */
  listen(
    name: string, options?: NetbiosListenOptions, onSession?: (session: NetbiosSession) => unknown,
  ): Promise<NetbiosListener>;
}

/** A datagram that came for a name. */
export interface NameDatagram {
  readonly data: Uint8Array;
  /** Who sent it: its name, as `SERVER<20>`, and its address. */
  readonly from: string;
  readonly address: string;
}

/** A name that is registered: what the net knows this machine by, and its datagrams. */
export interface RegisteredName {
  readonly name: string;
  /** To a name, `*` for everybody; settled when it was handed to the driver. */
  send(data: Uint8Array | string, to: string, options?: { group?: boolean }): Promise<void>;
  /** The next datagram; undefined once the name is deleted. */
  receive(): Promise<NameDatagram | undefined>;
  /** The net is told; twice is harmless. */
  delete(): void;
}

/** A name of this machine, as `nbtstat -n` shows it. */
export interface LocalNameRow {
  readonly name: string;
  readonly type: 'UNIQUE' | 'GROUP';
  readonly status: 'Registering' | 'Registered' | 'Conflict';
}

/** A name of others, as `nbtstat -c` shows it. */
export interface CachedNameRow {
  readonly name: string;
  readonly type: 'UNIQUE' | 'GROUP';
  readonly address: string;
  /** Seconds; undefined: for ever (#PRE). */
  readonly life: number | undefined;
}

/** What a node says of itself, as `nbtstat -A` shows it. */
export interface AdapterStatus {
  readonly names: readonly LocalNameRow[];
  /** 02-00-0a-00-00-01 */
  readonly mac: string;
}

/** Names by NetBT: on a machine whose option `netbios` is set. Names are as `SERVER<20>`. */
export interface NetbiosUser {
  /** A program that calls Netbios(). */
  program(): NetbiosProgram;
  /**
   * Registers a name; its letters become capitals. Settled when the net has had time to object.
   * Fails with DUPLICATE_NAME where another machine has it.
   */
  add(name: string, options?: { readonly group?: boolean }): Promise<RegisteredName>;
  /** The addresses of a name; fails with BAD_NETWORK_PATH where nobody knows it. */
  find(name: string): Promise<{ readonly addresses: readonly string[]; readonly group: boolean }>;
  /** Adapter status of the node at an address; fails with HOST_UNREACHABLE without an answer. */
  status(host: string): Promise<AdapterStatus>;
  names(): Promise<LocalNameRow[]>;
  cache(): Promise<CachedNameRow[]>;
  /** Forgets the names of others, and reads LMHOSTS anew. */
  purge(): Promise<void>;
  /** Writes LMHOSTS, and its other files by the names that #INCLUDE has; they are read at once. */
  writeLmhosts(text: string, files?: Readonly<Record<string, string>>): Promise<void>;
}

/** User mode of one machine. */
export interface UserMode {
  readonly raw: RawSockets;
  /**
   * Calls that no processor could run: all of them at DISPATCH_LEVEL or above, or the machine has
   * stopped. On NT no thread would run. While the machine runs these calls wait, maybe for ever;
   * when it is stopped they fail with DEVICE_NOT_READY, or with its KernelStop.
   */
  readonly waiting: number;
  /** @throws TypeError for an address or a port that is none. */
  connect(host: string, port: number, options?: ConnectOptions): Promise<Socket>;
  /**
   * Each connection goes to `onSocket`, or waits for `accept`. Nobody waits for a promise of
   * `onSocket`; that it fails because its machine was stopped is no unhandled rejection.
   */
  listen(
    port: number, options?: ListenOptions, onSocket?: (socket: Socket) => unknown,
  ): Promise<Listener>;
  /** Port 0: any free one. */
  datagram(port?: number): Promise<DatagramSocket>;
  /**
   * Waits until a socket of the sets is ready, `timeoutMs` at most; without an end where that is
   * not given. @throws TypeError where there is no socket in them.
   */
  select(sets: SelectSets, timeoutMs?: number): Promise<Selected>;
  ping(host: string, options?: EchoOptions): Promise<EchoReply>;
  readonly sessions: SessionUser;
  readonly netbios: NetbiosUser;
  /** For the machine: hands out news, runs what waited. */
  poll(): void;
  /** For the machine: gives user mode's memory back, before the drivers are unloaded. */
  release(): void;
  /** For the machine: it has stopped; what waits fails, and what is still asked. */
  end(): void;
}
