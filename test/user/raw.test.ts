import { describe, expect } from 'vitest';
import type { Machine, SocketHandler } from '../../host/index.js';
import { it, pattern, SECOND } from './pair.js';

const ADDRESS = 0x0a000001;

/** A server that counts and throws away what it gets. */
function openSink({ user: { raw } }: Machine, port: number): { received(): number } {
  const handles: number[] = [];
  const quiet: SocketHandler = { onEvent: () => {} };
  const listener = raw.open('stream', {
    onEvent() {
      for (let handle = raw.accept(listener, quiet); handle !== 0;) {
        raw.option(handle, 'SINK', 1);
        handles.push(handle);
        handle = raw.accept(listener, quiet);
      }
    },
  });
  raw.bind(listener, 0, port);
  raw.listen(listener, 5);
  return {
    received: () => handles.reduce((sum, handle) => sum + raw.query(handle, 'RECEIVED'), 0),
  };
}

describe.each(['free', 'checked'] as const)('user/raw (%s)', (target) => {
  it('moves a megabyte by callbacks, in a run that needs no promise', async ({ pair }) => {
    await pair({ target, link: 'wire:?rate=10G' }, async () => {}); // loads the kernel
    await pair({ target, link: 'wire:?rate=10G' }, async ({ server, client, world }) => {
      const sink = openSink(server, 80);
      const { raw } = client.user;
      const block = raw.allocate(8192);
      block.write(pattern(8192));
      let left = 1 << 20;
      let deepest = 0;
      let depth = 0;
      const handle = raw.open('stream', {
        onEvent(events) {
          deepest = Math.max(deepest, ++depth);
          if ((events & (raw.events.CONNECTED | raw.events.WRITABLE)) !== 0) {
            for (let taken = 1; taken > 0 && left > 0;) {
              taken = raw.send(handle, block, Math.min(left, 8192));
              left -= taken;
            }
          }
          depth--;
        },
      });
      expect(raw.connect(handle, ADDRESS, 80)).toBe(0x103);
      await world.sleep(SECOND / 10);
      expect([left, sink.received(), deepest]).toEqual([0, 1 << 20, 1]);
      raw.close(handle, false);
    });
  });

  it('tells a handler nothing within its own call, and nothing after close', async ({ pair }) => {
    await pair({ target }, async ({ server, client, world }) => {
      openSink(server, 80);
      const { raw } = client.user;
      const heard: number[] = [];
      let calling = false;
      const handle = raw.open('stream', {
        onEvent(events) {
          expect(calling).toBe(false);
          heard.push(events);
        },
      });
      calling = true;
      raw.connect(handle, ADDRESS, 80);
      calling = false;
      expect(heard).toEqual([]);
      await world.sleep(SECOND);
      expect(heard).toEqual([raw.events.CONNECTED]);
      raw.close(handle, true);
      const [another] = [raw.open('stream', { onEvent: () => heard.push(-1) })];
      await world.sleep(SECOND);
      expect(heard).toEqual([raw.events.CONNECTED]);
      raw.close(another ?? 0, true);
    });
  });

  it('hands the others their news where one throws, and throws then', async ({ machine: boot }) => {
    const machine = await boot({ target });
    const { raw } = machine.user;
    let heard = 0;
    const absent = 0x0a000009;
    raw.echo(absent, 0, 100, {
      onEvent() {
        throw new Error('a handler of a test');
      },
    });
    raw.echo(absent, 0, 100, { onEvent: () => heard++ });
    await expect(machine.run(10 * SECOND)).rejects.toThrow('a handler of a test');
    await machine.run(10 * SECOND);
    expect(heard).toBe(1);
  });

  it('lets time go on where handlers never come to an end', async ({ machine: boot }) => {
    const machine = await boot({ target });
    const { raw } = machine.user;
    let calls = 0;
    const again: SocketHandler = {
      onEvent() {
        calls++;
        raw.echo(0x7f000001, 0, 1000, again);
      },
    };
    raw.echo(0x7f000001, 0, 1000, again);
    await machine.run(SECOND / 100);
    expect(machine.clock.now).toBe(SECOND / 100);
    expect(calls).toBeGreaterThan(100);
    expect(calls).toBeLessThan(100_000);
  });

  it('refuses a part that a block has not, and a block of others', async ({ machine: boot }) => {
    const machine = await boot({ target });
    const { raw } = machine.user;
    const block = raw.allocate(16);
    const handle = raw.open('datagram', { onEvent: () => {} });
    expect(() => raw.send(handle, block, 17)).toThrow(RangeError);
    expect(() => raw.send(handle, block, 1, 16)).toThrow(RangeError);
    expect(() => raw.receive(handle, block, 17)).toThrow(RangeError);
    expect(() => raw.send(handle, { ...block } as typeof block, 1)).toThrow(TypeError);
    expect(() => block.write(new Uint8Array(17))).toThrow(RangeError);
    block.write(pattern(20), 4, 20);
    expect(block.read(16)).toEqual(pattern(20).slice(4));
    raw.close(handle, true);
  });

  it('does nothing on a machine that has halted, and counts it', async ({ machine: boot }) => {
    const machine = await boot({ target });
    machine.stop();
    const { user } = machine;
    expect(user.raw.open('stream', { onEvent: () => {} })).toBe(0);
    expect(user.raw.echo(ADDRESS, 0, 1000, { onEvent: () => {} })).toBe(0x103);
    const refused = user.connect('10.0.0.2', 80);
    expect(user.waiting).toBe(3);
    await expect(refused).rejects.toMatchObject({ status: 'DEVICE_NOT_READY' });
    expect(() => user.raw.allocate(16)).toThrow(/runs no user mode/);
  });
});
