import { describe, expect } from 'vitest';
import type { Machine, World } from '../../host/index.js';
import { test } from '../../host/vitest.js';
import { findPoolGrowth } from '../../host/watch/poolleak.js';
import { judge } from '../../host/watch/judge.js';
import { observe } from '../../host/watch/observe.js';
import { loadSourceMap } from '../../host/watch/sourcemap.js';

const SECOND = 1e9;

/** Two machines after a connection that carried something, which is closed again. */
type Talk = (target: 'free' | 'checked', captureSites?: boolean) => Promise<World>;

const it = test.extend<{ talk: Talk }>({
  talk: async ({ world: make }, use) => {
    await use(async (target, captureSites = false) => {
      const world = await make({
        target,
        machines: [
          { name: 'a', address: '10.0.0.1/24', captureSites },
          { name: 'b', address: '10.0.0.2/24' },
        ],
      });
      await world.complete(
        world.machine('b').user.listen(7, {}, (socket) => {
          const close = async (): Promise<void> => socket.close();
          void socket.receiveAll().then(close, close);
        }),
        SECOND,
      );
      const socket = await world.complete(world.machine('a').user.connect('10.0.0.2', 7), SECOND);
      await world.complete(socket.send('octets'), SECOND);
      await world.complete(socket.close(), SECOND);
      await world.run(SECOND);
      return world;
    });
  },
});

/** What a machine's memory was before `words` are written to it, for who puts them back. */
function lockWord(machine: Machine, name: string): { address: number; word: number } {
  const lock = machine.locks().find((each) => each.name === name);
  if (lock === undefined) throw new Error(`no lock ${name}`);
  return { address: lock.address, word: machine.kernel.memory.word(lock.address) };
}

describe('watch/observe', () => {
  it.for(['free', 'checked'] as const)(
    'finds nothing in %s machines that work, or are stopped', async (target, { talk }) => {
      const world = await talk(target);
      for (const machine of world.machines) expect(judge(observe(machine))).toEqual([]);
      world.stop();
      for (const machine of world.machines) {
        const observation = observe(machine);
        expect(observation.halted).toBe(true);
        expect(observation.pool).toEqual([]);
        expect(judge(observation)).toEqual([]);
      }
    },
  );

  // The cursor of the walk over the connections is a word that the kernel keeps for the host alone.
  it('changes nothing in the machine it looks at, but the cursor of its walk', async ({ talk }) => {
    const world = await talk('checked', true);
    const machine = world.machine('a');
    const map = await loadSourceMap('checked');
    const before = machine.kernel.memory.words.slice();
    judge(observe(machine, map));
    const after = machine.kernel.memory.words;
    expect(after.length).toBe(before.length);
    expect(before.filter((word, i) => word !== after[i]).length).toBeLessThanOrEqual(1);
  });

  it.for(['free', 'checked'] as const)(
    'sees in a %s machine who owns a lock that none may own', async (target, { machine: boot }) => {
      const machine = await boot({ target, processors: 2 });
      const { address, word } = lockWord(machine, 'IpRoute');
      machine.kernel.memory.setWord(address, word | 2);
      const verdicts = judge(observe(machine));
      expect(verdicts).toHaveLength(1);
      expect(verdicts[0]).toMatchObject({
        kind: 'lock leaked', lock: { name: 'IpRoute', address }, holder: 1,
      });
      machine.kernel.memory.setWord(address, word);
      expect(judge(observe(machine))).toEqual([]);
    },
  );

  // Free: that is what is asked; of a checked one the verifier tells it.
  it('sees a free machine where a processor spins', async ({ world: make, expectFindings }) => {
    expectFindings('lock leaked', 'deadlock');
    const world = await make({
      target: 'free',
      machines: [
        { name: 'a', address: '10.0.0.1/24', processors: 2, strategy: () => 1 },
        { name: 'b', address: '10.0.0.2/24' },
      ],
    });
    const machine = world.machine('a');
    const { address, word } = lockWord(machine, 'ArpTable');
    machine.kernel.memory.setWord(address, word | 1);
    void world.machine('b').ping('10.0.0.1');
    await world.run(SECOND);
    expect(machine.stopped?.reason).toBe('spin');
    const verdicts = judge(observe(machine));
    expect(verdicts.map((each) => each.kind)).toEqual(['lock leaked', 'deadlock']);
    expect(verdicts[1]?.sentence).toBe(
      'processor 1 spins for ever on ArpTable held by processor 0, which left without releasing it',
    );
  });

  it('tells nothing of a tag that stays as it is over many connections', async ({ talk }) => {
    const world = await talk('checked');
    const [a, b] = world.machines;
    if (a === undefined || b === undefined) throw new Error('two machines');
    const observations = [];
    for (let i = 0; i < 8; i++) {
      const socket = await world.complete(a.user.connect('10.0.0.2', 7), SECOND);
      socket.abort();
      await world.run(SECOND);
      observations.push(observe(a));
    }
    expect(findPoolGrowth(observations)).toEqual([]);
  });
});
