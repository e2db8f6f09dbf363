/** The names that somebody may have meant who wrote one that does not exist. */

/** Names offered at most. */
const OFFERED = 3;
/** A longer name than this is no slip of the pen, and is not compared. */
const LONGEST = 64;
/** A shorter name than this is part of too many others. */
const SHORTEST_PART = 4;

/**
 * `; did you mean A or B?` with the known names closest to `name`, or nothing when none is close.
 * Case does not count; the beginning of a known name is closer to it than any slip of the pen.
 */
export function didYouMean(name: string, known: readonly string[]): string {
  const close = closestNames(name, known);
  if (close.length === 0) return '';
  const last = close[close.length - 1];
  const first = close.slice(0, -1);
  return `; did you mean ${first.length > 0 ? `${first.join(', ')} or ` : ''}${last}?`;
}

/** Up to three of `known`, the closest first; in the order of `known` where they are equally so. */
export function closestNames(name: string, known: readonly string[]): string[] {
  if (name.length === 0 || name.length > LONGEST) return [];
  const wanted = name.toLowerCase();
  const tolerance = Math.max(1, Math.floor(wanted.length / 4));
  const close: { candidate: string; cost: number }[] = [];
  for (const candidate of known) {
    const other = candidate.toLowerCase();
    const cost = editDistance(wanted, other);
    const partAt = wanted.length >= SHORTEST_PART ? other.indexOf(wanted) : -1;
    if (partAt === 0) close.push({ candidate, cost: Math.min(cost, 0.5) });
    else if (cost <= tolerance) close.push({ candidate, cost });
    else if (partAt > 0) close.push({ candidate, cost: tolerance + 1 });
  }
  close.sort((a, b) => a.cost - b.cost);
  return close.slice(0, OFFERED).map((entry) => entry.candidate);
}

/** Letters to insert, leave out, replace, or swap with their neighbour to make `to` of `from`. */
function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (row > 1 && column > 1 && swapped) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return last[to.length] ?? 0;
}
