/** TCP over wires of all kinds, as a simulation: throughput, fairness, and what stalls nothing. */

import { describe, expect } from 'vitest';
import { test } from '../../host/vitest.js';
import { fairness, runFlows } from './flows.js';
import { COARSE, SMALL, changes, measureGrid } from './grid.js';

const LIMIT = { timeout: 120_000 };
/** 10 Mbit/s carry so many octets of text a second at most. */
const LINE = 1_250_000 * (1460 / 1538);
const HOUR_NS = 3600e9;

describe('netsim', LIMIT, () => {
  test('has the throughput that is on record', async ({ world, finish }) => {
    await expect(await measureGrid(world, SMALL, finish)).toMatchFileSnapshot('modern.txt');
  });

  test('has that of a stack of coarse time-outs too', async ({ world, finish }) => {
    await expect(await measureGrid(world, COARSE, finish)).toMatchFileSnapshot('nt40.txt');
  });

  test('shows what is not as on record, as it was and as it is', () => {
    expect(changes('a\nb\n', 'a\nb\n')).toEqual([]);
    expect(changes('a\nb\nc', 'a\nB\nc\nd')).toEqual(['- b', '+ B', '- ', '+ d']);
  });

  test.for([0, 1])('shares a line among flows that begin one after another, algorithm %i',
    async (cubic, { world }) => {
      const { octets } = await runFlows(world, {
        // Without chance the phases of deterministic flows decide who loses (Floyd, Jacobson 1991).
        link: 'wire:?rate=10M&delay=10ms&jitter=1ms&queue=100', seconds: 40, flows: 4, apart: 1,
        parameters: { CongestionAlgorithm: cubic },
      });
      expect(fairness(octets)).toBeGreaterThan(0.9);
      expect(octets.reduce((sum, each) => sum + each, 0)).toBeGreaterThan(0.85 * LINE * 40);
    });

  test('overshoots a short queue in slow start, and fills the line all the same',
    async ({ world }) => {
      const { octets: [octets = 0], overflow } = await runFlows(world, {
        link: 'wire:?rate=10M&delay=20ms&queue=100', seconds: 20,
        parameters: { TcpWindowSize: 1_048_576 },
      });
      expect(overflow).toBeGreaterThan(0);
      expect(octets).toBeGreaterThan(0.7 * LINE * 20);
    });

  test('waits three hours for a window, and loses nothing', async ({ world }) => {
    const made = await world({
      release: 'modern', link: 'wire:?loss=10%',
      machines: [
        { name: 'server', address: '10.0.0.1/24' }, { name: 'client', address: '10.0.0.2/24' },
      ],
    });
    let octets = 0;
    let ended = false;
    await made.machine('server').user.listen(7, { backlog: 1 }, async (socket) => {
      await made.sleep(3 * HOUR_NS);
      for await (const data of socket) octets += data.length;
      await socket.close();
      ended = true;
    });
    const sent = (async () => {
      const socket = await made.machine('client').user.connect('10.0.0.1', 7);
      await socket.send(new Uint8Array(3_000_000));
      await socket.close();
    })();
    await made.complete(sent, 5 * HOUR_NS);
    await made.runUntil(() => ended, HOUR_NS);
    expect(octets).toBe(3_000_000);
    expect(made.clock.now).toBeGreaterThan(3 * HOUR_NS);
    const probes = made.machine('client').counters()['TCP_RETRANS_SEGS'] ?? 0;
    expect(probes).toBeGreaterThan(100);
  });
});
