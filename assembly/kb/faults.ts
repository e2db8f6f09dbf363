/** The historical defects, one for each Knowledge Base article; the host switches them on. */

export const enum Fault {
  /** The header of a message without octets is not counted as taken. */
  Q126560,
  /** A session request is reset when it took the last connection block. */
  Q141344,
  /** A connection that ends takes the lock of the table while it holds its own. */
  Q171181,
  /** A connection endpoint lets go of its address while it holds the lock of endpoints. */
  Q177245,
  /** A session that is lost keeps the gate of its LANA until its end is said to be over. */
  Q186873,
  /** A connection is kept in mind as the one found last when the table is not locked any more. */
  Q236794,
  /** A receive releases the lock of its connection twice. */
  Q243878,
  /** A card that has no packet left leaves IRQL raised. */
  Q293498,
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
