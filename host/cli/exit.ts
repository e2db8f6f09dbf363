/** How the program ends: exit codes besides 0 and the 1 of a finding. */

/** Wrong use, and any other failure. */
export const EXIT = { wrongUse: 2, failure: 3 } as const;
