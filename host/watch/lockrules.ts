/** The verifier's rules of locks, in words. */

import type { RuleText } from './rules.js';

/** In the order of their numbers. */
export const LOCK_RULES: Readonly<Record<string, RuleText>> = {
  RESOURCE_INITIALIZED_TWICE: {
    kind: 'lock misuse',
    sentence: 'ERESOURCE $1 was initialized while it is in use',
    meaning: 'Owners and waiters are forgotten, and NT\'s list of resources is broken.',
    mend: 'Initialize it once; ExDeleteResourceLite before it is initialized anew.',
  },
  RESOURCE_NOT_INITIALIZED: {
    kind: 'lock misuse',
    sentence: 'ERESOURCE $1 was deleted and is none',
    meaning: 'It was deleted before, or never initialized: NT\'s list of resources is broken.',
    mend: 'Delete each resource once, and only where its initialization was reached.',
  },
  LOCK_RECURSIVE: {
    kind: 'deadlock',
    sentence: '$lock was acquired by the processor that holds it',
    meaning:
      'A spin lock, a fast mutex and a resource that is had shared cannot be had twice: their ' +
      'owner waits for itself.',
    mend:
      'Split the function: what needs the lock is a …Locked function that its holder calls. A ' +
      'resource that will be written is acquired exclusive from the beginning.',
  },
  LOCK_ORDER: {
    kind: 'lock order',
    sentence: '$lock was acquired while a lock was held that does not come before it',
    meaning:
      'Two processors that acquire two locks in two orders can wait for each other for ever, ' +
      'even if these two did not.',
    mend: 'Acquire in the order of LOCKS.md; let go of the inner one and look again where needed.',
  },
  LOCK_NOT_INITIALIZED: {
    kind: 'lock misuse',
    sentence: '$lock was acquired before KeInitializeSpinLock',
    meaning: 'The memory is no lock: it was never initialized, or it has been freed since.',
    mend: 'Initialize the lock with the structure that it guards, before anybody finds that.',
  },
  LOCK_RELEASE_ORDER: {
    kind: 'lock misuse',
    sentence: '$lock was released before a lock acquired after it',
    meaning: 'Each release gives back the level of its own acquire: these were crossed.',
    mend: 'Release in the opposite order of the acquires.',
  },
  LOCK_RELEASED_BY_OTHER: {
    kind: 'lock misuse',
    sentence: '$lock was released by a processor that does not own it',
    meaning: 'Its owner still works on what it guards, and a third may come in.',
    mend: 'Who acquires releases, in the same function.',
  },
  LOCK_INITIALIZED_TWICE: {
    kind: 'lock misuse',
    sentence: '$lock was initialized while somebody owns it',
    meaning: 'The owner loses the lock without knowing, and the next one comes in beside it.',
    mend: 'Initialize once, where the structure is made; reset the fields, not the lock.',
  },
  LOCK_NOT_OWNED: {
    kind: 'lock misuse',
    sentence: '$lock was released and nobody owns it',
    meaning: 'One release too many: the next time it takes the lock from somebody (Q243878).',
    mend: 'One release for each acquire, at one place behind all paths.',
  },
  LOCK_ACQUIRE_KIND: {
    kind: 'lock misuse',
    sentence: '$lock was acquired both plainly and as an in-stack queued lock',
    meaning: 'One way leaves a queue in the lock\'s word that the other one does not know.',
    mend: 'Choose one way for each lock.',
  },
  LOCK_RELEASE_KIND: {
    kind: 'lock misuse',
    sentence: '$lock was released as another kind of lock than it was acquired',
    meaning: 'Who waits in the queue of the handle is never told.',
    mend: 'KeReleaseInStackQueuedSpinLock with the handle of the acquire.',
  },
  LOCK_THREAD_ENDED: {
    kind: 'lock leaked',
    sentence: '$lock is owned by a thread that ended',
    meaning: 'Nobody is left who could release it.',
    mend: 'Release on every path to the end of the thread.',
  },
  LOCK_FREED: {
    kind: 'lock misuse',
    sentence: '$lock was freed while somebody owns it',
    meaning: 'Its owner releases what is somebody else\'s by then; who waits, waits for ever.',
    mend: 'Reference what you lock, release, then dereference: the last reference frees.',
  },
  LOCK_NOT_HELD: {
    kind: 'lock misuse',
    sentence: 'a function that needs $lock held ran without it',
    meaning: 'A …Locked function works on what the lock guards.',
    mend: 'Acquire the lock around the call.',
  },
  LOCK_HELD_AT_BOUNDARY: {
    kind: 'lock misuse',
    sentence: '$lock is held where control passes to another owner',
    meaning: 'What is called may acquire locks of its own, call back, or take its time.',
    mend: 'Reference what you need, let go, then call.',
  },
  LOCK_LEAKED: {
    kind: 'lock leaked',
    sentence: '$lock was acquired, and its routine came back without releasing it',
    meaning: 'The next one who wants it waits for ever, and IRQL stays where it is.',
    mend: 'One acquire, one release, in the same function, on every path.',
  },
  LOCK_HANDLE_IN_USE: {
    kind: 'lock misuse',
    sentence: 'a queue handle in use was used to acquire $lock',
    meaning: 'The handle is a place in a queue: it cannot stand in two.',
    mend: 'A handle of its own for each acquire, on the stack of the function that acquires.',
  },
  LOCK_HELD_LONG: {
    kind: 'lock misuse',
    sentence: '$lock was held through $2 microseconds of stalling: more than $3',
    meaning: 'Whoever wants it spins as long, at DISPATCH_LEVEL, and nothing else runs there.',
    mend: 'Release it before the stall, or have a timer come back to what is not yet done.',
  },
  SEMAPHORE_LIMIT: {
    kind: 'lock misuse',
    sentence: 'semaphore $1 was released to $2, past its limit of $3',
    meaning: 'More was given back than was taken (STATUS_SEMAPHORE_LIMIT_EXCEEDED in NT).',
    mend: 'One release for each wait that was satisfied.',
  },
};
