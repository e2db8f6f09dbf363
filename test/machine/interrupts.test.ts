import { describe, expect } from 'vitest';
import { FrameBatch } from '../../host/index.js';
import type { Machine, World } from '../../host/index.js';
import { readProcessor } from '../../host/kernel/inspect.js';
import { test } from '../../host/vitest.js';

const DISPATCH = 2;
const DEVICE = 12;

interface Alone {
  world: World;
  machine: Machine;
  /** Sends so many broadcasts of no known type to it at once. */
  send(frames: number): Promise<void>;
}

/** A test with a machine on a switch. */
const it = test.extend<{ alone: (processors?: number) => Promise<Alone> }>({
  alone: async ({ world: make }, use) => {
    await use(async (processors = 1) => {
      const machines = [{ name: 'alone', address: '10.0.0.1/24', processors }];
      const world = await make({ link: 'switch:', machines });
      const port = world.link.attach({ receive: () => {} });
      const frame = new Uint8Array(60);
      frame.fill(0xff, 0, 6);
      frame[12] = 0x99;
      return {
        world,
        machine: world.machine('alone'),
        async send(frames) {
          for (let left = frames; left > 0; left -= 64) {
            const batch = new FrameBatch();
            for (let i = 0; i < Math.min(left, 64); i++) batch.push(frame);
            port.send(batch);
          }
          await world.run(1_000_000);
        },
      };
    });
  },
});

/** As a driver would that forgets to lower it again. */
function setIrql(machine: Machine, processor: number, irql: number): void {
  machine.kernel.memory.setWord(machine.kernel.raw.prcbAt(processor) + 4, irql);
}

function dropped(machine: Machine): number {
  return machine.drops()['ETHERNET_TYPE'] ?? 0;
}

describe('machine/interrupts', () => {
  it('raises one for each batch', async ({ alone }) => {
    const { machine, send } = await alone();
    await send(130);
    expect(readProcessor(machine.kernel, 0).interruptCount).toBe(3);
    expect([machine.card.stats.framesIn, dropped(machine)]).toEqual([130, 130]);
  });

  it('keeps a line pending while every processor masks it', async ({ alone }) => {
    const { machine, send } = await alone();
    setIrql(machine, 0, DEVICE);
    await send(3);
    await send(3);
    expect(readProcessor(machine.kernel, 0).interruptCount).toBe(0);
    setIrql(machine, 0, 0);
    await send(1);
    expect(readProcessor(machine.kernel, 0).interruptCount).toBeGreaterThanOrEqual(1);
    expect(dropped(machine)).toBe(7);
  });

  it('gives it to a processor that takes it', async ({ alone }) => {
    const { machine, send } = await alone(2);
    setIrql(machine, 0, DEVICE);
    for (let i = 0; i < 4; i++) await send(1);
    expect(readProcessor(machine.kernel, 0).interruptCount).toBe(0);
    expect(readProcessor(machine.kernel, 1).interruptCount).toBe(4);
    expect(dropped(machine)).toBe(4);
    setIrql(machine, 0, 0);
  });

  it('counts what the ring has no room for, while no DPC empties it', async ({ alone }) => {
    const { machine, send } = await alone();
    const slots = machine.kernel.layout.sizes.RING_SLOTS;
    setIrql(machine, 0, DISPATCH);
    await send(slots + 44);
    expect(machine.card.stats.framesIn).toBe(slots);
    expect(machine.card.stats.droppedIn).toEqual({ ring: 44, stopped: 0 });
    expect(dropped(machine)).toBe(0);
    setIrql(machine, 0, 0);
    await send(1);
    expect(machine.card.stats.droppedIn.ring).toBe(45);
    expect(dropped(machine)).toBe(slots);
  });

  it('hears nothing once the machine has stopped: its card is unplugged', async ({ alone }) => {
    const { machine, send } = await alone();
    const { card } = machine;
    machine.stop();
    await send(2);
    expect(card.stats.framesIn).toBe(0);
  });
});
