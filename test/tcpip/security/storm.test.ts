/**
 * Exchanges that feed themselves: the ACK storm of two ends that a forged segment has brought
 * apart (RFC 5961, 7), and Land, where one machine is both ends (Q165005).
 */

import { describe, expect } from 'vitest';
import type { Machine as WorldMachine, World } from '../../../host/index.js';
import type { Socket } from '../../../host/index.js';
import { FrameBatch } from '../../../host/link/batch.js';
import { test } from '../../../host/vitest.js';
import { viewOf } from '../../../host/wire/octets.js';
import { parseFrame } from '../../../host/wire/read.js';
import {
  ACK, FIN, PSH, RST, SYN, TCP, US, echoRequest, ethernet, ICMP, ipv4, tcp,
} from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import { pattern } from '../../wireside/octets.js';
import { Peer, arrive, stateOf } from '../../wireside/peer.js';

const SECOND = 1e9;
const NT = 'nt40sp6a-q297040';

/** Two machines with a connection, and a third station that hears and forges. */
interface Stage {
  readonly world: World;
  readonly client: WorldMachine;
  readonly sockets: readonly Socket[];
  /** Segments since this was last asked, of both. */
  segments(): number;
  /** Text to the server that its client has not sent. */
  forge(octets: number): void;
}

type MakeStage = (release: string, link?: string) => Promise<Stage>;

const staged = test.extend<{ stage: MakeStage }>({
  stage: async ({ world: make }, use) => {
    await use(async (release, link = 'hub:?latency=1ms') => {
      const world = await make({
        release, link, seed: 1,
        // Without timestamps, which who forges would have to see.
        machines: ['server', 'client'].map((name, i) =>
          ({ name, address: `10.0.0.${1 + i}/24`, parameters: { Tcp1323Opts: 0 } })),
      });
      const [server, client] = [world.machine('server'), world.machine('client')];
      const open = async (): Promise<Socket[]> => {
        const listener = await server.user.listen(80);
        const socket = await client.user.connect('10.0.0.1', 80);
        const accepted = await listener.accept();
        listener.close();
        return [socket, accepted];
      };
      const sockets = await world.complete(open(), 60 * SECOND);
      let heard = 0;
      const port = world.link.attach({
        receive(batch) {
          for (let i = 0; i < batch.count; i++) {
            if (parseFrame(batch.frame(i).slice(), 0).tcp !== undefined) heard++;
          }
        },
      });
      return {
        world, client, sockets,
        segments() {
          const since = heard;
          heard = 0;
          return since;
        },
        forge(octets) {
          const batch = new FrameBatch(1);
          batch.push(forgedText(server, client, octets));
          port.send(batch);
        },
      };
    });
  },
});

/** A segment of the client's connection, from where it is. */
function forgedText(server: WorldMachine, client: WorldMachine, octets: number): Uint8Array {
  const [one] = client.connections();
  if (one === undefined) throw new Error('no connection');
  const between = { source: client.settings.address, destination: server.settings.address };
  const segment = tcp({
    sourcePort: one.localPort, destinationPort: one.remotePort, sequence: one.sndNxt,
    acknowledgment: one.rcvNxt, flags: ACK | PSH, data: pattern(octets),
  }, between);
  return ethernet(ipv4(segment, { ...between, protocol: TCP }), {
    destination: stationOf(server), source: stationOf(client),
  });
}

function stationOf({ settings: { macHigh, macLow } }: WorldMachine): Uint8Array {
  const octets = new Uint8Array(6);
  viewOf(octets).setUint16(0, macHigh);
  viewOf(octets).setUint32(2, macLow);
  return octets;
}

