/**
 * Names that this machine owns, or is about to (RFC 1001, 15.1): unique ones and groups, with whom
 * they are on the net, and how far registering them is.
 */

import { at } from "../nt/embed";
import { InsertTailList, ListEntry, RemoveEntryList } from "../nt/list";
import { ExAllocate, ExFree } from "../ex/pool";
import { Tag } from "../ex/tag";
import { mustHold } from "../ke/spinlock";
import { NbFlag, NetbiosName, StatusFlag, copyName, isSameName } from "../wire/nbname";
import { NetbtDevice } from "./device";
import { nodeFlags, names } from "./state";

/** How far a name is. */
export const enum LocalState {
  /** The net is being asked whether it may be had. */
  CLAIMING,
  /** Ours: queries are answered, claims of others refused. */
  OWNED,
  /** Another has it as well: it is used no more (RFC 1002, 4.2.8). */
  CONFLICT,
}

/** A name of this machine. */
@unmanaged
export class LocalName extends ListEntry {
  // Under `NameState.lock` of state.ts:
  private nameWords0: u64;
  private nameWords1: u64;
  device: NetbtDevice;
  /** How often it was registered, and not released. */
  references: u32;
  state: LocalState;
  /** NbFlag.GROUP, or 0. */
  group: u32;
  /** 1: a name server has it. */
  atServer: u32;
  /** Seconds that the server gave; 0: without an end. */
  ttl: u32;
  /** When the server is told again; 0: it was never said on the net. */
  refreshTick: u32;
  get name(): NetbiosName {
    return at<NetbiosName>(changetype<usize>(this), offsetof<this>("nameWords0"));
  }
  /** NB_FLAGS of its records. */
  get nbFlags(): u32 {
    return this.group | nodeFlags();
  }
  /** NAME_FLAGS of a node status answer (RFC 1002, 4.2.18). */
  get statusFlags(): u32 {
    const conflict: u32 = this.state == LocalState.CONFLICT ? StatusFlag.CONFLICT : 0;
    return this.nbFlags | StatusFlag.ACTIVE | conflict;
  }
}

/** Names of this machine at most; NetBIOS has 254 (nt-facts 6). */
export const MOST_LOCALS: u32 = 254;

/** The name of `device`, whatever its state, or null. */
export function findLocalLocked(device: NetbtDevice, name: NetbiosName): LocalName | null {
  mustHold(names().lock);
  const head = names().locals;
  for (let entry = head.flink; entry != head; entry = entry.flink) {
    const local = changetype<LocalName>(entry);
    if (local.device == device && isSameName(local.name, name)) return local;
  }
  return null;
}

/** The name of `device` that is ours and answered for, or null. */
export function findOwnedLocked(device: NetbtDevice, name: NetbiosName): LocalName | null {
  mustHold(names().lock);
  const local = findLocalLocked(device, name);
  return local != null && local.state == LocalState.OWNED ? local : null;
}

/** A new name; null: no memory, or too many. */
export function addLocalLocked(
  device: NetbtDevice,
  name: NetbiosName,
  isGroup: bool,
): LocalName | null {
  mustHold(names().lock);
  if (names().localCount >= MOST_LOCALS) return null;
  const local = ExAllocate<LocalName>(Tag.NetbtName);
  if (local == null) return null;
  copyName(local.name, name);
  local.device = device;
  local.references = 1;
  local.state = LocalState.CLAIMING;
  local.group = isGroup ? NbFlag.GROUP : 0;
  InsertTailList(names().locals, local);
  names().localCount++;
  return local;
}

/** Takes a name out of the table and frees it; nothing is under way for it. */
export function removeLocalLocked(local: LocalName): void {
  mustHold(names().lock);
  RemoveEntryList(local);
  names().localCount--;
  ExFree(local);
}
