/** What a machine of a workgroup has from its start on: its own names, and those of its group. */

import type { Machine } from '../machine/machine.js';
import type { RegisteredName } from '../machine/usermode.js';

/** Suffixes of the machine's name: its workstation service, its messenger, its server. */
const SUFFIXES = ['00', '03', '20'];
/** Of the group's: its members, and who is elected. */
const GROUP_SUFFIXES = ['00', '1E'];

/**
 * Registers them all at once; settled when the net has had time to object.
 * @throws Error (DUPLICATE_NAME) where another machine has one of them: then it has none.
 */
export async function registerStation(
  { user }: Pick<Machine, 'user'>, name: string, group: string,
): Promise<RegisteredName[]> {
  const outcomes = await Promise.allSettled([
    ...SUFFIXES.map((suffix) => user.netbios.add(`${name}<${suffix}>`)),
    ...GROUP_SUFFIXES.map((suffix) => user.netbios.add(`${group}<${suffix}>`, { group: true })),
  ]);
  const added = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const refused = outcomes.find((each) => each.status === 'rejected');
  if (refused === undefined) return added;
  for (const each of added) each.delete();
  throw refused.reason;
}
