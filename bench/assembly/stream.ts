/** One stream between two machines: who sends, and who takes. */

import { ExAllocatePoolWithTag } from "../../assembly/ex/pool";
import { Tag } from "../../assembly/ex/tag";
import { openClient, openEndpoints, startStream } from "./client";

/** Octets of one request, and how many are under way: together more than any window. */
const REQUEST_OCTETS: u32 = 65536;
const REQUESTS: u32 = 4;

/** A client that takes what comes on one connection. False: no memory. */
export function benchListen(): bool {
  return openClient() && openEndpoints(1) == 1;
}

/** Connects to `address` and sends without end. False: no memory, or no route. */
export function benchOpenStream(address: u32): bool {
  const octets = ExAllocatePoolWithTag(REQUEST_OCTETS, Tag.User);
  if (octets == 0 || !openClient()) return false;
  for (let i: u32 = 0; i < REQUEST_OCTETS; i += 4) store<u32>(octets + i, i * 0x9e3779b1);
  return startStream(address, octets, REQUEST_OCTETS, REQUESTS);
}
