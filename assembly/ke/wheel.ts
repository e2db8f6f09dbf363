/**
 * A timing wheel: three rings of 256 slots, so that start, stop and restart take constant time
 * (Varghese and Lauck, 1987, scheme 7). The owner brings the lock.
 */

import { RtlZeroMemory } from "../nt/memory";
import { at } from "../nt/embed";
import { AppendTailList, InitializeListHead, InsertTailList } from "../nt/list";
import { IsListEmpty, ListEntry } from "../nt/list";
import { RemoveEntryList, RemoveHeadList } from "../nt/list";
import { tickBefore } from "../nt/time";

/** What a wheel carries. Not running: it is a list of its own. */
@unmanaged
export class WheelEntry extends ListEntry {
  dueTick: u32;
}

/**
 * A wheel; its rings lie behind it.
 *
 *   ring 0: 1 tick a slot      | 256 slots | what is due within 256 ticks, to the tick
 *   ring 1: 256 ticks a slot   | 256 slots | moved to ring 0 when its slot comes round
 *   ring 2: 65536 ticks a slot | 256 slots | moved to ring 1 when its slot comes round
 */
@unmanaged
export class Wheel {
  /** The last tick that was played. */
  tick: u32;
  count: u32;
}
const RING_SLOTS: u32 = 256;
const HEAD_OCTETS: usize = 8;
const MAPS: usize = 8;
const MAP_OCTETS: usize = 32;
const HEADS: usize = 104;
/** Octets of a wheel. */
export const WHEEL_OCTETS: i32 = 6248;
const FURTHEST: u32 = (1 << 24) - 1;

function mapOf(wheel: Wheel, ring: u32, slot: u32): usize {
  return changetype<usize>(wheel) + MAPS + <usize>ring * MAP_OCTETS + <usize>(slot >>> 5 << 2);
}

function headOf(wheel: Wheel, ring: u32, slot: u32): ListEntry {
  const index = <usize>(ring * RING_SLOTS + slot);
  return at<ListEntry>(changetype<usize>(wheel) + HEADS + index * HEAD_OCTETS, 0);
}

/** Makes an empty wheel that has played `tick`. */
export function initializeWheel(wheel: Wheel, tick: u32): void {
  RtlZeroMemory(changetype<usize>(wheel), WHEEL_OCTETS);
  wheel.tick = tick;
  for (let ring: u32 = 0; ring < 3; ring++) {
    for (let slot: u32 = 0; slot < RING_SLOTS; slot++) {
      InitializeListHead(headOf(wheel, ring, slot));
    }
  }
}

/** True while `entry` is in a wheel. */
export function isRunning(entry: WheelEntry): bool {
  return !IsListEmpty(entry);
}

/** Starts `entry`, which is not running, for `dueTick`; what is past is due at the next tick. */
export function startEntry(wheel: Wheel, entry: WheelEntry, dueTick: u32): void {
  const next = wheel.tick + 1;
  if (tickBefore(dueTick, next)) dueTick = next;
  entry.dueTick = dueTick;
  place(wheel, entry);
  wheel.count++;
}

function place(wheel: Wheel, entry: WheelEntry): void {
  let due = entry.dueTick;
  let ahead = due - wheel.tick;
  if (ahead > FURTHEST) {
    ahead = FURTHEST;
    due = wheel.tick + FURTHEST;
  }
  let ring: u32 = 0;
  let slot = due & 255;
  if (ahead >= 65536) {
    ring = 2;
    slot = (due >>> 16) & 255;
  } else if (ahead >= 256) {
    ring = 1;
    slot = (due >>> 8) & 255;
  }
  const map = mapOf(wheel, ring, slot);
  store<u32>(map, load<u32>(map) | ((<u32>1) << (slot & 31)));
  InsertTailList(headOf(wheel, ring, slot), entry);
}

/**
 * Stops `entry`; false when it was not running. Its slot's bit is cleared when the slot comes
 * round.
 */
