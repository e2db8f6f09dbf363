/** What a test entry asks of the test: routines written in TypeScript, and memory to work on. */

/** The routine that the test has numbered `id`, with what the kernel gives it. */
export declare function onRoutine(id: usize, first: usize, second: usize): i32;

const SCRATCH_OCTETS: i32 = 262144;
const SCRATCH: usize = memory.data(SCRATCH_OCTETS);

/** Where the test's own structures lie. */
export function scratch(): usize {
  return SCRATCH;
}

/** Octets there. */
export function scratchOctets(): u32 {
  return SCRATCH_OCTETS;
}
