/** Indications of a transport: every octet is counted once, and the end comes after the last. */

import { Rule, report } from "./rule";

/** A client took `taken` octets of the `available` that it was told of (I4). */
export function checkTaken(connection: u32, taken: u32, available: u32): void {
  if (taken > available) report(Rule.TDI_TAKEN, connection, taken, available);
}

/** A client is told of the end of its connection; `graceful`: the peer has closed (I2). */
export function checkDrained(connection: u32, graceful: bool, outstanding: u32): void {
  if (graceful && outstanding != 0) report(Rule.TDI_EARLY, connection, outstanding, 0);
}

/** A transport counts `counted` octets as held for its client, and holds `held` (I1). */
export function checkOutstanding(connection: u32, counted: u32, held: u32): void {
  if (counted != held) report(Rule.TDI_OUTSTANDING, connection, counted, held);
}

/** Of a message of which `left` octets were left, `octets` went to the client (I3). */
export function checkDelivered(connection: u32, octets: u32, left: u32): void {
  if (octets > left) report(Rule.TDI_COUNTED_TWICE, connection, octets, left);
}

/** A session request from `peer` has ended, `answered` or not (RFC 1002, 5.2.2). */
export function checkAnswered(block: u32, peer: u32, answered: bool): void {
  if (!answered) report(Rule.NBT_UNANSWERED, block, peer, 0);
}
