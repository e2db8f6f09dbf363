/** A TDI connection endpoint, as its client opened it. */

import { addressOf, at } from "../../nt/embed";
import { Irp } from "../../io/irp";
import { AddressObject } from "../address";

/** Parts of `Connection.flags`: the options are bits of TcbFlag. */
export const enum ConnectionFlag {
  /** How many calls of the client are under way, but for one that a Tcb knows by INDICATING. */
  CALLS = 0x3fff,
  /** IRP_MJ_CLEANUP waits for their end. */
  CLEANUP_WAITS = 0x4000,
  /** TcbFlag.NO_DELAY and KEEP_ALIVE. */
  OPTIONS = 0x18000,
}

/** What a client opens with a connection context. */
@unmanaged
export class Connection {
  /** The client's own word, given back in every event. */
  clientContext: usize;
  // Written under `lock()` of connection.ts:
  /** The address object it is associated with, or null. Changes only while it has no connection. */
  address: AddressObject | null;
  // Under `lock()` of connection.ts:
  /** Where its Tcb lies, or 0; while CLEANUP_WAITS is set, where that request lies. */
  tcb: usize;
  // Changed interlocked:
  /**
   * The options that a connection begins with, and how many are calling the client. One call more
   * begins under the lock of the Tcb whose `connection` it is.
   */
  flags: u32;
  get options(): u32 {
    return this.flags & ConnectionFlag.OPTIONS;
  }
  /** The IRP_MJ_CLEANUP that waits. Without a lock: CLEANUP_WAITS hands it over. */
  get cleanup(): Irp | null {
    return at<Irp | null>(this.tcb, 0);
  }
  set cleanup(irp: Irp | null) {
    this.tcb = addressOf(irp);
  }
}
if (offsetof<Connection>() != 16) ERROR("a connection endpoint is 16 octets");
