/** The verifier's rules of pool, references and requests, in words. */

import type { RuleText } from './rules.js';

/** In the order of their numbers. */
export const OBJECT_RULES: Readonly<Record<string, RuleText>> = {
  POOL_BAD_ADDRESS: {
    kind: 'pool misuse',
    sentence: 'pool was freed at $1, where none was allocated',
    meaning: 'What was given to ExFreePool does not begin a block of the pool.',
    mend: 'Free the address that the allocation gave, not one inside the block.',
  },
  POOL_DOUBLE_FREE: {
    kind: 'pool misuse',
    sentence: 'pool block $1 of tag "$tag2" was freed twice',
    meaning: 'By the second free the block may be somebody else\'s.',
    mend: 'Give each block one owner, and clear the owner\'s pointer where it frees.',
  },
  POOL_HAS_TIMER: {
    kind: 'pool misuse',
    sentence: 'timer $1 runs in pool that was freed',
    meaning: 'The wheel still leads to it: when it is due, somebody else\'s memory is played.',
    mend: 'KeCancelTimer before the free, and wait for its DPC where that came too late.',
  },
  POOL_HAS_RESOURCE: {
    kind: 'pool misuse',
    sentence: 'ERESOURCE $1 lies in pool that was freed and was not deleted',
    meaning: 'NT keeps a list of all resources, and would follow it into freed memory.',
    mend: 'ExDeleteResourceLite before the free.',
  },
  REFERENCE_COUNT: {
    kind: 'reference count',
    sentence: 'a reference count of object $1 went wrong: it is $2',
    meaning: 'An object without references is gone: it can be neither held nor let go again.',
    mend: 'One dereference for each reference; take a reference only where another one is held.',
  },
  POOL_OVERRUN: {
    kind: 'pool misuse',
    sentence: 'pool block $1 of tag "$tag2" was written past its end',
    meaning: 'What lies behind the block is somebody else\'s.',
    mend: 'Ask for as many octets as are written, and check lengths that come from outside.',
  },
  POOL_LEAKED: {
    kind: 'pool leaked',
    sentence: '$2 blocks of pool tag "$tag1" are left',
    meaning: 'Every driver is unloaded, and nobody is left who could free them.',
    mend: 'Free on every path, errors and unload among them; the tag says whose they are.',
  },
  OBJECT_INITIALIZED_TWICE: {
    kind: 'lock misuse',
    sentence: 'a timer, DPC or work item at $1 was initialized while it is in a queue',
    meaning: 'Its neighbours in the queue still lead to it, and it does not lead back.',
    mend: 'Initialize once; cancel or let run before it is made anew.',
  },
  IRP_FREED_IN_USE: {
    kind: 'irp misuse',
    sentence: 'IRP $1 was freed or reused while somebody owns it',
    meaning: 'The driver that has it will complete memory that is somebody else\'s.',
    mend: 'Cancel it, and free it in the completion routine.',
  },
  IRP_STACK: {
    kind: 'irp misuse',
    sentence: 'IRP $1 has no stack location left',
    meaning: 'Each driver on the way has a location; there are fewer than drivers.',
    mend: 'Allocate with the StackSize of the device that it is sent to.',
  },
  IRP_COMPLETED_TWICE: {
    kind: 'irp misuse',
    sentence: 'IRP $1 was completed twice',
    meaning: 'After the first completion the request belongs to somebody else.',
    mend:
      'Decide under a lock who completes: whoever takes the request out of its queue, or takes ' +
      'its cancel routine away.',
  },
  POOL_HAS_DPC: {
    kind: 'pool misuse',
    sentence: 'DPC $1 waits in pool that was freed',
    meaning: 'The queue of the processor still leads to it.',
    mend: 'Free in the DPC\'s own routine, or after it has run.',
  },
  IRP_COMPLETED_PENDING: {
    kind: 'irp misuse',
    sentence: 'IRP $1 was completed with STATUS_PENDING',
    meaning: 'Who waits for the request takes it for one that is still under way.',
    mend: 'Complete with the status of what was done.',
  },
  IRP_CANCELABLE: {
    kind: 'irp misuse',
    sentence: 'IRP $1 was completed with its cancel routine set',
    meaning: 'The cancel routine may run meanwhile, and complete it once more.',
    mend: 'IoSetCancelRoutine(irp, null) first: null in answer says that it is cancelled already.',
  },
  IRP_FORGOTTEN: {
    kind: 'irp misuse',
    sentence: 'the dispatch routine neither completed IRP $1 nor kept it',
    meaning: 'Nobody will complete the request.',
    mend: 'Complete it before you return its status, or mark it pending and return PENDING.',
  },
  IRP_MARKED: {
    kind: 'irp misuse',
    sentence: 'the dispatch routine marked IRP $1 pending and did not return PENDING',
    meaning: 'The sender takes it for finished, the I/O manager for pending.',
    mend: 'What calls IoMarkIrpPending returns PENDING, even if the request is completed already.',
  },
  IRP_NOT_MARKED: {
    kind: 'irp misuse',
    sentence: 'the dispatch routine kept IRP $1 and did not mark it pending',
    meaning: 'The I/O manager does not know that the sender waits.',
    mend: 'IoMarkIrpPending before anybody else can see the request.',
  },
  LEFT_AT_UNLOAD: {
    kind: 'timer left',
    sentence: 'a timer, DPC or work item at $1 is under way and all drivers are unloaded',
    meaning: 'Its routine is code that is not there any more.',
    mend: 'Cancel timers, and wait for DPCs and work items, in the unload routine.',
  },
  POOL_HAS_WORK_ITEM: {
    kind: 'pool misuse',
    sentence: 'work item $1 waits in pool that was freed',
    meaning: 'The worker thread will run what lies there by then (Q164396).',
    mend: 'Reference what the work item is in, and let its routine dereference it.',
  },
};
