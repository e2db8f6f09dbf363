/** Locks acquired in two orders: whether or not they met, they can. */

import { formatSite } from './verdict.js';
import type { Verdict } from './verdict.js';
import type { Observation } from './observation.js';

/** The rule of the verifier that is told here: its first word is the lock. */
export const LOCK_ORDER_RULE = 'LOCK_ORDER';

/** What the verifier saw go against ke/lockorder.ts, and each cycle in the orders it has seen. */
export function findLockOrders(observation: Observation): Verdict[] {
  const seen = new Set<string>();
  const verdicts: Verdict[] = [];
  for (const finding of observation.findings) {
    if (finding.rule !== LOCK_ORDER_RULE) continue;
    const name = finding.lock ?? 'a lock';
    const held = finding.held ?? 'a lock';
    const key = `${name} ${finding.words[2] ?? 0} ${finding.site?.line ?? ''}`;
    if (seen.has(key)) continue;
    seen.add(key);
    verdicts.push({
      kind: 'lock order',
      machine: observation.machine,
      sentence:
        `${name} was acquired${finding.site ? ` in ${formatSite(finding.site)}` : ''} while ` +
        `${held} was held, which does not come before it in ke/lockorder.ts`,
      rule: finding.rule,
      code: finding.code,
      lock: { name, address: finding.words[0] ?? 0 },
      ...(finding.site === undefined ? {} : { site: finding.site }),
      sinceUs: finding.timeUs,
      words: finding.words,
    });
  }
  return [...verdicts, ...findCycles(observation)];
}

function findCycles(observation: Observation): Verdict[] {
  const inner = new Map<string, string[]>();
  for (const [outer, name] of observation.orders) {
    inner.set(outer, [...(inner.get(outer) ?? []), name]);
  }
  const told = new Set<string>();
  const verdicts: Verdict[] = [];
  for (const start of inner.keys()) {
    if (told.has(start)) continue;
    const cycle = shortestCycle(inner, start);
    if (cycle === undefined) continue;
    for (const name of cycle) told.add(name);
    const steps = cycle.map(
      (name, index) => `${cycle[(index + 1) % cycle.length] ?? name} with ${name} held`,
    );
    verdicts.push({
      kind: 'lock order',
      machine: observation.machine,
      sentence: `locks were acquired in a circle: ${steps.join(', ')}`,
      lock: { name: start, address: 0 },
      sinceUs: observation.timeUs,
      words: [],
    });
  }
  return verdicts;
}

/** The shortest way from a lock through the locks acquired inside it back to itself. */
function shortestCycle(
  inner: ReadonlyMap<string, readonly string[]>,
  start: string,
): string[] | undefined {
  const reached = new Map<string, string[]>([[start, [start]]]);
  const queue = [start];
  for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
    const path = reached.get(name) ?? [];
    for (const next of inner.get(name) ?? []) {
      if (next === start) return path;
      if (reached.has(next)) continue;
      reached.set(next, [...path, next]);
      queue.push(next);
    }
  }
  return undefined;
}
