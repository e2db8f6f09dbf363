/** What the kernel exports (assembly/index.ts), typed: words in, one word out, nothing between. */

/** The raw exports. All words arrive as signed 32-bit numbers: `>>> 0` makes a u32 of one. */
export interface KernelExports {
  /** Linear memory; it grows, and then all views of it are void: see memory.ts. */
  readonly memory: WebAssembly.Memory;

  /** Runs the module's initializers; once, before anything else. */
  start(): void;
  setParameter(parameter: number, value: number): void;
  boot(processors: number): number;
  addAdapter(index: number, macHigh: number, macLow: number, mtu: number): number;
  addInterface(index: number, address: number, mask: number, gateway: number): number;
  addGateway(index: number, gateway: number): number;
  /** NetBT on a card; `MAXIMUM_ADAPTERS`: sessions without names, on port 445. */
  bindNetbt(index: number, address: number, mask: number): number;
  /** Connection blocks of a card's NetBT: `BlockCount` says which. */
  netbtBlocks(index: number, what: number): number;
  /** A line of LMHOSTS: where a NetbiosAddress lies, and its address. */
  writeNetbtHost(name: number, address: number, flags: number): number;
  /** ScopeId, as its labels stand on the wire, without the last 0. */
  writeNetbtScope(labels: number, octets: number): number;
  /** Unloads every driver. */
  halt(): void;

  selectProcessor(processor: number): void;
  onInterrupt(line: number): void;
  onTick(tick: number): void;
  /** The tick that is wanted next; `NO_TICK` where none is. */
  nextTick(): number;
  runThreads(limit: number): number;
  irqlOf(processor: number): number;

  sharedData(): number;
  traceRing(): number;
  receiveRing(adapter: number): number;
  transmitRing(adapter: number): number;
  counters(): number;
  drops(): number;
  /** How many addresses are open, a word in the first 16 octets; then 16 octets for each. */
  addressRows(): number;
  poolTags(): number;
  poolBlocks(): number;
  /** Where the part of memory begins that nobody has had yet. */
  heapBase(): number;
  poolAllocations(): number;
  poolFailures(): number;
  failAllocation(n: number, on: number): void;
  irpsInUse(): number;
  runningTimers(): number;
  clockTick(): number;
  playedTick(): number;
  waitingWork(): number;
  tableCount(): number;
  heldStacks(): number;
  lockEdges(): number;
  lockAt(index: number): number;
  prcbAt(processor: number): number;
  /** The first connection at or after a slot of the table; 0: there are no more. */
  connectionAt(position: number): number;
  /** The slot of the last one found. */
  nextConnection(position: number): number;
  /** Connections in the SYN cache. */
  cachedHalves(): number;
  /** The one behind another, the first behind 0; 0: there are no more. */
  nextHalf(address: number): number;
  /** Of a connection of a `Transport`, what an `EndQuery` asks. */
  askEnd(transport: number, connection: number, query: number): number;
  /** The connection block in use behind another, the first behind 0; 0: there are no more. */
  nextBlock(previous: number): number;
  setFault(fault: number, on: number): void;
  wantSites(on: number): void;

  nbtCounters(): number;
  nbtDrops(): number;
  /** A handle of the name of a NetbiosAddress, or a negative NTSTATUS. */
  netbiosAdd(address: number): number;
  netbiosStatus(handle: number): number;
  netbiosDelete(handle: number): number;
  netbiosSend(handle: number, to: number, address: number, octets: number): number;
  /** Octets of the sender (name and address) and the datagram, or a negative NTSTATUS. */
  netbiosReceive(handle: number, address: number, octets: number): number;
  /** A handle of a request (`NetbtControl`), or a negative NTSTATUS. */
  netbiosAsk(code: number, name: number, remote: number, octets: number): number;
  netbiosAsked(handle: number): number;
  /** Octets of its answer; the handle is void afterwards. */
  netbiosAnswer(handle: number, address: number, octets: number): number;
  /** An `NcbReturn`; of PENDING `readNcbs` tells the end. */
  netbiosSubmit(process: number, address: number): number;
  /** How many records it wrote: a program, and where its NCB lies. */
  readNcbs(address: number, limit: number): number;
  netbiosEnd(process: number): void;
  /** The gate of a LANA; 0: there are no more. */
  gateAt(number: number): number;

