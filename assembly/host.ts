/**
 * Every function the kernel asks of the host, and nothing else. Numbers only; a throw stops the
 * kernel.
 */

/** The kernel stops: a stop code and its four words. The host throws `KernelStop`. */
export declare function onBugCheck(code: i32, p1: u32, p2: u32, p3: u32, p4: u32): void;

/** The running processor finds `lock` taken. Where nobody else can run, the host throws. */
export declare function onSpin(lock: usize, processor: u32): void;

/**
 * `explore` only: another processor may be made to run here. `point` says what is about to
 * happen.
 */
export declare function onPreempt(point: i32, object: usize): void;

/**
 * The verifier has a finding: a rule of `vf/rule.ts` and its three words. The machine may go on.
 */
export declare function onFinding(rule: i32, p1: u32, p2: u32, p3: u32): void;

/**
 * The verifier is about to note that `object` was acquired, allocated or sent, and wants its
 * stack kept.
 */
export declare function onSite(object: usize, sequence: u32): void;

/** The transmit ring of `adapter` is full: the host takes all its frames before it returns. */
export declare function onTransmit(adapter: u32): void;
