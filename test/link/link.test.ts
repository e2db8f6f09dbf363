/** Counting, and what wraps a link. */

import { describe, expect, it } from 'vitest';
import { count, emptyStats, wrapLink } from '../../host/link/link.js';
import type { Port, Receiver } from '../../host/link/link.js';
import { openWire } from '../../host/link/wire.js';
import { Clock } from '../../host/machine/clock.js';
import { Recorder, batchOf, numbered } from './recorder.js';

describe('link/link', () => {
  it('counts by name, and nothing for nothing', () => {
    const stats = emptyStats();
    count(stats.dropped, 'loss', 2);
    count(stats.dropped, 'loss', 3);
    count(stats.dropped, 'queue', 0);
    expect(stats).toEqual({ frames: 0, octets: 0, dropped: { loss: 5 }, altered: {} });
  });

  it('wraps each end by itself, numbered as plugged in, with its receiver', () => {
    const clock = new Clock();
    const wire = openWire({ clock });
    const wrapped: [number, Receiver][] = [];
    const sent: number[] = [];
    const link = wrapLink(wire, (port, end, receiver) => {
      wrapped.push([end, receiver]);
      return {
        send(batch) {
          sent.push(end);
          port.send(batch);
        },
        close: () => port.close(),
      };
    });
    const [a, b] = [new Recorder(clock), new Recorder(clock)];
    const ports = [link.attach(a), link.attach(b)] as [Port, Port];
    ports[1].send(batchOf(numbered(7)));
    clock.runUntil(1e6);
    expect(wrapped).toEqual([[0, a], [1, b]]);
    expect(sent).toEqual([1]);
    expect(a.numbers).toEqual([7]);
    expect(link.stats).toBe(wire.stats);
  });

  it('closes what it wrapped, each end once', () => {
    const clock = new Clock();
    const closed: number[] = [];
    const link = wrapLink(openWire({ clock }), (port, end) => ({
      send: (batch) => port.send(batch),
      close() {
        closed.push(end);
        port.close();
      },
    }));
    const first = link.attach(new Recorder(clock));
    link.attach(new Recorder(clock));
    first.close();
    link.close();
    expect(closed).toEqual([0, 1]);
    expect(() => link.attach(new Recorder(clock))).toThrow('closed');
  });
});
