/**
 * A SYN flood from sources that do not exist (RFC 4987): 20,000 half open in `npm test`, as many as
 * NTSTACK_FLOOD_SYNS says in `npm run soak`.
 */

import { expect } from 'vitest';
import type { Machine, World } from '../../../host/index.js';
import type { Link, Port, Receiver } from '../../../host/link/link.js';
import { openLink } from '../../../host/link/open.js';
import { createSynFlood } from '../../../host/load/synflood.js';
import { Random } from '../../../host/machine/random.js';
import { test } from '../../../host/vitest.js';
import { join } from '../../../host/wire/octets.js';
import { runFlows } from '../../netsim/flows.js';
import { ACK, PSH, SYN, TCP, THEM, US, ethernet, ipv4, mssOption, tcp } from
  '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { difference, pattern } from '../../wireside/octets.js';
import { SACK_PERMITTED, optionWords, scale, stampOf, stamps } from '../../wireside/option.js';
import { Peer, stateOf } from '../../wireside/peer.js';

const SYNS = Number(process.env['NTSTACK_FLOOD_SYNS'] ?? 20_000);
const BATCH = 50;
/** One real client comes behind so many SYNs. */
const APART = SYNS / 20;
const ENTRIES = 4096;
/** What entries, extensions and control blocks of the moment may take at most. */
const MOST_OCTETS = 2 << 20;

it(`keeps its memory, and lets each client in, with ${SYNS} half open`, ({ bench }) => {
  const { machine, user } = bench({ release: 'modern', gateway: THEM });
  machine.meet();
  const listener = user.listen(80, 5);
  const random = new Random(4987).stream('sources');
  const before = machine.raw.memory.buffer.byteLength;
  let clients = 0;
  for (let sent = 0; sent < SYNS; sent += BATCH) {
    machine.receive(...Array.from({ length: BATCH }, () => spoofed(random.next(), random.next())));
    machine.take();
    machine.advance(2);
    if (sent % APART !== 0) continue;
    clients++;
    const agrees = join(SACK_PERMITTED, scale(7), stamps(sent));
    const peer = new Peer(machine, { ours: 80, port: 2000 + clients, agrees });
    peer.say(SYN);
    const [answer] = peer.heard();
    peer.ack = (peer.kernels + 1) >>> 0;
    peer.carries = stamps(sent + 1, stampOf(answer?.options ?? new Uint8Array(0)));
    peer.say(ACK | PSH, { data: pattern(100) });
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    expect(optionWords(answer?.options ?? new Uint8Array(0)).slice(1, 3))
      .toEqual(['wscale 6', 'sackOK']);
    const handle = user.accept(listener);
    expect(difference(user.receive(handle), pattern(100))).toBe('same');
    machine.take();
  }
  expect(clients).toBe(20);
  expect(machine.raw.tableCount()).toBe(clients);
  expect(machine.raw.cachedHalves()).toBe(ENTRIES);
  expect(machine.count('TCP_COOKIES_SENT')).toBeGreaterThan(SYNS - ENTRIES - 2 * SYNS / 20);
  expect(machine.count('TCP_COOKIES_TAKEN')).toBeGreaterThan(10);
  expect(machine.raw.memory.buffer.byteLength - before).toBeLessThanOrEqual(MOST_OCTETS);
});

/** A SYN from an address of 11.0.0.0 to 138.255.255.255, whatever is there. */
function spoofed(where: number, sequence: number): Uint8Array {
  const source = (0x0b00_0000 + (where >>> 1) % 0x7000_0000) >>> 0;
  const between = { source, destination: US };
  const segment = tcp({
    sourcePort: 1024 + (sequence >>> 17), destinationPort: 80, sequence: sequence >>> 0,
    acknowledgment: 0, flags: SYN, options: mssOption(1460),
  }, between);
  return ethernet(ipv4(segment, { ...between, protocol: TCP }));
}

for (const [release, parameters] of [
  ['modern', {}],
  ['nt40sp6a-q297040', { SynAttackProtect: 0 }],
  ['nt40sp6a-q297040', { SynAttackProtect: 2 }],
] as const) {
  const words = `${release} ${JSON.stringify(parameters)}`;
  test(`leaves a connection four fifths of what it moves, 5,000 SYNs a second: ${words}`, async ({
    world: makeWorld,
  }) => {
    const options = { link: '', seconds: SECONDS, release, parameters };
    const measure = async (begin: (world: World) => void): Promise<number> => {
      const { octets: [octets = 0] } = await runFlows(async (each) => {
        const machines = (each.machines ?? []).map((one) => ({ ...one, gateway: '10.0.0.254' }));
        const world = await makeWorld({ ...each, machines, link: sharedLine });
        begin(world);
        return world;
      }, options);
      return octets;
    };
    const alone = await measure(() => {});
    const flood = createSynFlood({ perSecond: 5000 });
    let server: Machine | undefined;
    const flooded = await measure((world) => {
      server = world.machine('server');
      const spare = { first: US + 100, last: US + 200 };
      flood.start(world, { server, clients: [world.machine('client')], spare });
    });
    flood.stop();
    flood.abandon();
    expect(server?.counters()[release === 'modern' ? 'TCP_COOKIES_SENT' : 'TCP_PASSIVE_OPENS'])
      .toBeGreaterThan(release === 'modern' ? 5000 : 200);
    expect(alone).toBeGreaterThan(0.8 * SECONDS * LINE);
    expect(flooded).toBeGreaterThan(0.8 * alone);
  });
}

const SECONDS = 2;
/** Octets a second of the line. */
const LINE = 50e6 / 8;

/** A wire whose far end the client shares with the station that is attached third. */
function sharedLine(clock: World['clock'], random: Random): Link {
  const wire = openLink('wire:?rate=50M', { clock, random });
  const ports: Port[] = [];
  let station: Receiver | undefined;
  return {
    stats: wire.stats,
    close: () => wire.close(),
    attach(receiver) {
      const [, line] = ports;
      if (line !== undefined) {
        station = receiver;
        return { send: (batch) => line.send(batch), close: () => (station = undefined) };
      }
      const first = ports.length === 0;
      const port = wire.attach(first ? receiver : {
        receive(batch) {
          receiver.receive(batch);
          station?.receive(batch);
        },
      });
      ports.push(port);
      return port;
    },
  };
}
