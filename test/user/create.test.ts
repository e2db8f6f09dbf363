import { describe, expect, it } from 'vitest';
import { createMachine, createWorld } from '../../host/index.js';

describe('user/create', () => {
  it.each([null, 7, 'nt40'])('makes no machine of %s', async (none) => {
    await expect(createMachine(none as never)).rejects.toThrow(
      new TypeError(`options: a machine takes an object of options, and not ${String(none)}`),
    );
  });

  it.each([undefined, null, {}, { machines: 2 }, 7])('makes no world of %j', async (none) => {
    await expect(createWorld(none as never)).rejects.toThrow(
      new TypeError('machines: a world needs { machines: [{ name, address }, …] }'),
    );
  });
});
