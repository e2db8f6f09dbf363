/** Where things lie that the host looks at from outside: locks, rings. */

import { ackDeadlinesLock } from "./tcpip/tcp/ackdeadline";
import { abandonedLock } from "./tcpip/tcp/connect";
import { endpointsLock } from "./tcpip/tcp/connection";
import { synCacheLock } from "./tcpip/tcp/syncache";
import { tcpTimerLock } from "./tcpip/tcp/timer";
import { partitionAt, partitionCount } from "./tcpip/tcp/table";
import { addressLock } from "./tcpip/address";
import { arpLock } from "./tcpip/neighbour";
import { routeLock } from "./tcpip/route";
import { reassemblyLock } from "./tcpip/ip/reassemble";
import { echoLock } from "./tcpip/ip/echo";
import { DEVICES, netbtDevice } from "./netbt/device";
import { namesLock } from "./netbt/state";
import { echoesLock } from "./afd/echo";
import { handleLock } from "./afd/handle";
import { pollLock } from "./afd/poll";
import { readyLock } from "./afd/ready";
import { cancelLock } from "./io/cancel";
import { poolLock } from "./ex/pool";
import { workQueueLock } from "./ex/workitem";
import { timerLock } from "./ke/timer";
import { LANAS, lanaLock } from "./netbios/lana";
import { netbiosReadyLock } from "./netbios/ready";
import { MAXIMUM_ADAPTERS, adapterAt } from "./ndis/adapter";
import { cardOf } from "./miniport/card";

/** Locks that are inside no connection or socket, without those of partitions, devices, cards. */
const SINGLE_LOCKS: u32 = 20;

/** The address of the `index`-th global lock; 0: there are no more. */
export function lockAt(index: u32): usize {
  if (index < SINGLE_LOCKS) return singleLock(index);
  let left = index - SINGLE_LOCKS;
  if (left < partitionCount()) return changetype<usize>(partitionAt(left).lock);
  left -= partitionCount();
  if (left < DEVICES) return changetype<usize>(netbtDevice(left).lock);
  left -= DEVICES;
  if (left < LANAS) return changetype<usize>(lanaLock(left));
  left -= LANAS;
  for (let i: u32 = 0; i < MAXIMUM_ADAPTERS; i++) {
    const adapter = adapterAt(i);
    if (adapter == null) continue;
    if (left == 0) return changetype<usize>(adapter.lock);
    left--;
  }
  return 0;
}

function singleLock(index: u32): usize {
  switch (index) {
    case 0:
      return cancelLock();
    case 1:
      return readyLock();
    case 2:
      return changetype<usize>(addressLock());
    case 3:
      return changetype<usize>(endpointsLock());
    case 4:
      return changetype<usize>(abandonedLock());
    case 5:
      return tcpTimerLock();
    case 6:
      return reassemblyLock();
    case 7:
      return routeLock();
    case 8:
      return arpLock();
    case 9:
      return echoLock();
    case 10:
      return timerLock();
    case 11:
      return workQueueLock();
    case 12:
      return echoesLock();
    case 13:
      return handleLock();
    case 14:
      return ackDeadlinesLock();
    case 15:
      return namesLock();
    case 16:
      return synCacheLock();
    case 17:
      return netbiosReadyLock();
    case 18:
      return changetype<usize>(pollLock());
    default:
      return poolLock();
  }
}

/** The receive ring of a card; 0: there is none. */
export function receiveRing(index: u32): usize {
  const adapter = adapterAt(index);
  return adapter == null ? 0 : changetype<usize>(cardOf(adapter).receiveRing);
}

/** The transmit ring of a card; 0: there is none. */
export function transmitRing(index: u32): usize {
  const adapter = adapterAt(index);
  return adapter == null ? 0 : changetype<usize>(cardOf(adapter).transmitRing);
}
