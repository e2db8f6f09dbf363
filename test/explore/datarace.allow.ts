/** Data races that are meant: a line of the kernel, and why nobody minds. */

/** One of the two accesses lies on a line of `file` that has `text`. */
export interface AllowedRace {
  /** A file of assembly/, or a folder with its `/`. */
  readonly file: string;
  readonly text: string;
  readonly because: string;
}

export const ALLOWED_RACES: readonly AllowedRace[] = [
  {
    file: 'tcpip/counters.ts', text: '.value',
    because: 'a counter that loses one is still a counter; no processor waits for another',
  },
  {
    file: 'tcpip/', text: 'touch(',
    because: 'brings lines into the cache; nothing is believed of what is read',
  },
  {
    file: 'tcpip/tcp/table.ts', text: 'partitionAt(i).generation',
    because: 'a batch that misses a change finds its slots anew, under the lock',
  },
  {
    file: 'tcpip/tcp/', text: 'if (tcb.todo)',
    because: 'who set it settles too, after letting go of the lock; settle asks again under it',
  },
  {
    file: 'tcpip/tcp/settle.ts', text: 'while (tcb.todo)',
    because: 'who set it settles too, after letting go of the lock; it is read again under it',
  },
  {
    file: 'ex/workitem.ts', text: 'waitingWorkItems() != 0',
    because: 'takeItem asks again under the lock',
  },
  {
    file: 'afd/handle.ts', text: 'if (all.free == 0 && !growTable())',
    because: 'asked again under the lock; a table that grew once too often is larger',
  },
  {
    file: 'afd/handle.ts', text: 'const before = all.capacity',
    because: 'compared with what it is under the lock',
  },
  {
    file: 'tcpip/tcp/batch.ts', text: 'found.state == TcpState.CLOSED',
    because: 'a segment of a connection that is closed meanwhile is refused under its lock',
  },
  {
    file: 'tcpip/tcp/connection.ts', text: 'connection.tcb == changetype<usize>(tcb)',
    because: 'a request that waits there is no Tcb: it differs before and after',
  },
  {
    file: 'afd/ready.ts', text: 'endpoint.flags & EndpointFlag.CLOSED',
    because: 'CLOSED is set before `silence` takes the same lock: what comes later sees it',
  },
  {
    file: 'afd/poll.ts', text: 'if (IsListEmpty(endpoint.polls)) return;',
    because: 'a select is put there before it looks at the socket under its lock, and who signals '
      + 'has changed the socket under it before: one of the two sees the other',
  },
  {
    file: 'afd/ready.ts', text: 'return !IsListEmpty(readyList())',
    because: 'takeReadyLocked asks again under the lock; user mode asks after whatever has run',
  },
  {
    file: 'afd/handle.ts', text: 'endpoint.flags & EndpointFlag.CLOSED',
    because: 'this bit changes in the turn of the call alone; others of the word under the lock',
  },
];
