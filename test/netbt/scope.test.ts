/** Machines in a scope hear of one another, and of nobody outside it. */

import { describe, expect } from 'vitest';
import type { Machine } from '../../host/machine/machine.js';
import { test } from '../../host/vitest.js';

describe('a scope', () => {
  test('keeps names apart: the same name on one net, twice', async ({ world }) => {
    const made = await world({
      link: 'switch:',
      machines: ['CORP.EXAMPLE', 'CORP.EXAMPLE', 'corp.example', '*'].map((scopeId, i) => (
        { name: `m${i}`, address: `10.0.0.${i + 1}/24`, netbios: true, scopeId }
      )),
    });
    const [inside, alike, lower, none] =
      made.machines as readonly [Machine, Machine, Machine, Machine];
    await made.complete(inside.user.netbios.add('SERVER<20>'), 30e9);
    await made.complete(lower.user.netbios.add('SERVER<20>'), 30e9);
    await made.complete(none.user.netbios.add('SERVER<20>'), 30e9);
    const found = await made.complete(alike.user.netbios.find('SERVER<20>'), 30e9);
    expect(found.addresses).toEqual(['10.0.0.1']);
    expect(none.nbtDrops()['NAME_SCOPE']).toBeGreaterThan(0);
    const { names } = await made.complete(alike.user.netbios.status('10.0.0.1'), 30e9);
    expect(names.map(({ name }) => name)).toEqual(['SERVER<20>']);
  });

  test('is refused where it is none', async ({ machine }) => {
    for (const scopeId of ['A..B', 'A B', 'X'.repeat(64), 'A'.repeat(60).concat('.B').repeat(4)]) {
      await expect(machine({ scopeId })).rejects.toThrow(`scopeId: '${scopeId}' is no scope`);
    }
  });
});
