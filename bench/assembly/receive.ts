/** Established connections: segments for them, and lookups among them. */

import { TcpFlag } from "../../assembly/wire/tcp";
import { findTcb } from "../../assembly/tcpip/tcp/find";
import { hashTuple } from "../../assembly/tcpip/tcp/hash";
import { tableCount } from "../../assembly/tcpip/tcp/table";
import { dereferenceTcb } from "../../assembly/tcpip/tcp/tcb";
import { buildSegment, readSent } from "./frame";
import { openConnections, prepareMachine } from "./machine";
import { LOCAL_ADDRESS, LOCAL_PORT, addressOf, below, portOf } from "./remote";

let connections: u32 = 0;

/** Opens the address and `n` endpoints, without a connection; false: no memory. */
export function benchPrepareEndpoints(n: u32): bool {
  return prepareMachine(n, n);
}

/** Octets that the pool keeps for the other ends of `n` connections, and for the client. */
export function benchPeerOctets(n: u32): u32 {
  return n << 4;
}

/** Makes `n` established connections, once; how many there are. */
export function benchOpenConnections(n: u32): u32 {
  if (connections == 0) connections = openConnections(n);
  return tableCount();
}

/** `count` segments of `octets`, in order, to connections at random, into the receive ring. */
export function benchBuildSegments(count: u32, octets: u32): void {
  readSent();
  for (let i: u32 = 0; i < count; i++) {
    buildSegment(below(connections), TcpFlag.ACK | TcpFlag.PSH, octets);
  }
}

/** `times` lookups of connections chosen at random; how many were found. */
export function benchLookup(times: u32): u32 {
  let found: u32 = 0;
  for (let i: u32 = 0; i < times; i++) {
    const index = below(connections);
    const remote = addressOf(index);
    const ports = (portOf(index) << 16) | LOCAL_PORT;
    const hash = hashTuple(remote, ports, LOCAL_ADDRESS);
    const tcb = findTcb(hash, remote, ports, LOCAL_ADDRESS);
    if (tcb == null) continue;
    dereferenceTcb(tcb);
    found++;
  }
  return found;
}
