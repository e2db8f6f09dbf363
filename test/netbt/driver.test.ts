/** NetBT's devices: bound where a machine is to have them. */

import { describe, expect } from 'vitest';
import { test } from '../../host/vitest.js';

describe('netbt/driver', () => {
  test('is bound to the card of a machine that asks for it', async ({ machine }) => {
    const made = await machine({ netbios: true });
    expect(made.running).toBe(true);
  });

  test('says what it takes', async ({ machine }) => {
    const options = { netbios: 'WORKGROUP' } as unknown as { netbios: boolean };
    await expect(machine(options)).rejects.toThrow(
      "netbios: true or false, and not 'WORKGROUP'",
    );
  });
});
