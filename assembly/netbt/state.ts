/** What the name and datagram services keep, and the one lock over all of it. */

import { at } from "../nt/embed";
import { RtlZeroMemory } from "../nt/memory";
import { InitializeListHead, ListEntry } from "../nt/list";
import { Parameter, queryParameter } from "../ex/registry";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { FileObject } from "../io/file";
import { NbFlag, SCOPE_LIMIT } from "../wire/nbname";

/** NodeType: who is asked for names (RFC 1001, 10). */
export const enum NodeType {
  B = 1,
  P = 2,
  M = 4,
  H = 8,
}

/** The state of both services. */
@unmanaged
export class NameState {
  private lockWord: u32;
  // Under `lock`:
  /** The transaction id of the next request. */
  transactionId: u32;
  /** The tick until which name servers are left alone; meaningful while `serverDown`. */
  serverDownTick: u32;
  serverDown: u32;
  /** Octets that may be answered now, as of `creditTick`. */
  credit: u32;
  creditTick: u32;
  /** The id of the next datagram of ours. */
  datagramId: u32;
  /** How many there are in each list below. */
  localCount: u32;
  trackerCount: u32;
  outgoingOctets: u32;
  private localFlink: usize;
  private localBlink: usize;
  private trackerFlink: usize;
  private trackerBlink: usize;
  private doneFlink: usize;
  private doneBlink: usize;
  private outgoingFlink: usize;
  private outgoingBlink: usize;
  // Do not change while the services run:
  /** The UDP address objects of ports 137 and 138. */
  nameFile: FileObject | null;
  datagramFile: FileObject | null;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
  /** This machine's names (names.ts). */
  get locals(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("localFlink"));
  }
  /** What is under way (tracker.ts). */
  get trackers(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("trackerFlink"));
  }
  /** What has ended, and whose client has not been told (tracker.ts). */
  get done(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("doneFlink"));
  }
  /** Packets that go once the lock is let go (outgoing.ts). */
  get outgoing(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("outgoingFlink"));
  }
}

const STATE: usize = memory.data(128);
if (offsetof<NameState>() > 128) ERROR("STATE");
/** The labels of our scope, with their last 0. */
const SCOPE: usize = memory.data(224);
if (SCOPE_LIMIT > 224) ERROR("SCOPE");

/** The state of both services. */
export function names(): NameState {
  return changetype<NameState>(STATE);
}

/** Where its lock lies, for the host. */
export function namesLock(): usize {
  return STATE;
}

/** The labels of this machine's scope, as they stand behind a name: one 0 where there is none. */
export function ownScope(): usize {
  return SCOPE;
}

/** No names, nothing under way, no scope. Once, at start. */
export function initializeNameState(): void {
  RtlZeroMemory(STATE, 128);
  RtlZeroMemory(SCOPE, 224);
  const state = names();
  KeInitializeSpinLock(state.lock, LockRank.NetbtNames);
  state.transactionId = queryParameter(Parameter.NtstackKey0);
  state.datagramId = queryParameter(Parameter.NtstackKey1);
  InitializeListHead(state.locals);
  InitializeListHead(state.trackers);
  InitializeListHead(state.done);
  InitializeListHead(state.outgoing);
}

/** What kind of node this machine is: as NodeType says, else as it has a name server. */
export function nodeType(): NodeType {
  const set = queryParameter(Parameter.NodeType);
  if (set != 0) return set;
  return queryParameter(Parameter.NameServer) == 0 ? NodeType.B : NodeType.H;
}

/** The kind of node as NB_FLAGS have it: b 0, p 1, m 2, h 3. */
export function nodeFlags(): u32 {
  switch (nodeType()) {
    case NodeType.P:
      return 1 << NbFlag.NODE_SHIFT;
    case NodeType.M:
      return 2 << NbFlag.NODE_SHIFT;
    case NodeType.H:
      return 3 << NbFlag.NODE_SHIFT;
    default:
      return 0;
  }
}
