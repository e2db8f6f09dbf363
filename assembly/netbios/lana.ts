/** LANAs: one for each device of NetBT, by number, with the gate that every NCB passes. */

import { at } from "../nt/embed";
import { InitializeListHead, ListEntry } from "../nt/list";
import { Gate } from "./gate";
import { LockRank } from "../ke/lockorder";
import { KSpinLock, KeInitializeSpinLock } from "../ke/spinlock";
import { DeviceName, DeviceObject, IoGetDeviceObjectPointer } from "../io/device";
import { MAXIMUM_ADAPTERS } from "../ndis/adapter";

/** LANAs at most. */
export const LANAS: u32 = MAXIMUM_ADAPTERS;

/** A LANA. */
@unmanaged
export class Lana extends Gate {
  // Written under `Gate.lock` of gate.ts:
  private environmentFlink: usize;
  private environmentBlink: usize;
  number: u32;
  /** What programs have after their RESET (environment.ts). */
  get environments(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("environmentFlink"));
  }
}

const LANA_OCTETS: usize = 72;
const TABLE: usize = memory.data(576);
if (offsetof<Lana>() > LANA_OCTETS) ERROR("a Lana has 72 octets");
if (<u32>LANA_OCTETS * LANAS > 576) ERROR("TABLE holds all LANAs");

/** The LANA of that number, with a device or without. IRQL: any. */
export function lanaAt(number: u32): Lana {
  return at<Lana>(TABLE, <usize>number * LANA_OCTETS);
}

/** Where the gate of a LANA lies, for the host; 0: there are no more. */
export function gateAt(number: u32): usize {
  return number < LANAS ? changetype<usize>(lanaAt(number)) : 0;
}

/** The lock of a LANA, for the host. */
export function lanaLock(number: u32): KSpinLock {
  return lanaAt(number).lock;
}

/** Its device; null: there is no such LANA. IRQL: any. */
export function deviceOf(number: u32): DeviceObject | null {
  return number < LANAS ? IoGetDeviceObjectPointer(DeviceName.NetBT + number) : null;
}

/** Makes all LANAs. Once, at start. */
export function initializeLanas(): void {
  for (let i: u32 = 0; i < LANAS; i++) {
    const lana = lanaAt(i);
    KeInitializeSpinLock(lana.lock, LockRank.NetbiosLana);
    lana.initialize();
    InitializeListHead(lana.environments);
    lana.number = i;
  }
}
