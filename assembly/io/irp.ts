/** IRP: a request, its fields, and who owns it when. */

import { RtlZeroMemory } from "../nt/memory";
import { at } from "../nt/embed";
import { InitializeListHead, ListEntry } from "../nt/list";
import { NTSTATUS, Status } from "../nt/status";
import { IrpState, noteFreeIrp } from "../vf/irps";
import { Tag } from "../ex/tag";
import { LOOKASIDE_OCTETS, LookasideList } from "../ex/lookaside";
import { ExAllocateFromNPagedLookasideList, ExDeleteNPagedLookasideList } from "../ex/lookaside";
import { ExFreeToNPagedLookasideList, ExInitializeNPagedLookasideList } from "../ex/lookaside";
import { InterlockedDecrement, InterlockedIncrement } from "../ex/interlocked";
import { Mdl } from "./mdl";

/**
 * What a driver does when its request is cancelled. Runs with the cancel lock held; releases it.
 */
export type CancelRoutine = (irp: Irp) => void;

/**
 * A request.
 *
 *   Irp | StackLocation 0 (lowest driver) | … | StackLocation stackCount - 1 (highest)
 *
 * Whoever allocates it owns it (IDLE); IoCallDriver gives it to a driver (IN_DRIVER), who completes
 * it once (COMPLETED); completion routines, lowest first, may take it back by answering
 * MORE_PROCESSING_REQUIRED, and then own it again.
 */
@unmanaged
export class Irp {
  private listFlink: usize;
  private listBlink: usize;
  status: NTSTATUS;
  information: u32;
  mdl: Mdl | null;
  state: IrpState;
  stackCount: u8;
  /** The location of the driver that owns it; stackCount while its allocator does. */
  currentLocation: u8;
  // Under `lock()` of cancel.ts:
  /** Set by IoCancelIrp. */
  cancel: u8;
  // Of whom it belongs to:
  pendingReturned: u8;
  cancelRoutine: CancelRoutine | null;
  cancelIrql: i32;
  /** For the driver that owns it. */
  driverContext: usize;
  driverOffset: u32;
  /** The place in the queue of the driver that owns it. */
  get queue(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("listFlink"));
  }
}
/** Octets of an IRP before its stack locations. */
export const IRP_OCTETS: usize = offsetof<Irp>();
/** Stack locations of an IRP at most. */
export const MAXIMUM_STACK: u32 = 4;
/** Octets of a stack location; io/stack.ts proves it. */
export const STACK_OCTETS: usize = 40;

/** The IRP whose place in a queue is `entry`. */
export function irpOfQueue(entry: ListEntry): Irp {
  return changetype<Irp>(entry);
}

const LISTS: usize = memory.data(96);
if (LOOKASIDE_OCTETS * <i32>MAXIMUM_STACK > 96) ERROR("LISTS holds one list for each stack size");

function listFor(stackCount: u32): LookasideList {
  return at<LookasideList>(LISTS, <usize>(stackCount - 1) * LOOKASIDE_OCTETS);
}

/** [0]: IRPs allocated and not freed. */
const IN_USE: usize = memory.data(4);

@unmanaged
class Word {
  value: u32;
}

/** IRPs allocated and not freed. IRQL: any. */
export function irpsInUse(): u32 {
  return changetype<Word>(IN_USE).value;
}

/** Prepares the lookaside lists. Once, at boot. */
export function initializeIrps(): void {
  for (let count: u32 = 1; count <= MAXIMUM_STACK; count++) {
    const length = <u32>(IRP_OCTETS + STACK_OCTETS * count);
    ExInitializeNPagedLookasideList(listFor(count), length, Tag.Irp, 256);
  }
}

/** Gives what the lists kept back to the pool. */
export function deleteIrpLists(): void {
  for (let count: u32 = 1; count <= MAXIMUM_STACK; count++) {
    ExDeleteNPagedLookasideList(listFor(count));
  }
}

/** Prepares a block that holds an IRP with `stackCount` locations. */
export function IoInitializeIrp(irp: Irp, stackCount: u32): void {
  RtlZeroMemory(changetype<usize>(irp), IRP_OCTETS + STACK_OCTETS * stackCount);
  InitializeListHead(irp.queue);
  irp.stackCount = <u8>stackCount;
  irp.currentLocation = <u8>stackCount;
  irp.status = Status.PENDING;
  irp.state = IrpState.IDLE;
}

/** An IRP with `stackCount` locations; null when there is no memory. IRQL: <= DISPATCH_LEVEL. */
export function IoAllocateIrp(stackCount: u32): Irp | null {
  const block = ExAllocateFromNPagedLookasideList(listFor(stackCount));
  if (block == 0) return null;
  const irp = at<Irp>(block, 0);
  IoInitializeIrp(irp, stackCount);
  InterlockedIncrement(IN_USE);
  return irp;
}

/** Gives an IRP back; its owner must have it. IRQL: <= DISPATCH_LEVEL. */
export function IoFreeIrp(irp: Irp): void {
  if (VERIFIER) noteFreeIrp(changetype<usize>(irp), irp.state);
  irp.state = IrpState.FREE;
  InterlockedDecrement(IN_USE);
  ExFreeToNPagedLookasideList(listFor(irp.stackCount), changetype<usize>(irp));
}
