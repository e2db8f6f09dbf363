/**
 * What a program has on a LANA from its RESET on: its names, its sessions, and what it has asked
 * for. All of it is touched by whoever has the LANA's gate; the lists of requests and of names by
 * events too, under its lock.
 */

import { at, containing } from "../nt/embed";
import { InitializeListHead, InsertTailList, ListEntry, RemoveEntryList } from "../nt/list";
import { GateWork } from "./gate";
import { InterlockedDecrement, InterlockedIncrement } from "../ex/interlocked";
import { ExAllocate, ExFree } from "../ex/pool";
import { Tag } from "../ex/tag";
import { noteDereference, noteReference } from "../vf/references";
import { KeAcquireSpinLock, KeReleaseSpinLock } from "../ke/spinlock";
import { FileObject } from "../io/file";
import { NetbiosAddress, NetbiosNameType } from "../tdi/address";
import { closeFile } from "../tdi/client";
import { NetbiosName, isSameName } from "../wire/nbname";
import { Lana } from "./lana";

/** What a program gets that does not say how many (nt-facts 2.4). */
const DEFAULT_SESSIONS: u32 = 16;
const DEFAULT_NAMES: u32 = 16;
/** The largest number of a session, and of a name: 255 stands for any. */
const LAST_NUMBER: u32 = 254;
/** The number of the permanent name. */
export const PERMANENT_NAME: u32 = 1;

/** A program on a LANA. */
@unmanaged
export class Environment extends GateWork {
  lana: Lana;
  /** Counted interlocked: being open, each request, name and session. */
  references: u32;
  /** The program. */
  process: u32;
  /** 1 once it is over: whoever is still under way hears no more. */
  closed: u32;
  mostSessions: u32;
  mostNames: u32;
  /** The numbers that were given last. */
  lastSession: u32;
  lastName: u32;
  sessionCount: u32;
  nameCount: u32;
  pendingCount: u32;
  /** The name of everybody, once a RECEIVE BROADCAST DATAGRAM has been asked for. */
  everybody: Name | null;
  // Written under `Gate.lock` of gate.ts:
  private linkFlink: usize;
  private linkBlink: usize;
  private pendingFlink: usize;
  private pendingBlink: usize;
  private nameFlink: usize;
  private nameBlink: usize;
  private sessionFlink: usize;
  private sessionBlink: usize;
  get link(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("linkFlink"));
  }
  /** What it has asked for and has no answer to, in order. */
  get pending(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("pendingFlink"));
  }
  get names(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("nameFlink"));
  }
  get sessions(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("sessionFlink"));
  }
  static ofLink(entry: ListEntry): Environment {
    return containing<Environment>(changetype<usize>(entry), offsetof<Environment>("linkFlink"));
  }
}

/** A name of a program. */
@unmanaged
export class Name extends ListEntry {
  environment: Environment;
  number: u32;
  /** As NAME_BUFFER has it: `NameState`. */
  state: u32;
  /** Null until it is registered. */
  file: FileObject | null;
  /** Sessions that use it. */
  sessions: u32;
  private address0: u64;
  private address1: u64;
  private address2: u64;
  get address(): NetbiosAddress {
    return at<NetbiosAddress>(changetype<usize>(this), offsetof<this>("address0"));
  }
  /** Where its octets lie. */
  get octets(): usize {
    return changetype<usize>(this.address);
  }
}
if (offsetof<NetbiosAddress>() > 24) ERROR("a Name has room for a NetbiosAddress");

/** The low bits of `name_flags`. */
export const enum NameState {
  REGISTERING = 0,
  REGISTERED = 4,
  /** Deleted while a session uses it: it goes with the last. */
  DEREGISTERED = 5,
}

/** A new environment, in its LANA's list; null: no memory. 0 sessions or names: the defaults. */
export function createEnvironment(
  lana: Lana,
  process: u32,
  sessions: u32,
  names: u32,
): Environment | null {
  const made = ExAllocate<Environment>(Tag.Netbios);
  if (made == null) return null;
  InitializeListHead(made.pending);
  InitializeListHead(made.names);
  InitializeListHead(made.sessions);
  made.lana = lana;
  made.references = 1;
  made.process = process;
  made.mostSessions = limitOf(sessions, DEFAULT_SESSIONS);
  made.mostNames = limitOf(names, DEFAULT_NAMES);
  made.lastName = PERMANENT_NAME;
  const irql = KeAcquireSpinLock(lana.lock);
  InsertTailList(lana.environments, made.link);
  KeReleaseSpinLock(lana.lock, irql);
  return made;
}

