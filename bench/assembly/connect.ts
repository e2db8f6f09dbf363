/** Whole connections: made, 100 octets each way, closed by the other end. */

import { TcpFlag } from "../../assembly/wire/tcp";
import { answerAll, closedCount } from "./client";
import { BATCH, buildStage, prepareMachine } from "./machine";

/** Turns until the same remote ends come again. */
const TURNS: u32 = 1024;
const STAGES: u32 = 6;
const OCTETS: u32 = 100;

let turn: u32 = 0;

/** A client with `connections` endpoints that answers. False: no memory. */
export function benchPrepareConnects(connections: u32): bool {
  answerAll();
  return prepareMachine(connections, TURNS * BATCH);
}

/**
 * The frames of stage 0 to 5 of `connections` connections: SYN; ACK; data; ACK of the answer; FIN;
 * ACK of the FIN. Stage 0 begins new ones.
 */
export function benchBuildStage(stage: u32, connections: u32): void {
  if (stage == 0) turn++;
  const first = (turn & (TURNS - 1)) * BATCH;
  buildStage(first, connections, flagsOf(stage), stage == 2 ? OCTETS : 0);
}

function flagsOf(stage: u32): u32 {
  switch (stage % STAGES) {
    case 0:
      return TcpFlag.SYN;
    case 2:
      return TcpFlag.ACK | TcpFlag.PSH;
    case 4:
      return TcpFlag.ACK | TcpFlag.FIN;
    default:
      return TcpFlag.ACK;
  }
}

/** Connections that were closed in order so far. */
export function benchClosed(): u32 {
  return closedCount();
}
