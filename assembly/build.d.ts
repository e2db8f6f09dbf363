/** The integers that asconfig.json introduces: what a target is built with. */

/** 1 where the verifier watches (`checked`, `explore`). */
declare const VERIFIER: i32;
/** 1 where a historical defect can be switched on (`checked`, `explore`). */
declare const FAULTS: i32;
/** 1 where processors may be switched at every scheduling point (`explore`). */
declare const EXPLORE: i32;
/** 1 where processors are workers over one shared memory (`smp`). */
declare const SMP: i32;
