/** The verifier's rules of IRQL, waits and critical regions, in words. */

import type { RuleText } from './rules.js';

const SPIN_LEVEL =
  'A spin lock is held at DISPATCH_LEVEL, so that no other thread of its processor runs into it.';

/** In the order of their numbers. */
export const LEVEL_RULES: Readonly<Record<string, RuleText>> = {
  POOL_IRQL: {
    kind: 'irql',
    sentence: 'pool was used at $irql1',
    meaning: 'The pool is guarded by a spin lock, which nobody acquires above DISPATCH_LEVEL.',
    mend: 'Allocate before IRQL is raised, or in the DPC that the interrupt queues.',
  },
  POOL_FREE_IRQL: {
    kind: 'irql',
    sentence: 'pool was freed at $irql1',
    meaning: 'The pool is guarded by a spin lock: above DISPATCH_LEVEL nobody may give it memory.',
    mend: 'Free in the DPC that the interrupt queues.',
  },
  IRQL_RAISE: {
    kind: 'irql',
    sentence: 'KeRaiseIrql was asked to lower, from $irql1 to $irql2',
    meaning: 'KeRaiseIrql is only for levels at or above the current one.',
    mend: 'KeLowerIrql, with what the raise gave.',
  },
  IRQL_LOWER: {
    kind: 'irql',
    sentence: 'KeLowerIrql was asked for $irql2 at $irql1',
    meaning:
      'KeLowerIrql is only for what KeRaiseIrql gave; in a DPC nobody may go below DISPATCH_LEVEL.',
    mend: 'Keep what KeRaiseIrql gives in a variable of the same function, and lower to it, once.',
  },
  RELEASE_BELOW_DISPATCH: {
    kind: 'irql',
    sentence: '$lock was released at $irql2',
    meaning: `${SPIN_LEVEL} Often the sign of a second release, or of a KeLowerIrql between.`,
    mend: 'Release with what the acquire gave, and change IRQL by nothing else in between.',
  },
  FAST_MUTEX_ACQUIRE_IRQL: {
    kind: 'irql',
    sentence: 'fast mutex $1 was acquired at $irql2',
    meaning: 'A fast mutex waits for its owner, which nobody may above APC_LEVEL.',
    mend: 'Acquire it before IRQL is raised, or guard the data with a spin lock.',
  },
  FAST_MUTEX_RELEASE_IRQL: {
    kind: 'irql',
    sentence: 'fast mutex $1 was released at $irql2',
    meaning: 'ExAcquireFastMutex raises IRQL to APC_LEVEL; the release gives the level back.',
    mend: 'Leave IRQL alone between acquire and release, or come back to APC_LEVEL first.',
  },
  QUEUED_RELEASE_IRQL: {
    kind: 'irql',
    sentence: '$lock was released at $irql2, as an in-stack queued lock',
    meaning: SPIN_LEVEL,
    mend: 'Release before IRQL is lowered; the handle keeps the level to give back.',
  },
  RESOURCE_ACQUIRE_APCS: {
    kind: 'irql',
    sentence: 'ERESOURCE $1 was acquired at $irql2, outside a critical region',
    meaning: 'An APC may suspend the thread while it has the resource, and all who wait with it.',
    mend: 'KeEnterCriticalRegion before the acquire, KeLeaveCriticalRegion after the release.',
  },
  RESOURCE_RELEASE_APCS: {
    kind: 'irql',
    sentence: 'ERESOURCE $1 was released at $irql2, outside a critical region',
    meaning: 'The region was left too early: from there on an APC could suspend the owner.',
    mend: 'KeLeaveCriticalRegion after the release, not before.',
  },
  UNSAFE_ACQUIRE_APCS: {
    kind: 'irql',
    sentence: 'fast mutex $1 was acquired at $irql2 with ExAcquireFastMutexUnsafe',
    meaning: 'The unsafe routines leave APCs to the caller, who must have kept them out.',
    mend: 'Call it at APC_LEVEL or in a critical region, or call ExAcquireFastMutex.',
  },
  UNSAFE_RELEASE_APCS: {
    kind: 'irql',
    sentence: 'fast mutex $1 was released at $irql2 with ExReleaseFastMutexUnsafe',
    meaning: 'APCs must be kept out until the mutex is released.',
    mend: 'Leave the critical region after the release, not before.',
  },
  WAIT_AT_DISPATCH: {
    kind: 'irql',
    sentence: 'what may wait for $1 was called at $irql2',
    meaning: 'At DISPATCH_LEVEL no other thread of the processor runs: a wait there never ends.',
    mend: 'Acquire it below DISPATCH_LEVEL, ask without waiting, or leave it to a work item.',
  },
  REGION_NOT_ENTERED: {
    kind: 'irql',
    sentence: 'KeLeaveCriticalRegion was called outside a critical region',
    meaning: 'The count of regions is the thread\'s: one too many lets APCs into its caller\'s.',
    mend: 'One KeLeaveCriticalRegion for each KeEnterCriticalRegion, on every path.',
  },
  ACQUIRE_BELOW_DISPATCH: {
    kind: 'irql',
    sentence: '$lock was acquired with KeAcquireSpinLockAtDpcLevel at $irql2',
    meaning: `${SPIN_LEVEL} The routine for DPCs leaves IRQL where it is.`,
    mend: 'KeAcquireSpinLock where IRQL may be lower.',
  },
  DPC_RELEASE_BELOW_DISPATCH: {
    kind: 'irql',
    sentence: '$lock was released with KeReleaseSpinLockFromDpcLevel at $irql2',
    meaning: SPIN_LEVEL,
    mend: 'Release before IRQL is lowered.',
  },
  ACQUIRE_ABOVE_DISPATCH: {
    kind: 'irql',
    sentence: '$lock was acquired at $irql2',
    meaning:
      'An interrupt that acquires a spin lock waits for whom it interrupted, if that holds it.',
    mend: 'Leave the work to a DPC; what an interrupt shares is guarded by the interrupt\'s lock.',
  },
  EVENT_IRQL: {
    kind: 'irql',
    sentence: 'KeSetEvent was called at $irql1',
    meaning: 'What waits is made ready under the dispatcher\'s lock, which is for DISPATCH_LEVEL.',
    mend: 'Set the event in the DPC that the interrupt queues.',
  },
  DISPATCH_REGION: {
    kind: 'irql',
    sentence: 'a dispatch routine began in $2 critical regions and came back in $3',
    meaning: 'The thread belongs to the caller: its APCs stay out for ever, or come in too early.',
    mend: 'Leave every region that the routine enters, on every path, before it returns.',
  },
  COMPLETION_IRQL: {
    kind: 'irql',
    sentence: 'a completion routine began at $irql2 and came back at $irql3',
    meaning: 'Whoever completed the request goes on at a level that it does not expect.',
    mend: 'Come back at the level of the call, on every path.',
  },
  COMPLETION_REGION: {
    kind: 'irql',
    sentence: 'a completion routine began in $2 critical regions and came back in $3',
    meaning: 'A completion routine runs in any thread: the region would be a stranger\'s.',
    mend: 'Leave every region that the routine enters before it returns.',
  },
  ISR_IRQL: {
    kind: 'irql',
    sentence: 'an interrupt service routine began at $irql2 and came back at $irql3',
    meaning: 'What was interrupted goes on at a level that it does not expect.',
    mend: 'Leave IRQL alone in an interrupt service routine.',
  },
  REGION_ENTER_IRQL: {
    kind: 'irql',
    sentence: 'KeEnterCriticalRegion was called at $irql1',
    meaning: 'Above APC_LEVEL no APC comes, and the thread that runs may not be the caller\'s.',
    mend: 'Enter the region before IRQL is raised.',
  },
  REGION_LEAVE_IRQL: {
    kind: 'irql',
    sentence: 'KeLeaveCriticalRegion was called at $irql1',
    meaning: 'APCs that wait come where a region is left, which cannot be above APC_LEVEL.',
    mend: 'Leave the region after IRQL is lowered.',
  },
  WAIT_ABOVE_DISPATCH: {
    kind: 'irql',
    sentence: 'KeWaitForSingleObject was called at $irql1',
    meaning: 'Above DISPATCH_LEVEL not even the state of an object may be asked.',
    mend: 'Leave it to a DPC or to a work item.',
  },
  WAIT_ENDLESS: {
    kind: 'irql',
    sentence: 'a wait without an end was begun at $irql1',
    meaning: 'No other thread of the processor runs at DISPATCH_LEVEL, not even who should signal.',
    mend: 'Release spin locks and lower IRQL first, or leave it to a work item.',
  },
  WAIT_TIMEOUT: {
    kind: 'irql',
    sentence: 'a wait of $3 ticks was begun at $irql1',
    meaning: 'At DISPATCH_LEVEL an object can only be asked: with a timeout of 0.',
    mend: 'Ask with a timeout of 0, or wait below DISPATCH_LEVEL.',
  },
  IRQL_LEAKED: {
    kind: 'irql',
    sentence: 'a routine began at $irql2 and came back at $irql3',
    meaning: 'At DISPATCH_LEVEL nothing else runs on the processor (0xC9/0x05, 0x2001D in NT).',
    mend: 'Lower to what the raise gave, or release the lock, on every path.',
  },
  IRQL_WRONG: {
    kind: 'irql',
    sentence: 'a routine for $irql2 ran at $irql1',
    meaning: 'The routine states at which level it may run.',
    mend: 'Call it there: after a release, in a DPC, or in a work item.',
  },
  IRQL_BELOW_LOCK: {
    kind: 'irql',
    sentence: 'IRQL was lowered to $irql2 while $lock is held',
    meaning: `${SPIN_LEVEL} Below it the next thread on the processor may spin for it for ever.`,
    mend: 'Release the lock first; its release lowers IRQL.',
  },
  REGION_LEAKED: {
    kind: 'irql',
    sentence: 'a routine began in $2 critical regions and came back in $3',
    meaning: 'The thread is somebody else\'s after the routine, and APCs stay out of it.',
    mend: 'Leave every region that the routine enters, on every path.',
  },
  RELEASE_IRQL: {
    kind: 'irql',
    sentence: '$lock was acquired at $irql2 and its release restored $irql3',
    meaning: 'The level that the acquire gave is the caller\'s, and nobody else\'s.',
    mend: 'Release with what this lock\'s acquire gave, kept in a variable of its own.',
  },
};
