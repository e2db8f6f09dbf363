/** Every function and constant the host can see, and nothing else. */

export { Status } from "./nt/status";
export { Stop } from "./nt/bugcheck";
export { Fault, switchFault as setFault } from "./kb/faults";
export { Event } from "./trace/event";
export { shared as sharedData, traceRing, TRACE_SLOTS } from "./trace/ring";
export { Rule, Boundary } from "./vf/rule";
export { heldStacks, lockEdges, wantSites } from "./vf/locks";
export {
  Irql, prcbOf as prcbAt, selectProcessor, selectThread, MAXIMUM_PROCESSORS,
} from "./ke/processor";
export { Point } from "./ke/point";
export { LockRank } from "./ke/lockorder";
export { interruptTick as clockTick } from "./ke/clock";
export { NO_TICK, nextTimerTick as nextTick, playedTick } from "./ke/timer";
export { Parameter, writeParameter as setParameter } from "./ex/registry";
export { poolTags, poolBlocks, poolAllocations, poolFailures, failAllocation } from "./ex/pool";
export { TAG_SLOTS, poolNext as heapBase } from "./ex/pool";
export { Tag } from "./ex/tag";
export { waitingWorkItems as waitingWork } from "./ex/workitem";
export { irpsInUse } from "./io/irp";
export { FRAME_STRIDE, FRAME_OFFSET, FRAME_LIMIT } from "./ndis/packet";
export { FLAG_VERIFIED } from "./ndis/receive";
export { initializeCard as addAdapter } from "./miniport/driver";
export { RING_SLOTS, BATCH_FRAMES } from "./miniport/ring";
export { Counter, Drop, counters, drops } from "./tcpip/counters";
export { addressRows } from "./tcpip/addressrow";
export { bindGateway as addGateway, bindInterface as addInterface } from "./tcpip/driver";
export { BlockCount, countBlocks as netbtBlocks } from "./netbt/session/pool";
export { bindNetbt, writeNetbtHost, writeNetbtScope } from "./netbt/driver";
export { NbtCounter, NbtDrop, nbtCounters, nbtDrops } from "./netbt/counters";
export { HostFlag } from "./netbt/cache";
export { NetbiosNameType } from "./tdi/address";
export { NetbtControl } from "./tdi/netbt";
export {
  netbiosAdd, netbiosStatus, netbiosDelete, netbiosSend, netbiosReceive,
} from "./netbios/name";
export { netbiosAsk, netbiosAsked, netbiosAnswer } from "./netbios/control";
export { MAXIMUM_ADAPTERS } from "./ndis/adapter";
export { TcpState } from "./tcpip/tcp/state";
export { TcbFlag } from "./tcpip/tcp/tcb";
export { cachedHalves, nextHalf } from "./tcpip/tcp/syncache";
export { tableCount } from "./tcpip/tcp/table";
export { NO_POSITION, connectionAt, nextConnection } from "./tcpip/tcp/walk";
export { gateAt } from "./netbios/lana";
export { NcbCommand, NcbReturn } from "./netbios/ncb";
export { netbiosSubmit, netbiosEnd, readNcbs } from "./netbios/driver";
export { SocketEvent, SocketKind } from "./afd/endpoint";
export { SocketOption, SocketQuery } from "./afd/option";
export { PollEvent } from "./afd/readiness";
export { readEvents as socketPoll, hasReady as socketReady } from "./afd/ready";
export {
  socketOpen, socketBind, socketListen, socketConnect, socketAccept, socketSend, socketSendTo,
  socketBindName, socketConnectName, socketRemoteName, socketReceive, socketPeek, socketSendUrgent,
  socketReceiveUrgent, socketShutdown, socketLinger, socketSelect, socketReadSelect, socketClose,
  socketOption, socketQuery, echo, echoCancel, connectionDelete,
} from "./afd/driver";
export { boot, halt } from "./boot";
export {
  onInterrupt, onTick, runThreads, irqlOf, runningTimers, userAllocate, userFree,
} from "./entry";
export {
  Gate_keeper, Gate_sinceTick, Gate_sequence, Gate_waiters, Half_remoteAddress, Half_ports,
  Half_localAddress, Tcb_references, Tcb_remoteAddress, Tcb_ports,
  Tcb_localAddress, Tcb_state, Tcb_flags, Tcb_rcvNxt, Tcb_sndUna, Tcb_sndNxt, Tcb_sndWnd,
  Tcb_cwnd, Tcb_mss, Tcb_rto, Tcb_size,
} from "./layout";
export { EndQuery, Transport, TransportClient, askEnd, nextBlock } from "./ends";
export { lockAt, receiveRing, transmitRing } from "./inspect";