function limitOf(wanted: u32, usual: u32): u32 {
  if (wanted == 0) return usual;
  return wanted < LAST_NUMBER ? wanted : LAST_NUMBER;
}

/** What the program has on `lana`; null: no RESET. The caller has the gate. */
export function findEnvironment(lana: Lana, process: u32): Environment | null {
  const head = lana.environments;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const one = Environment.ofLink(entry);
    if (one.process == process) return one;
  }
  return null;
}

/** One more holds it. IRQL: any. */
export function referenceEnvironment(environment: Environment): void {
  if (VERIFIER) noteReference(changetype<usize>(environment), environment.references);
  InterlockedIncrement(changetype<usize>(environment) + offsetof<Environment>("references"));
}

/** One fewer; the last one frees it. IRQL: <= DISPATCH_LEVEL. */
export function dereferenceEnvironment(environment: Environment): void {
  const count = changetype<usize>(environment) + offsetof<Environment>("references");
  const left = InterlockedDecrement(count);
  if (VERIFIER) noteDereference(changetype<usize>(environment), left);
  if (left == 0) ExFree(environment);
}

/** It is over: its LANA's list has it no more. The caller has the gate. */
export function closeEnvironment(environment: Environment): void {
  environment.closed = 1;
  const irql = KeAcquireSpinLock(environment.lana.lock);
  RemoveEntryList(environment.link);
  KeReleaseSpinLock(environment.lana.lock, irql);
}

/** Whether the 16 octets at `one` and at `other` are the same name. */
function isSameOctets(one: usize, other: usize): bool {
  return isSameName(at<NetbiosName>(one, 0), at<NetbiosName>(other, 0));
}

/** The name with those octets; null: it has none. The caller has the gate. */
export function findName(environment: Environment, octets: usize): Name | null {
  const head = environment.names;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const name = changetype<Name>(entry);
    if (isSameOctets(name.octets, octets)) return name;
  }
  return null;
}

/** The name of that number; null: it has none. The caller has the gate. */
export function nameOfNumber(environment: Environment, number: u32): Name | null {
  const head = environment.names;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const name = changetype<Name>(entry);
    if (name.number == number) return name;
  }
  return null;
}

/** The number after the one given last that no name has: 2 to 254. There must be one. */
export function nextNameNumber(environment: Environment): u32 {
  let number = environment.lastName;
  for (let left = LAST_NUMBER; left != 0; left--) {
    number = number < LAST_NUMBER ? number + 1 : PERMANENT_NAME + 1;
    if (nameOfNumber(environment, number) == null) break;
  }
  environment.lastName = number;
  return number;
}

/** A name in no list, with a reference to its environment; null: no memory. */
export function makeName(environment: Environment, number: u32): Name | null {
  const name = ExAllocate<Name>(Tag.Netbios);
  if (name == null) return null;
  InitializeListHead(name);
  name.environment = environment;
  name.number = number;
  referenceEnvironment(environment);
  return name;
}

/** A name that is being registered, in the list; null: no memory. The caller has the gate. */
export function createName(environment: Environment, number: u32): Name | null {
  const name = makeName(environment, number);
  if (name == null) return null;
  environment.nameCount++;
  const irql = KeAcquireSpinLock(environment.lana.lock);
  InsertTailList(environment.names, name);
  KeReleaseSpinLock(environment.lana.lock, irql);
  return name;
}

/** Takes a name out of the list: its number is free. Its file is the caller's. */
export function removeName(name: Name): void {
  const environment = name.environment;
  const irql = KeAcquireSpinLock(environment.lana.lock);
  RemoveEntryList(name);
  KeReleaseSpinLock(environment.lana.lock, irql);
  environment.nameCount--;
}

/**
 * Whether another program's name on the LANA keeps this one from `process`: two may share a group.
 * The caller has the gate.
 */
export function isTaken(lana: Lana, process: u32, octets: usize, type: NetbiosNameType): bool {
  const head = lana.environments;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const environment = Environment.ofLink(entry);
    const name = findName(environment, octets);
    if (name == null) continue;
    if (environment.process == process || name.address.type != type) return true;
    if (!name.address.isGroup) return true;
  }
  return false;
}

/** A name goes: nobody is called for it any more. IRQL: PASSIVE_LEVEL; the caller has the gate. */
export function dropName(name: Name): void {
  removeName(name);
  closeName(name);
}

/** The same of a name that is in no list. */
export function closeName(name: Name): void {
  const file = name.file;
  name.file = null;
  closeFile(file);
  freeName(name);
}

/** Frees a name that is in no list. */
export function freeName(name: Name): void {
  const environment = name.environment;
  ExFree(name);
  dereferenceEnvironment(environment);
}
