/** Accept beside who reads the news: nobody is told of a connection before it has its handle. */

import { describe, expect } from 'vitest';
import type { Machine, SocketHandler } from '../../host/index.js';
import { test as it } from '../../host/vitest.js';

const SERVER = 0x0a00_0001;
const PORT = 7;
const RECORDS = 16;
/** Words of an EventRecord; the last is the handle. */
const WORDS = 4;
const silent: SocketHandler = { onEvent: (): void => undefined };

/** Reads the news on processor 1 wherever processor 0 can be preempted, while it looks. */
class Reader {
  readonly handles: number[] = [];
  private machine: Machine | undefined;
  private lock = 0;
  private block = 0;

  readonly look = (): void => {
    const { machine } = this;
    if (machine === undefined) return;
    const { raw, memory } = machine.kernel;
    if ((memory.word(this.lock) & 0xffff) !== 0) return;
    this.machine = undefined;
    raw.selectProcessor(1);
    const count = raw.socketPoll(this.block, RECORDS);
    for (let i = 0; i < count; i++) {
      this.handles.push(memory.word(this.block + (i + 1) * WORDS * 4 - 4));
    }
    raw.selectProcessor(0);
    this.machine = machine;
  };

  /** What `act` does is looked at. */
  during<T>(machine: Machine, act: () => T): T {
    const lock = machine.locks().find(({ name }) => name === 'AfdReady')?.address;
    if (lock === undefined) throw new Error('no lock AfdReady');
    const { raw } = machine.kernel;
    this.lock = lock;
    this.block = raw.userAllocate(RECORDS * WORDS * 4) >>> 0;
    this.machine = machine;
    const done = act();
    this.look();
    this.machine = undefined;
    raw.userFree(this.block);
    return done;
  }
}

describe('user/accept', () => {
  it('has a handle for what came before, whoever reads it first', async ({ world: make }) => {
    const reader = new Reader();
    const world = await make({
      target: 'explore', seed: 1, link: 'wire:',
      machines: [
        { name: 'server', address: '10.0.0.1/24', processors: 2, onPreempt: reader.look },
        { name: 'client', address: '10.0.0.2/24' },
      ],
    });
    const [server, client] = [world.machine('server'), world.machine('client')];
    const { raw } = server.user;
    const listener = raw.open('stream', silent);
    raw.bind(listener, 0, PORT);
    raw.listen(listener, 2);
    const near = client.user.raw.open('stream', silent);
    client.user.raw.connect(near, SERVER, PORT);
    await world.run(1e8);
    const block = client.user.raw.allocate(8);
    expect(client.user.raw.send(near, block, 8)).toBe(8);
    await world.run(1e8);
    const accepted = reader.during(server, () => raw.accept(listener, silent));
    expect(accepted).not.toBe(0);
    expect(reader.handles).toEqual([accepted]);
    for (const handle of [accepted, listener]) raw.close(handle, true);
    client.user.raw.close(near, true);
  });
});
