/** The bench kernel: everything the free kernel exports, and loops over its routines. */

export * from "../../assembly/index";
export { benchCall, benchCopy, benchChecksum, benchCopyAndSum } from "./octets";
export { benchLock, benchPrepareTimers, benchTimer } from "./kernel";
export { benchDelivered, benchDrain, benchReceive } from "./machine";
export {
  benchBuildSegments, benchLookup, benchOpenConnections, benchPeerOctets, benchPrepareEndpoints,
} from "./receive";
export { benchSynAcks } from "./frame";
export { benchBuildSyns, benchPrepareHalfOpen } from "./syn";
export {
  benchBuildMessages, benchMessages, benchOpenSessions, benchPrepareSessions,
} from "./session";
export { benchBuildStage, benchClosed, benchPrepareConnects } from "./connect";
export { benchOpenStream, benchListen } from "./stream";