describe('tcpip/security/storm', () => {
  staged('NT: one forged segment, and each answers the other for ever', async ({ stage }) => {
    const { world, sockets, segments, forge } = await stage(NT);
    forge(10);
    for (let second = 0; second < 2; second++) {
      await world.run(SECOND);
      // Each is a millisecond on its way; the first answer is delayed.
      expect(segments()).toBeGreaterThan(second === 0 ? 700 : 900);
    }
    for (const socket of sockets) socket.abort();
  });

  staged('NT: until one is lost', async ({ stage }) => {
    const { world, sockets, segments, forge } = await stage(NT, 'hub:?latency=1ms&loss=1%');
    for (let i = 0; i < 3; i++) {
      forge(10 + 10 * i);
      await world.run(5 * SECOND);
      expect(segments()).toBeGreaterThan(0);
      await world.run(SECOND);
      expect(segments()).toBe(0);
    }
    for (const socket of sockets) socket.abort();
  });

  staged('modern: no end asks more than five times a second, and so they stop', async ({
    stage,
  }) => {
    const { world, sockets, segments, forge } = await stage('modern');
    for (let second = 0; second < 5; second++) {
      forge(10 + 10 * second);
      await world.run(SECOND);
      const storm = segments();
      expect(storm).toBeGreaterThan(2);
      // The acknowledgment of the text, and both ends until one is tired.
      expect(storm).toBeLessThanOrEqual(1 + 5 + 5);
      await world.run(SECOND);
      expect(segments()).toBe(0);
    }
    for (const socket of sockets) socket.abort();
  });

  staged('modern: who is still heard is served again when the attack is over', async ({
    stage,
  }) => {
    const { world, client, sockets: [socket, accepted], segments, forge } = await stage('modern');
    forge(10);
    await world.run(SECOND);
    segments();
    // What was forged stands for the first octets; the rest comes through, and the ends agree.
    const sent = async (): Promise<string> => {
      await socket?.send('0123456789 and the rest');
      let text = '';
      while (text.length < 23) text += new TextDecoder().decode(await accepted?.receive());
      return text;
    };
    const text = await world.complete(sent(), 60 * SECOND);
    expect(text.slice(10)).toBe(' and the rest');
    await world.run(SECOND);
    const [one] = client.connections();
    expect(one?.sndUna).toBe(one?.sndNxt);
    segments();
    await world.run(10 * SECOND);
    expect(segments()).toBe(0);
    socket?.abort();
    accepted?.abort();
  });
});

describe('tcpip/security/storm: what is no storm', () => {
  it('modern: keep-alives are answered, of however many peers, each five times a second', ({
    bench,
  }) => {
    const one = bench({ release: 'modern', parameters: { NtstackChallengeAcksPerSecond: 2 } });
    const listener = one.user.listen(80, 30);
    const peers = Array.from({ length: 20 }, (_, i) =>
      arrive(one, listener, 80, { port: 4000 + i }).peer);
    for (let second = 0; second < 2; second++) {
      for (let again = 0; again < 7; again++) {
        for (const peer of peers) {
          // RFC 9293, 3.8.4: nothing, with the number before the next.
          peer.say(ACK, { sequence: peer.next - 1 });
          expect(peer.lines()).toEqual(again < 5 ? ['. 1(0) ack 1'] : []);
        }
      }
      one.machine.advance(1000);
    }
  });
});

/** All flags that a segment can have, and with text. */
const FLAGS = [
  SYN, SYN | ACK, ACK, RST, RST | ACK, FIN, FIN | ACK, SYN | FIN, SYN | RST, 0, ACK | PSH,
  SYN | FIN | RST | PSH | ACK | 32,
];

describe('tcpip/security/storm: land', () => {
  for (const release of [NT, 'modern']) {
    it(`${release}: nothing that says it is from the machine itself feeds itself`, ({ bench }) => {
      const one = bench({ release });
      const { machine, user } = one;
      machine.meet();
      for (const port of [80, 139, 7]) user.listen(port);
      machine.dropped();
      const between = { source: US, destination: US };
      for (const destinationPort of [80, 139, 81]) {
        for (const sourcePort of [80, 139, 81, 5000]) {
          for (const flags of FLAGS) {
            const segment = tcp({
              sourcePort, destinationPort, flags, sequence: 0xf1c, acknowledgment: 0xf1c,
              data: pattern(flags & PSH ? 20 : 0),
            }, between);
            machine.receive(ethernet(ipv4(segment, { ...between, protocol: TCP })));
          }
        }
      }
      // Two of the ports listen: these are Land itself.
      expect(machine.dropped()['TCP_LAND']).toBeGreaterThan(0);
      machine.advance(240_000);
      expect(machine.raw.tableCount() + machine.raw.cachedHalves()).toBe(0);
      expect(machine.count('TCP_OUT_SEGS')).toBeLessThan(5 * 3 * 4 * FLAGS.length);
      expect(machine.take()).toEqual([]);
      machine.receive(ethernet(ipv4(echoRequest(pattern(8)), { protocol: ICMP })));
      expect(machine.take()).toHaveLength(1);
      const peer = new Peer(machine, { ours: 80 });
      peer.say(SYN);
      expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
      peer.say(RST, { sequence: peer.next });
      expect(stateOf(machine, peer)).toBe('CLOSED');
    });
  }
});
