/** Who is asked in which order, by the kind of node, how often and how long (RFC 1001, 15). */

import { tickBefore, ticksOf } from "../nt/time";
import { KeQueryTickCount } from "../trace/ring";
import { Parameter, queryParameter } from "../ex/registry";
import { mustHold } from "../ke/spinlock";
import { LIMITED_BROADCAST } from "../wire/ipv4";
import { NetbtDevice } from "./device";
import { NodeType, names, nodeType } from "./state";
import { Stage, Tracker, nextTransactionLocked } from "./tracker";

/** Whom a node of this kind asks after `stage`. LMHOSTS is last: NT's modified b-node (Q119493). */
function stageAfter(stage: Stage): Stage {
  const type = nodeType();
  switch (stage) {
    case Stage.NONE:
      return type == NodeType.P || type == NodeType.H ? Stage.SERVER : Stage.BROADCAST;
    case Stage.SERVER:
      return type == NodeType.H ? Stage.BROADCAST : Stage.LMHOSTS;
    case Stage.BROADCAST:
      return type == NodeType.M ? Stage.SERVER : Stage.LMHOSTS;
    default:
      return Stage.END;
  }
}

/** A name server that is set, and did not just fail to answer. */
function serverUsableLocked(): bool {
  mustHold(names().lock);
  if (queryParameter(Parameter.NameServer) == 0) return false;
  if (queryParameter(Parameter.NameSrvQueryCount) == 0) return false;
  if (!names().serverDown) return true;
  if (tickBefore(KeQueryTickCount(), names().serverDownTick)) return false;
  names().serverDown = 0;
  return true;
}

/** Moves `tracker` on to whom it asks next: its `stage`, attempts and time between them. */
export function nextStageLocked(tracker: Tracker): void {
  mustHold(names().lock);
  let stage = stageAfter(tracker.stage);
  if (stage == Stage.SERVER && !serverUsableLocked()) stage = stageAfter(stage);
  // A p node whose server is not there has nobody to ask.
  tracker.stage = stage;
  tracker.transactionId = nextTransactionLocked();
  if (stage == Stage.SERVER) beginServerLocked(tracker, false);
  if (stage != Stage.BROADCAST) return;
  tracker.attempts = queryParameter(Parameter.BcastNameQueryCount);
  tracker.interval = ticksOf(queryParameter(Parameter.BcastQueryTimeout));
}

/** The first name server, or the second. */
function beginServerLocked(tracker: Tracker, isBackup: bool): void {
  mustHold(names().lock);
  tracker.stage = Stage.SERVER;
  tracker.isBackup = isBackup ? 1 : 0;
  const which = isBackup ? Parameter.NameServerBackup : Parameter.NameServer;
  tracker.server = queryParameter(which);
  tracker.attempts = queryParameter(Parameter.NameSrvQueryCount);
  tracker.interval = ticksOf(queryParameter(Parameter.NameSrvQueryTimeout));
}

/**
 * The server did not answer: true where the second one is asked now. Else servers are left alone
 * for WinsDownTimeout.
 */
export function serverSilentLocked(tracker: Tracker): bool {
  mustHold(names().lock);
  if (!tracker.isBackup && queryParameter(Parameter.NameServerBackup) != 0) {
    beginServerLocked(tracker, true);
    return true;
  }
  names().serverDown = 1;
  const ticks = ticksOf(queryParameter(Parameter.WinsDownTimeout));
  names().serverDownTick = KeQueryTickCount() + ticks;
  return false;
}

/** Where broadcasts of `device` go. */
export function broadcastOf(device: NetbtDevice): u32 {
  const set = queryParameter(Parameter.BroadcastAddress);
  return set == LIMITED_BROADCAST ? device.address | ~device.mask : set;
}

/** Where `tracker` sends at its stage. */
export function targetOf(tracker: Tracker): u32 {
  return tracker.stage == Stage.BROADCAST ? broadcastOf(tracker.device) : tracker.server;
}
