import { describe, expect, it } from 'vitest';
import { Door } from '../../host/load/door.js';
import type { Gate } from '../../host/load/gate.js';

/** Callers by name, and a log of who was admitted. */
function queue(places: number) {
  const log: string[] = [];
  const door = new Door({} as Gate, places);
  const caller = (name: string, then = () => {}) => ({
    admitted: () => {
      log.push(name);
      then();
    },
  });
  return { log, door, caller };
}

describe('load/door', () => {
  it('has as many places as it has, and admits who waits in turn', () => {
    const { log, door, caller } = queue(2);
    expect(['a', 'b', 'c', 'd'].map((name) => door.enter(caller(name)))).toEqual([
      true, true, false, false,
    ]);
    expect(log).toEqual([]);
    door.leave();
    expect(log).toEqual(['c']);
    door.leave();
    door.leave();
    door.leave();
    expect(log).toEqual(['c', 'd']);
    expect(['e', 'f', 'g'].map((name) => door.enter(caller(name)))).toEqual([true, true, false]);
  });

  it('forgets who no longer waits', () => {
    const { log, door, caller } = queue(1);
    const gone = caller('gone');
    door.enter(caller('in'));
    door.enter(gone);
    door.enter(caller('next'));
    door.forget(gone);
    door.leave();
    expect(log).toEqual(['next']);
  });

  it('admits any number who give up at once, one after another', () => {
    const { log, door, caller } = queue(1);
    door.enter(caller('in'));
    for (let i = 0; i < 50_000; i++) door.enter(caller(`${i}`, () => door.leave()));
    door.leave();
    expect(log).toHaveLength(50_000);
    expect(log.at(-1)).toBe('49999');
    expect(door.enter(caller('next'))).toBe(true);
  });
});
