/** `ntstack/assembly/ex`: resources, interlocked operations and pool, as a library. */

export {
  EResource, ExAcquireResourceExclusiveLite, ExAcquireResourceSharedLite,
  ExAcquireSharedStarveExclusive, ExAcquireSharedWaitForExclusive, ExDeleteResourceLite,
  ExInitializeResourceLite, ExIsResourceAcquiredExclusiveLite, ExIsResourceAcquiredSharedLite,
  ExReleaseResourceLite, RESOURCE_OCTETS,
} from "./resource";
export {
  InterlockedCompareExchange, InterlockedDecrement, InterlockedExchange, InterlockedExchangeAdd,
  InterlockedIncrement, ReadULongAcquire, WriteULongRelease,
} from "./interlocked";
export { ExAllocatePoolWithTag, ExFreePool, initializePool } from "./pool";
export { Tag } from "./tag";
