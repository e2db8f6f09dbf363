/** What is under way and must neither be freed nor made anew: timers, DPCs, work items. */

import { at } from "../nt/embed";
import { Rule, report } from "./rule";

/** What an object is that is under way. */
export const enum Active {
  /** A timer that runs. */
  TIMER,
  /** A DPC in a queue. */
  DPC,
  /** A work item in its queue. */
  WORK_ITEM,
  /** An ERESOURCE between ExInitializeResourceLite and ExDeleteResourceLite. */
  RESOURCE,
}

@unmanaged
class ActiveObject {
  object: usize;
  kind: Active;
}

@unmanaged
class ActiveTable {
  count: u32;
}

/** Objects that are watched at a time; more are let be. */
const MOST: u32 = 127;
const TABLE: usize = memory.data(1024);

function table(): ActiveTable {
  return at<ActiveTable>(TABLE, 0);
}

function entryOf(index: u32): ActiveObject {
  return at<ActiveObject>(TABLE, <usize>(index + 1) << 3);
}

function findActive(object: usize): u32 {
  const count = table().count;
  for (let i = count; i > 0; i--) if (entryOf(i - 1).object == object) return i - 1;
  return MOST;
}

/** `object` is under way from here on. */
export function noteActive(object: usize, kind: Active): void {
  const all = table();
  if (all.count == MOST) return;
  const entry = entryOf(all.count++);
  entry.object = object;
  entry.kind = kind;
}

/** `object` is not under way any more. */
export function noteInactive(object: usize): void {
  const index = findActive(object);
  if (index == MOST) return;
  const last = entryOf(--table().count);
  const entry = entryOf(index);
  entry.object = last.object;
  entry.kind = last.kind;
}

/** Whether `object` is under way. */
export function isActive(object: usize): bool {
  return findActive(object) != MOST;
}

/** A timer, DPC or work item that is about to be initialized. */
export function checkNotActive(object: usize): void {
  const index = findActive(object);
  if (index == MOST) return;
  report(Rule.OBJECT_INITIALIZED_TWICE, <u32>object, entryOf(index).kind, 0);
  noteInactive(object);
}

function freedRule(kind: Active): Rule {
  if (kind == Active.TIMER) return Rule.POOL_HAS_TIMER;
  if (kind == Active.DPC) return Rule.POOL_HAS_DPC;
  return kind == Active.RESOURCE ? Rule.POOL_HAS_RESOURCE : Rule.POOL_HAS_WORK_ITEM;
}

/** The block of `length` octets is about to be freed: nothing in it may be under way. */
export function checkFreedObjects(block: usize, length: u32): void {
  const count = table().count;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryOf(i);
    if (entry.object - block >= length) continue;
    report(freedRule(entry.kind), <u32>entry.object, <u32>block, 0);
  }
}

/** All drivers are unloaded: nothing may be under way. */
export function reportActive(): void {
  const count = table().count;
  for (let i: u32 = 0; i < count; i++) {
    const entry = entryOf(i);
    report(Rule.LEFT_AT_UNLOAD, <u32>entry.object, entry.kind, 0);
  }
}
