/**
 * NetBT sessions on port 139, all open at once: messages from segment to client, to sessions at
 * random, by the batch and one by one, and what linear memory each of them takes.
 */

import type { BenchKernel } from './kernel.js';
import { DELAYED_ACK_MS } from './connections.js';
import type { BatchRow, FactRow, Row } from './row.js';

const SESSIONS = 100_000;
/** Octets of a message: a small SMB. */
const OCTETS = 60;
/** Microseconds of virtual time for each message. */
const MESSAGE_US = 1;
/** The most that may be added to the pool of connection blocks at once (Q142641). */
const PARAMETERS = { NtstackDelayedAckMs: DELAYED_ACK_MS, BacklogIncrement: 20 };
const ADDRESS = 0x0a000001;
const MASK = 0xffffff00;
/** Octets that the bench itself keeps in the pool for each: a remote end, and a file's address. */
const PEER_OCTETS = 12;
const TICK_US = 10_000;

const octetsOf = new WeakMap<BenchKernel, number>();

/**
 * `benchPrepareSessions(n)`: a client of NetBT with so many endpoints. `benchOpenSessions(n)`: so
 * many sessions, by SYN, ACK and session request; how many there are.
 */
function openSessions(kernel: BenchKernel, n: number): void {
  if (octetsOf.has(kernel)) return;
  kernel.boot(1, PARAMETERS);
  if (kernel.routine('bindNetbt')(0, ADDRESS, MASK) < 0) throw new Error('NetBT is not bound');
  const before = kernel.memory.buffer.byteLength;
  const made = kernel.routine('benchPrepareSessions')(n)
    ? kernel.routine('benchOpenSessions')(n) : 0;
  if (made !== n) throw new Error(`${made} sessions where ${n} were to be opened`);
  octetsOf.set(kernel, (kernel.memory.buffer.byteLength - before) / n - PEER_OCTETS);
}

/**
 * `benchBuildMessages(count, octets)`: into the receive descriptors. `benchReceive(us)`: gives them
 * to the kernel. `benchMessages()`: how many the client was given, modulo 2^32.
 */
function messageRow(batch: number): BatchRow {
  const us = batch * MESSAGE_US;
  return {
    kind: 'batch',
    name: batch === 1 ? 'netbt message' : 'netbt messages, batch',
    n: SESSIONS,
    octets: OCTETS,
    machine: `${SESSIONS} sessions`,
    warmBatches: 2 * DELAYED_ACK_MS * 1000 / us,
    roundBatches: TICK_US / us,
    prepare: (kernel) => {
      openSessions(kernel, SESSIONS);
      const build = kernel.routine('benchBuildMessages');
      const receive = kernel.routine('benchReceive');
      const messages = kernel.routine('benchMessages');
      const before = messages();
      let sent = 0;
      return {
        build: () => void build(batch, OCTETS),
        run: () => {
          sent += batch;
          return receive(us);
        },
        check: () => {
          const got = (messages() - before) >>> 0;
          if (got !== sent) throw new Error(`${got} messages, and not ${sent}`);
        },
      };
    },
  };
}

const memoryRow: FactRow = {
  kind: 'fact',
  name: 'netbt memory',
  n: SESSIONS,
  octets: 0,
  machine: `${SESSIONS} sessions`,
  find: (kernel) => {
    openSessions(kernel, SESSIONS);
    return octetsOf.get(kernel) ?? NaN;
  },
};

export const rows: readonly Row[] = [messageRow(64), messageRow(1), memoryRow];
