/** What a listening socket has besides: its backlog. */

import { at } from "../nt/embed";
import { InitializeListHead, ListEntry } from "../nt/list";
import { ExAllocate } from "../ex/pool";
import { Parameter, queryParameter } from "../ex/registry";
import { Tag } from "../ex/tag";
import { WorkItem } from "../ex/workitem";

/** The backlog of a listening socket. */
@unmanaged
export class Listener {
  // Under `Endpoint.lock` of endpoint.ts:
  private freeFlink: usize;
  private freeBlink: usize;
  private waitFlink: usize;
  private waitBlink: usize;
  private askFlink: usize;
  private askBlink: usize;
  // Of ex/workitem.ts:
  private item0: u32;
  private item1: u32;
  private item2: u32;
  private item3: u32;
  private item4: u32;
  // Does not change:
  /** Connections that may wait: half open, or open and not accepted. */
  backlog: u32;
  /**
   * The dynamic backlog (Q142641): below how many idle endpoints others are made, how many at a
   * time, and how many are idle or half open at most. `growth` 0: it is not dynamic.
   */
  least: u32;
  growth: u32;
  most: u32;
  // Written under `Endpoint.lock` of endpoint.ts:
  /** Endpoints in the three lists together. */
  count: u32;
  /** In `idle`, and in `asked`. */
  free: u32;
  half: u32;
  /** 1 when the socket is closed: no more endpoints. */
  closed: u32;
  /** Endpoints that wait for a connection. */
  get idle(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("freeFlink"));
  }
  /** Endpoints whose connection is half open. */
  get asked(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("askFlink"));
  }
  /** Endpoints whose connection is open, oldest first. */
  get arrived(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("waitFlink"));
  }
  /** Makes more endpoints. */
  get refill(): WorkItem {
    return at<WorkItem>(changetype<usize>(this), offsetof<this>("item0"));
  }
}
if (offsetof<WorkItem>() > 20) ERROR("a Listener has room for a WorkItem");

/** An empty backlog for `backlog` connections, dynamic by the registry; null: no memory. */
export function allocateListener(backlog: u32): Listener | null {
  const listener = ExAllocate<Listener>(Tag.Endpoint);
  if (listener == null) return null;
  InitializeListHead(listener.idle);
  InitializeListHead(listener.asked);
  InitializeListHead(listener.arrived);
  listener.backlog = backlog;
  // Who asks for no more than there are anyhow gains nothing by it.
  const least = queryParameter(Parameter.MinimumDynamicBacklog);
  if (queryParameter(Parameter.EnableDynamicBacklog) == 0 || backlog <= least) return listener;
  listener.least = least;
  listener.growth = queryParameter(Parameter.DynamicBacklogGrowthDelta);
  listener.most = queryParameter(Parameter.MaximumDynamicBacklog);
  return listener;
}