  userAllocate(octets: number): number;
  userFree(address: number): void;
  socketOpen(kind: number, context: number): number;
  socketBind(handle: number, address: number, port: number): number;
  socketBindName(handle: number, name: number): number;
  socketConnectName(handle: number, name: number, address: number): number;
  socketRemoteName(handle: number, name: number): number;
  socketListen(handle: number, backlog: number): number;
  socketConnect(handle: number, address: number, port: number): number;
  socketAccept(handle: number, context: number): number;
  socketSend(handle: number, address: number, octets: number): number;
  socketSendTo(
    handle: number, address: number, octets: number, remote: number, port: number,
  ): number;
  socketReceive(handle: number, address: number, octets: number): number;
  socketPeek(handle: number, address: number, octets: number): number;
  socketSendUrgent(handle: number, address: number, octets: number): number;
  socketReceiveUrgent(handle: number, address: number): number;
  socketShutdown(handle: number): number;
  socketLinger(handle: number): number;
  socketSelect(address: number, count: number, timeoutMs: number, context: number): number;
  socketReadSelect(context: number, address: number, count: number): number;
  socketClose(handle: number, abort: number): void;
  socketOption(handle: number, option: number, value: number): number;
  socketQuery(handle: number, query: number): number;
  socketPoll(address: number, limit: number): number;
  connectionDelete(local: number, remote: number, ports: number): number;
  echo(remote: number, octets: number, timeoutMs: number, context: number): number;
}

/** The name of an exported function. */
export type RoutineName = Exclude<keyof KernelExports, 'memory'>;

/** How many words each function takes: what the kernel is held against when it is loaded. */
const ROUTINES: Readonly<Record<RoutineName, number>> = {
  start: 0, setParameter: 2, boot: 1, addAdapter: 4, addInterface: 4, addGateway: 2, bindNetbt: 3,
  writeNetbtHost: 3, netbtBlocks: 2, writeNetbtScope: 2, addressRows: 0, nbtCounters: 0,
  nbtDrops: 0, netbiosAdd: 1, netbiosStatus: 1, netbiosDelete: 1, netbiosSend: 4, netbiosReceive: 3,
  netbiosAsk: 4, netbiosAsked: 1, netbiosAnswer: 3, halt: 0,
  netbiosSubmit: 2, readNcbs: 2, netbiosEnd: 1, gateAt: 1,
  selectProcessor: 1, onInterrupt: 1, onTick: 1, nextTick: 0, runThreads: 1, irqlOf: 1,
  sharedData: 0, traceRing: 0, receiveRing: 1, transmitRing: 1, counters: 0, drops: 0,
  poolTags: 0, poolBlocks: 0, heapBase: 0, poolAllocations: 0, poolFailures: 0, failAllocation: 2,
  irpsInUse: 0, runningTimers: 0, clockTick: 0, playedTick: 0, waitingWork: 0, tableCount: 0,
  heldStacks: 0, lockEdges: 0, lockAt: 1, prcbAt: 1, connectionAt: 1, nextConnection: 1,
  cachedHalves: 0, nextHalf: 1, askEnd: 3, nextBlock: 1,
  setFault: 2, wantSites: 1, userAllocate: 1, userFree: 1,
  socketOpen: 2, socketBind: 3, socketListen: 2, socketBindName: 2, socketConnectName: 3,
  socketRemoteName: 2, socketConnect: 3, socketAccept: 2,
  socketSend: 3, socketSendTo: 5, socketReceive: 3, socketPeek: 3, socketShutdown: 1,
  socketSendUrgent: 3, socketReceiveUrgent: 2, socketLinger: 1, socketSelect: 4,
  socketReadSelect: 3,
  socketClose: 2, connectionDelete: 3,
  socketOption: 3, socketQuery: 2, socketPoll: 2, echo: 4,
};

/**
 * The exports of an instance, each function there and with as many words as it is called with.
 * @throws Error naming the first that is not.
 */
export function checkExports(exports: WebAssembly.Exports): KernelExports {
  for (const [name, words] of Object.entries(ROUTINES)) {
    const found = exports[name];
    if (typeof found !== 'function') throw new Error(`the kernel does not export ${name}()`);
    if (found.length !== words) {
      throw new Error(`the kernel's ${name}() takes ${found.length} words, not ${words}`);
    }
  }
  if (!(exports['memory'] instanceof WebAssembly.Memory)) {
    throw new Error('the kernel does not export its memory');
  }
  return exports as unknown as KernelExports;
}
