/** Every rule of the verifier broken, and kept, by the smallest program there is for it. */

export { scratch, scratchOctets } from "../routine";
export { Boundary, Rule } from "../../../assembly/vf/rule";
export { Stop } from "../../../assembly/nt/bugcheck";
export { LockRank } from "../../../assembly/ke/lockorder";
export { setUp } from "./machine";
export * from "./indications";
export * from "./levels";
export * from "./locks";
export * from "./memory";
export * from "./requests";
export * from "./waits";
