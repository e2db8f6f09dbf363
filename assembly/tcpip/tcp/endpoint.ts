/** A TDI connection endpoint, as its client opened it. */

import { addressOf, at } from "../../nt/embed";
import { InterlockedCompareExchange } from "../../ex/interlocked";
import { Irp } from "../../io/irp";
import { AddressObject } from "../address";

/**
 * Parts of `Connection.flags`: calls, and what the client has set for the connections to come. The
 * options are bits of TcbFlag.
 */
export const enum ConnectionFlag {
  /** How many calls of the client are under way, but for one that a Tcb knows by INDICATING. */
  CALLS = 0x1fff,
  /** It has a Notice (notice.ts). */
  NOTICED = 0x2000,
  /** IRP_MJ_CLEANUP waits for their end. */
  CLEANUP_WAITS = 0x4000,
  /** TcbFlag.NO_DELAY and KEEP_ALIVE. */
  OPTIONS = 0x18000,
  /** The client wants urgent data where it is in the text. */
  INLINE = 0x20000,
  /** Retransmissions of text before it is given up: 0 as many as the registry says, 255 no end. */
  RETRANSMISSIONS = 0x3fc0000,
  /** The DiffServ field of its datagrams (RFC 2474), without the two bits of ECN below it. */
  SERVICE = 0xfc000000,
}

/** Where parts of `Connection.flags` begin. */
export const enum ConnectionShift {
  RETRANSMISSIONS = 18,
  /** Of the type of service: the field and the two bits of ECN, which are 0. */
  SERVICE = 24,
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
   * What a connection begins with, and how many are calling the client. One call more begins under
   * the lock of the Tcb whose `connection` it is.
   */
  flags: u32;
  get options(): u32 {
    return this.flags & ConnectionFlag.OPTIONS;
  }
  get isInline(): bool {
    return (this.flags & ConnectionFlag.INLINE) != 0;
  }
  get retransmissions(): u32 {
    return (this.flags & ConnectionFlag.RETRANSMISSIONS) >>> ConnectionShift.RETRANSMISSIONS;
  }
  get typeOfService(): u32 {
    return (this.flags & ConnectionFlag.SERVICE) >>> ConnectionShift.SERVICE;
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

/** Where the flags of `connection` lie. */
export function flagsOf(connection: Connection): usize {
  return changetype<usize>(connection) + offsetof<Connection>("flags");
}

/** What the client sets: `bits` of those of `mask`, in ConnectionFlag. IRQL: any. */
export function replaceBits(connection: Connection, mask: u32, bits: u32): void {
  const flags = flagsOf(connection);
  let before = connection.flags;
  let seen = InterlockedCompareExchange(flags, (before & ~mask) | bits, before);
  while (seen != before) {
    before = seen;
    seen = InterlockedCompareExchange(flags, (before & ~mask) | bits, before);
  }
}
