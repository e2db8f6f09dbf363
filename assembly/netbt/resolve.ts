/**
 * From a name to an address of IP. Not done: asking the net (RFC 1002, 5.1), because the name
 * service is not there yet; only names that the host has written are known, as those of LMHOSTS.
 */

import { at } from "../nt/embed";
import { NTSTATUS, Status } from "../nt/status";
import { ExAllocate, ExFree } from "../ex/pool";
import { Tag } from "../ex/tag";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeAcquireSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { NetbiosAddress, copyNetbiosAddress } from "../tdi/address";
import { isSameName } from "../wire/nbname";
import { NetbtDevice } from "./device";

/**
 * What a name came to: with SUCCESS its address, else BAD_NETWORK_PATH. IRQL: <= DISPATCH_LEVEL.
 * Locks: none.
 */
export type ResolveCompletion = (context: usize, status: NTSTATUS, address: u32) => void;

/** A name and its address. */
@unmanaged
class Host {
  // Under `Hosts.lock`:
  next: Host | null;
  address: u32;
  private name0: u32;
  private name1: u32;
  private name2: u32;
  private name3: u32;
  private nameType: u32;
  get name(): NetbiosAddress {
    return at<NetbiosAddress>(changetype<usize>(this), offsetof<this>("name0"));
  }
}

/** What is known. */
@unmanaged
class Hosts {
  private lockWord: u32;
  // Under `lock`:
  first: Host | null;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), 0);
  }
}

const HOSTS: usize = memory.data(8);

function hosts(): Hosts {
  return changetype<Hosts>(HOSTS);
}

/** Where its lock lies, for the host. */
export function namesLock(): usize {
  return HOSTS;
}

/** No names. Once, at start. */
export function initializeResolve(): void {
  KeInitializeSpinLock(hosts().lock, LockRank.NetbtNames);
  hosts().first = null;
}

/** Forgets all names. At the end. */
export function cleanUpResolve(): void {
  let host = hosts().first;
  hosts().first = null;
  while (host != null) {
    const next: Host | null = host.next;
    ExFree(host);
    host = next;
  }
}

/**
 * Finds the address of `name`. PENDING: `completion` is called once, perhaps before this returns;
 * `name` stays where it is until then. Any other answer is a failure, and nobody is called. IRQL:
 * <= DISPATCH_LEVEL. Locks: none.
 */
export function resolve(
  device: NetbtDevice,
  name: NetbiosAddress,
  completion: ResolveCompletion,
  context: usize,
): NTSTATUS {
  const irql = KeAcquireSpinLock(hosts().lock);
  const found = findLocked(name);
  const address = found == null ? 0 : found.address;
  KeReleaseSpinLock(hosts().lock, irql);
  if (address == 0) return Status.BAD_NETWORK_PATH;
  completion(context, Status.SUCCESS, address);
  return Status.PENDING;
}

/**
 * The one who asked with `context` does not want to know any more: true when its completion will
 * not be called, false when it was or is about to be. IRQL: <= DISPATCH_LEVEL. Locks: none.
 */
export function cancelResolve(context: usize): bool {
  return false;
}

/** Writes a name, as a line of LMHOSTS does; the newest of a name counts. IRQL: PASSIVE_LEVEL. */
export function writeHost(name: NetbiosAddress, address: u32): NTSTATUS {
  const host = ExAllocate<Host>(Tag.NetbtName);
  if (host == null) return Status.INSUFFICIENT_RESOURCES;
  host.address = address;
  copyNetbiosAddress(host.name, name);
  const irql = KeAcquireSpinLock(hosts().lock);
  host.next = hosts().first;
  hosts().first = host;
  KeReleaseSpinLock(hosts().lock, irql);
  return Status.SUCCESS;
}

function findLocked(name: NetbiosAddress): Host | null {
  mustHold(hosts().lock);
  let host = hosts().first;
  while (host != null && !isSameName(host.name, name)) host = host.next;
  return host;
}
