/** The card's side of the bench: frames given, time moved on, what was sent taken. */

import { onInterrupt, onTick } from "../../assembly/entry";
import { NO_TICK, nextTimerTick } from "../../assembly/ke/timer";
import { TcpFlag } from "../../assembly/wire/tcp";
import { tickBefore } from "../../assembly/nt/time";
import { KeQueryTickCount, shared } from "../../assembly/trace/ring";
import { acceptedCount, deliveredOctets, openClient, openEndpoints } from "./client";
import { buildArp, buildSegment, preparePayload, readSent, takeBuilt, theCard } from "./frame";
import { makeRemotes } from "./remote";

/** Frames that the card gives at once. */
export const BATCH: u32 = 64;

/** The transmit ring is the card's again: all in it has been sent. */
export function benchDrain(): void {
  readSent();
  const ring = theCard().transmitRing;
  ring.consumed = ring.produced;
}

/**
 * Gives the kernel the frames that were built, `microseconds` after those before, and the ticks
 * that have come meanwhile. How many frames.
 */
export function benchReceive(microseconds: u32): u32 {
  const ring = theCard().receiveRing;
  const sent = theCard().transmitRing;
  const count = takeBuilt();
  shared().timeUs += <u64>microseconds;
  shared().tick = <u32>(shared().timeUs / 10000);
  ring.produced += count;
  onInterrupt(0);
  sent.consumed = sent.produced;
  const now = KeQueryTickCount();
  let tick = nextTimerTick();
  while (tick != NO_TICK && !tickBefore(now, tick)) {
    onTick(tick);
    sent.consumed = sent.produced;
    tick = nextTimerTick();
  }
  return count;
}

/** `remotes` remote ends, behind a gateway that is known; false: no memory. */
export function prepareRemotes(remotes: u32): bool {
  preparePayload();
  if (!makeRemotes(remotes)) return false;
  buildArp();
  benchReceive(1);
  benchDrain();
  return true;
}

/** A listening client, `endpoints` endpoints, `remotes` remote ends; false: no memory. */
export function prepareMachine(endpoints: u32, remotes: u32): bool {
  if (!prepareRemotes(remotes) || !openClient()) return false;
  return endpoints == 0 || openEndpoints(endpoints) == endpoints;
}

/** The same flags from `count` remote ends, `first` and those that follow. */
export function buildStage(first: u32, count: u32, flags: u32, octets: u32): void {
  readSent();
  for (let i: u32 = 0; i < count; i++) buildSegment(first + i, flags, octets);
}

/** Opens connections from remote ends 0 to `count` - 1; how many were accepted. */
export function openConnections(count: u32): u32 {
  const before = acceptedCount();
  for (let first: u32 = 0; first < count; first += BATCH) {
    const many = count - first < BATCH ? count - first : BATCH;
    buildStage(first, many, TcpFlag.SYN, 0);
    benchReceive(1);
    buildStage(first, many, TcpFlag.ACK, 0);
    benchReceive(1);
  }
  readSent();
  return acceptedCount() - before;
}

/** Octets that clients were given since the kernel was started, modulo 2^32. */
export function benchDelivered(): u32 {
  return deliveredOctets();
}
