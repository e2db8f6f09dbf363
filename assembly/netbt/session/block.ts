/**
 * A connection block: NetBT's end of a TCP connection, which carries one session and is not used
 * again. Who listens keeps some in a pool (pool.ts); who calls makes one.
 */

import { at } from "../../nt/embed";
import { InitializeListHead, ListEntry } from "../../nt/list";
import { NTSTATUS } from "../../nt/status";
import { InterlockedDecrement, InterlockedIncrement } from "../../ex/interlocked";
import { ExAllocate, ExFree, ExFreePool } from "../../ex/pool";
import { Tag } from "../../ex/tag";
import { noteDereference, noteReference } from "../../vf/references";
import { LockRank } from "../../ke/lockorder";
import { KSpinLock, KeInitializeSpinLock, mustHold } from "../../ke/spinlock";
import { KeQueryTickCount } from "../../trace/ring";
import { FileObject } from "../../io/file";
import { Irp } from "../../io/irp";
import { Mdl } from "../../io/mdl";
import { NetbiosName } from "../../wire/nbname";
import { SessionHeader } from "../../wire/nbsession";
import { NetbtAddress } from "../address";
import { NetbtDevice } from "../device";
import { SessionState, SessionStep, stateAfter } from "./state";

/** Bits of `Block.flags`. */
export const enum BlockFlag {
  /** Somebody deals with what came, or a TDI_RECEIVE of ours is under way: nobody else may. */
  BUSY = 1,
  /** TCP keeps octets for us, and indicates no more of them: they must be asked for. */
  HELD = 2,
  /** More of them came since they were asked for. */
  AGAIN = 4,
  /** The client was told of the message, and has not asked for what it did not take. */
  OWED = 8,
  /** It is over. */
  ENDING = 16,
  /** The peer has closed, and the client is to be told when it has taken all. */
  PEER_CLOSED = 32,
  /** A TDI_RECEIVE of ours is on its way down; it has come back meanwhile. */
  CALLING_DOWN = 64,
  PULLED = 128,
  /** A packet that had begun when it ended is still to be counted, by who is BUSY. */
  CUT = 256,
}

/** What a client opens with a connection context. */
@unmanaged
export class NetbtConnection extends ListEntry {
  /** The client's own word, given back in every event. */
  clientContext: usize;
  device: NetbtDevice;
  // Written under `NetbtDevice.lock` of ../device.ts:
  /** Changes only while it has no session. */
  address: NetbtAddress | null;
  // Under `NetbtDevice.lock` of ../device.ts:
  /** Its session's, referenced. */
  block: Block | null;
  /** 1 from IRP_MJ_CLEANUP on: it gets no session any more. */
  closed: u32;
  /** TDI_LISTEN, while it waits: then the endpoint is in the device's list of listeners. */
  listenIrp: Irp | null;
  // Counted interlocked:
  /** Calls of the client that are under way. */
  calls: u32;
  // Before CLEANUP_WAITS is counted (endpoint.ts):
  /** IRP_MJ_CLEANUP, while it waits. */
  cleanup: Irp | null;
}

/** A connection block. */
@unmanaged
export class Block extends ListEntry {
  private lockWord: u32;
  /** Counted interlocked: its place in a list, its endpoint, each request under way. */
  references: u32;
  device: NetbtDevice;
  // Under `NetbtDevice.lock` of ../device.ts:
  /** 1 while it counts as one that came in, and as a session. */
  inbound: u32;
  counted: u32;
  // Written under `lock`:
  /** TCP's objects: of an outgoing one the worker sets them, while it is in use. */
  file: FileObject | null;
  addressFile: FileObject | null;
  endpoint: NetbtConnection | null;
  flags: u32;
  /** Who calls TCP for it: its files stay. */
  users: u32;
  state: SessionState;
  /** How it ended. */
  status: NTSTATUS;
  /** TDI_CONNECT of our client, while it waits. */
  openIrp: Irp | null;
  private receiveFlink: usize;
  private receiveBlink: usize;
  // Before others know of it, or by who takes the step to which it belongs:
  remoteAddress: u32;
  remotePort: u32;
  private nameLow: u64;
  private nameHigh: u64;
  /** The tick of the last packet, or of the last step: whoever comes last writes it. */
  stamp: u32;
  // Of who is BUSY:
  /** Octets that came and that nobody has taken, by our count (I1): TCP's, and those ahead. */
  outstanding: u32;
  /** The request that is being filled. */
  current: Irp | null;
  /** The header as far as it has come, how many octets of it, and what is left of the message. */
  private headerWord: u32;
  headerOctets: u32;
  left: u32;
  /** Octets of this indication that were dealt with. */
  taken: u32;
  /** Octets that we have asked for and that nobody has taken: where, from which, how many. */
  ahead: usize;
  aheadOffset: u32;
  aheadOctets: u32;
  /** Retargets so far. */
  retargets: u32;
  private mdl0: u32;
  private mdl1: u32;
  private mdl2: u32;
  /** Octets that were asked for. */
  asked: u32;
  /** The next of a chain that the timer has made. */
  chain: Block | null;
  get lock(): KSpinLock {
    return at<KSpinLock>(changetype<usize>(this), offsetof<this>("lockWord"));
  }
  /** Describes where what we ask for goes. */
  get mdl(): Mdl {
    return at<Mdl>(changetype<usize>(this), offsetof<this>("mdl0"));
  }
  /** TDI_RECEIVE requests that wait. */
  get receives(): ListEntry {
    return at<ListEntry>(changetype<usize>(this), offsetof<this>("receiveFlink"));
  }
  /** Who is at the other end. */
  get remoteName(): NetbiosName {
    return at<NetbiosName>(changetype<usize>(this), offsetof<this>("nameLow"));
  }
  get header(): SessionHeader {
    return at<SessionHeader>(changetype<usize>(this), offsetof<this>("headerWord"));
  }
}

/** A block without a connection, with one reference; null: no memory. IRQL: <= DISPATCH_LEVEL. */
export function allocateBlock(device: NetbtDevice): Block | null {
  const block = ExAllocate<Block>(Tag.NetbtBlock);
  if (block == null) return null;
  InitializeListHead(block);
  InitializeListHead(block.receives);
  KeInitializeSpinLock(block.lock, LockRank.NetbtConnection);
  block.references = 1;
  block.device = device;
  block.stamp = KeQueryTickCount();
  return block;
}

/** One more holds `block`. IRQL: any. */
export function referenceBlock(block: Block): void {
  if (VERIFIER) noteReference(changetype<usize>(block), block.references);
  InterlockedIncrement(changetype<usize>(block) + offsetof<Block>("references"));
}

/** One fewer; the last one frees it: its files are closed by then. IRQL: <= DISPATCH_LEVEL. */
export function dereferenceBlock(block: Block): void {
  const left = InterlockedDecrement(changetype<usize>(block) + offsetof<Block>("references"));
  if (VERIFIER) noteDereference(changetype<usize>(block), left);
  if (left != 0) return;
  if (block.ahead) ExFreePool(block.ahead);
  ExFree(block);
}

/** Moves on. */
export function stepLocked(block: Block, step: SessionStep): void {
  mustHold(block.lock);
  block.state = stateAfter(block.state, step);
  block.stamp = KeQueryTickCount();
}
