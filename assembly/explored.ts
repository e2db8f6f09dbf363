/**
 * What the explorer asks of a module, of whomever it is: `export * from` here, beside the module's
 * own `setUp`, `thread` and `check`. The kernel's index.ts exports the same.
 */

export { Status } from "./nt/status";
export { Stop } from "./nt/bugcheck";
export { Event } from "./trace/event";
export { Rule, Boundary } from "./vf/rule";
export { heldStacks, lockEdges, wantSites } from "./vf/locks";
export {
  Irql, prcbOf as prcbAt, selectProcessor, selectThread, PRCB_COUNT, initializeProcessors,
} from "./ke/processor";
export { LockRank } from "./ke/lockorder";
export { Point } from "./ke/point";
export { noteThreadEnd } from "./ke/thread";
export { deliverInterrupt } from "./ke/interrupt";

/** The first octet that is nobody's static data. */
export function heapBase(): usize {
  return __heap_base;
}
