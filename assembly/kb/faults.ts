/** The historical defects, one for each Knowledge Base article; the host switches them on. */

export const enum Fault {
  /** With SynAttackProtect, a connect to an absent host leaves the connection table locked. */
  Q297040,
  COUNT,
}

/** One octet for each fault. */
const ON: usize = memory.data(64);

/**
 * True where the kernel is to do what the article says it did. Never in a free build. IRQL: any.
 */
export function faulty(fault: Fault): bool {
  return FAULTS != 0 && load<bool>(ON + <usize>fault);
}

/** Switches a defect on or off. Faults compose. */
export function switchFault(fault: Fault, on: bool): void {
  store<bool>(ON + <usize>fault, on);
}