export function stopEntry(wheel: Wheel, entry: WheelEntry): bool {
  if (IsListEmpty(entry)) return false;
  RemoveEntryList(entry);
  wheel.count--;
  return true;
}

/** Moves what one slot of an outer ring holds to where it belongs now. */
function cascade(wheel: Wheel, ring: u32, slot: u32): void {
  const map = mapOf(wheel, ring, slot);
  const head = headOf(wheel, ring, slot);
  store<u32>(map, load<u32>(map) & ~((<u32>1) << (slot & 31)));
  if (IsListEmpty(head)) return;
  // Those that are in the list now, and no more: one may come back to this very slot.
  const last = head.blink;
  let done = false;
  while (!done) {
    const entry = RemoveHeadList(head);
    done = entry == last;
    place(wheel, changetype<WheelEntry>(entry));
  }
}

/** True when a slot of `ring` from `first` to the end of the ring may hold something. */
function occupiedFrom(wheel: Wheel, ring: u32, first: u32): u32 {
  for (let slot = first; slot < RING_SLOTS; ) {
    const word = load<u32>(mapOf(wheel, ring, slot)) >>> (slot & 31);
    if (word) return slot + ctz(word);
    slot = (slot | 31) + 1;
  }
  return RING_SLOTS;
}

/** The first of what has expired: from here on it does not run. `expired` must not be empty. */
export function takeExpired(wheel: Wheel, expired: ListEntry): WheelEntry {
  wheel.count--;
  return changetype<WheelEntry>(RemoveHeadList(expired));
}

/**
 * Plays the wheel up to `tick`, at most one slot that holds something at a time: moves what is due
 * to `expired`, where it can still be stopped, and returns true when it must be called again.
 */
export function advanceWheel(wheel: Wheel, tick: u32, expired: ListEntry): bool {
  while (wheel.tick != tick) {
    if (tickBefore(tick, wheel.tick)) return false;
    if (wheel.count == 0) {
      wheel.tick = tick;
      return false;
    }
    const next = skipEmpty(wheel, tick);
    wheel.tick = next;
    if ((next & 255) == 0) {
      if ((next & 0xffff) == 0) cascade(wheel, 2, (next >>> 16) & 255);
      cascade(wheel, 1, (next >>> 8) & 255);
    }
    if (takeDue(wheel, next & 255, expired)) return true;
  }
  return false;
}

/** The next tick worth playing: a slot that holds something, the end of the ring, or `tick`. */
function skipEmpty(wheel: Wheel, tick: u32): u32 {
  const next = wheel.tick + 1;
  const slot = next & 255;
  if (slot == 0) return next;
  const ahead = occupiedFrom(wheel, 0, slot) - slot;
  const furthest = tick - next;
  return next + (ahead < furthest ? ahead : furthest);
}

function takeDue(wheel: Wheel, slot: u32, expired: ListEntry): bool {
  const map = mapOf(wheel, 0, slot);
  const head = headOf(wheel, 0, slot);
  store<u32>(map, load<u32>(map) & ~((<u32>1) << (slot & 31)));
  if (IsListEmpty(head)) return false;
  AppendTailList(expired, head);
  return true;
}

/** The next tick at which the wheel must be played, or `none` when it is empty. Never too late. */
export function nextDue(wheel: Wheel, none: u32): u32 {
  if (wheel.count == 0) return none;
  const tick = wheel.tick;
  const slot = (tick + 1) & 255;
  const ahead = slot == 0 ? RING_SLOTS : occupiedFrom(wheel, 0, slot);
  if (ahead < RING_SLOTS) return tick + 1 + ahead - slot;
  // Past the end of this ring: the outer rings move then, and slots before this one come round.
  const round = (tick | 255) + 1;
  const outer = (round >>> 8) & 255;
  if (outer == 0 || occupiedFrom(wheel, 0, 0) < (slot == 0 ? RING_SLOTS : slot)) return round;
  const found = occupiedFrom(wheel, 1, outer);
  return found < RING_SLOTS ? round + ((found - outer) << 8) : (tick | 0xffff) + 1;
}
