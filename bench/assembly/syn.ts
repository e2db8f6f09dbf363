/** SYNs, while connections are half open. */

import { TcpFlag } from "../../assembly/wire/tcp";
import { buildSegment } from "./frame";
import { BATCH, benchReceive, buildStage, prepareMachine } from "./machine";
import { remoteAt } from "./remote";

/** Remote ends of the SYNs that are measured, each in its turn. */
const TURNS: u32 = 1024;

let halfOpen: u32 = 0;
let turn: u32 = 0;

/**
 * A listener without endpoints, so that the first SYN is refused and protection engages, then `n`
 * connections half open. False: no memory.
 */
export function benchPrepareHalfOpen(n: u32): bool {
  if (!prepareMachine(0, n + TURNS * BATCH)) return false;
  buildSegment(0, TcpFlag.SYN, 0);
  benchReceive(1);
  for (let first: u32 = 0; first < n; first += BATCH) {
    buildStage(first, n - first < BATCH ? n - first : BATCH, TcpFlag.SYN, 0);
    benchReceive(1);
  }
  halfOpen = n;
  return true;
}

/** Where the remote ends of this turn begin. */
function firstOfTurn(): u32 {
  return halfOpen + (turn & (TURNS - 1)) * BATCH;
}

/** Resets what the last batch opened, so that `n` stay half open, then `count` SYNs. */
export function benchBuildSyns(count: u32): void {
  if (turn) {
    buildStage(firstOfTurn(), count, TcpFlag.RST, 0);
    benchReceive(0);
  }
  turn++;
  buildStage(firstOfTurn(), count, TcpFlag.SYN, 0);
}
