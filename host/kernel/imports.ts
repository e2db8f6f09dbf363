/** What the kernel asks of the host (assembly/host.ts): one function for each, and no more. */

/** Who answers. A hook that throws stops the kernel: its memory stays as it was. */
export interface KernelHooks {
  /** A stop code and its four words; must throw. */
  onBugCheck(code: number, p1: number, p2: number, p3: number, p4: number): void;
  /** A processor finds a lock taken; must throw where nobody else can let it go. */
  onSpin(lock: number, processor: number): void;
  /** `explore` only: another processor may run here. */
  onPreempt(point: number, object: number): void;
  /** A broken rule and its words. */
  onFinding(rule: number, p1: number, p2: number, p3: number): void;
  /** Something is acquired: whose stack is this? */
  onSite(object: number, sequence: number): void;
  /** A transmit ring is full: all of it must be taken, and the kernel not be called. */
  onTransmit(adapter: number): void;
}

/** The imports of a kernel; words that are no numbers of a sum arrive unsigned. */
export function kernelImports(hooks: KernelHooks): Record<keyof KernelHooks, CallableFunction> {
  return {
    onBugCheck: (code: number, p1: number, p2: number, p3: number, p4: number) =>
      hooks.onBugCheck(code >>> 0, p1 >>> 0, p2 >>> 0, p3 >>> 0, p4 >>> 0),
    onSpin: (lock: number, processor: number) => hooks.onSpin(lock >>> 0, processor >>> 0),
    onPreempt: (point: number, object: number) => hooks.onPreempt(point, object >>> 0),
    onFinding: (rule: number, p1: number, p2: number, p3: number) =>
      hooks.onFinding(rule, p1 >>> 0, p2 >>> 0, p3 >>> 0),
    onSite: (object: number, sequence: number) => hooks.onSite(object >>> 0, sequence >>> 0),
    onTransmit: (adapter: number) => hooks.onTransmit(adapter >>> 0),
  };
}

/**
 * What a module asks for that this host does not have; empty where all is well.
 * Each as `module.name`.
 */
export function unknownImports(
  module: WebAssembly.Module, known: Readonly<Record<string, unknown>>,
): string[] {
  return WebAssembly.Module.imports(module)
    .filter(({ module: from, name, kind }) =>
      from !== 'host' || kind !== 'function' || !Object.hasOwn(known, name))
    .map(({ module: from, name }) => `${from}.${name}`);
}
