/**
 * select (Winsock 1.1, 4.1.15): which of some sockets are ready, now or as soon as one is. Of the
 * three sets user mode makes bits of PollEvent, as msafd.dll did: what is to be read is RECEIVE,
 * DISCONNECT, ABORT and ACCEPT, what is to be written SEND, the exceptions CONNECT_FAIL and
 * RECEIVE_EXPEDITED.
 */

import { at } from "../nt/embed";
import { Status } from "../nt/status";
import { ticksOf } from "../nt/time";
import { INFINITE } from "../ke/wait";
import { enterHandle, leaveHandle } from "./handle";
import { Poll, abandonPoll, allocatePoll, beginWait, dereferencePoll } from "./poll";
import { noteReady, releaseEndpoints, takeEnded, watch } from "./poll";
import { holdsOctets, readinessOf } from "./readiness";

/** One socket of a select, as user mode gives it. */
@unmanaged
class SelectRecord {
  handle: u32;
  /** Bits of PollEvent: those that are waited for; then those that were found. */
  events: u32;
}
if (offsetof<SelectRecord>() != 8) ERROR("host/user writes SelectRecord as 8 octets");

/** Sockets of one select at most. FD_SETSIZE is 64, which programs may change. */
const MOST: u32 = 4096;

/**
 * How many of the `count` sockets at `records` are ready, whose records say then for what. Where
 * none is before `timeoutMs` (INFINITE: without an end) is up, PENDING: SELECTED with `context`
 * tells of the end, and `readSelect` what was found. INVALID_HANDLE: one of them is no socket.
 * IRQL: PASSIVE_LEVEL. Locks: none.
 */
export function select(records: usize, count: u32, timeoutMs: u32, context: u32): i32 {
  if (count == 0 || count > MOST) return Status.INVALID_PARAMETER;
  const poll = allocatePoll(count, context);
  if (poll == null) return Status.INSUFFICIENT_RESOURCES;
  for (let i: u32 = 0; i < count; i++) {
    const record = recordAt(records, i);
    if (lookAt(poll, i, record.handle, record.events)) continue;
    abandonPoll(poll, i);
    return Status.INVALID_HANDLE;
  }
  const waits = timeoutMs == INFINITE ? INFINITE : ticksOf(timeoutMs);
  const ready = beginWait(poll, waits);
  if (ready == 0 && waits != 0) return Status.PENDING;
  releaseEndpoints(poll, count);
  return giveResults(poll, records, count);
}

function recordAt(records: usize, index: u32): SelectRecord {
  return at<SelectRecord>(records, <usize>index * offsetof<SelectRecord>());
}

/** The socket of `handle` is looked at, and watched from then on; false: it is none. */
function lookAt(poll: Poll, index: u32, handle: u32, wanted: u32): bool {
  const endpoint = enterHandle(handle);
  if (endpoint == null) return false;
  const entry = watch(poll, index, endpoint, wanted);
  const found = readinessOf(endpoint, entry.wanted, holdsOctets(endpoint));
  if (found) noteReady(entry, found);
  leaveHandle(endpoint);
  return true;
}

/** Writes what was found to the records, and lets the select go: how many are ready. */
function giveResults(poll: Poll, records: usize, count: u32): i32 {
  const most = count < poll.count ? count : poll.count;
  let ready = 0;
  for (let i: u32 = 0; i < most; i++) {
    const found = poll.entryAt(i).found;
    recordAt(records, i).events = found;
    if (found) ready++;
  }
  dereferencePoll(poll);
  return ready;
}

/**
 * The select of `context` has ended, and is gone after this: what was found is in the `count`
 * records at `records`, which are those that it was given. INVALID_PARAMETER: none has ended.
 * IRQL: PASSIVE_LEVEL. Locks: none.
 */
export function readSelect(context: u32, records: usize, count: u32): i32 {
  const poll = takeEnded(context);
  if (poll == null) return Status.INVALID_PARAMETER;
  return giveResults(poll, records, count);
}
