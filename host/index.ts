/** ntstack: machines that run Windows NT's network drivers, emulated, and worlds of them. */

export { createMachine, createWorld } from './user/create.js';
export type { WorldCard, WorldMachineOptions, WorldOptions } from './user/create.js';
export type { Machine } from './machine/machine.js';
export { TICK_NS } from './machine/machine.js';
export type { CardOptions } from './machine/cards.js';
export type { MachineOptions } from './machine/options.js';
export type { World } from './machine/world.js';
export type { Runner } from './machine/run.js';
export type {
  AdapterStatus, CachedNameRow, ConnectOptions, Datagram, DatagramSocket, EchoOptions, EchoReply,
  Listener, ListenOptions, LocalNameRow, NameDatagram, NetbiosUser, PollEventName, RawSockets,
  RegisteredName, Selectable, Selected, SelectEntry, SelectSets, Socket, SocketBlock,
  SocketHandler, SocketKind, SocketOptionName, SocketQueryName, UserMode,
} from './machine/usermode.js';
export type {
  NcbCommandName, NcbFields, NcbResult, NetbiosProgram, PostedNcb,
} from './machine/ncb.js';
export { readAdapterStatus, readFindName, readSessionStatus } from './wire/ncb.js';
export type { AdapterOctets, NameBuffer, SessionBuffer } from './wire/ncb.js';
export { NameServer } from './user/nameserver.js';
export type { NameServerOptions, ServedName } from './user/nameserver.js';
export type { Finding } from './machine/witness.js';
export { Clock } from './machine/clock.js';
export type { Event } from './machine/clock.js';
export { Random } from './machine/random.js';
export type { Seed, Stream } from './machine/random.js';
export { firstProcessor, inTurn } from './machine/processors.js';
export type { ProcessorStrategy } from './machine/processors.js';
export { describeParameter, parameterNames } from './machine/registry.js';
export type { ParameterDescription } from './machine/registry.js';
export { RELEASES } from './machine/release.js';
export type { Release, ReleaseName } from './machine/release.js';
export { KernelStop } from './kernel/stop.js';
export type { StopReason } from './kernel/stop.js';
export { loadModule } from './kernel/load.js';
export type { Target } from './kernel/load.js';
export type { StatusError } from './kernel/status.js';
export type { TraceEntry } from './kernel/trace.js';
export type {
  ConnectionView, HalfOpenView, HeldLockView, LockView, ProcessorView, TagView,
} from './kernel/inspect.js';
export { openLink } from './link/open.js';
export type { OpenOptions } from './link/open.js';
export type { Link, LinkStats, Port, Receiver } from './link/link.js';
export { BATCH_FRAMES, FrameBatch } from './link/batch.js';
export { CaptureWriter } from './link/pcapngwrite.js';
