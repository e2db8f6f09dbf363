/** A TDI connection endpoint, as its client opened it. */

import { AddressObject } from "../address";

/** What a client opens with a connection context. */
@unmanaged
export class Connection {
  /** The client's own word, given back in every event. */
  clientContext: usize;
  /** The address object it is associated with, or null. Changes only while it has no connection. */
  address: AddressObject | null;
  /** Where its Tcb lies, or 0. Under the lock of connection.ts, which alone reads it. */
  tcb: usize;
  /** Options that a connection begins with: TcbFlag.NO_DELAY, KEEP_ALIVE. */
  flags: u32;
}
