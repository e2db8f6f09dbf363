/** Neighbours (RFC 826): asked for, learned, kept for as long as NT kept them, and forgotten. */

import { describe, expect } from 'vitest';
import {
  BROADCAST_MAC, OUR_MAC, THEIR_MAC, THEM, US, arp, ethernet, ipv4, udp,
} from '../wireside/build.js';
import { it } from '../wireside/fixture.js';
import type { Bench } from '../wireside/fixture.js';
import type { Heard } from '../../host/wire/read.js';
import { macText } from '../../host/wire/read.js';
import { address, pattern } from '../wireside/octets.js';

const REQUEST = 1;
const REPLY = 2;
const NEIGHBOUR = address('10.0.0.9');
const ITS_MAC = Uint8Array.of(2, 0, 0, 0, 0, 9);

/** A bench on which nobody answers for the kernel's neighbours, and a socket that sends to them. */
function silent({ machine, user }: Bench): { send: (octets: number, to?: number) => void } {
  machine.stations.clear();
  const socket = user.socket('DATAGRAM');
  user.bind(socket, 1234);
  return { send: (octets, to = NEIGHBOUR) => user.sendTo(socket, pattern(octets), 99, to) };
}

/** The neighbour answers. */
function answer({ machine }: Bench, sender = NEIGHBOUR, senderMac = ITS_MAC): void {
  machine.receive(arp({ operation: REPLY, sender, senderMac, target: US, targetMac: OUR_MAC }));
}

/** What was asked for, and when; what else was sent, by its length. */
function asked(frames: readonly Heard[]): [number, number][] {
  return frames.flatMap((frame): [number, number][] =>
    frame.arp === undefined ? [] : [[frame.atMs, frame.arp.target]]);
}

function datagrams(frames: readonly Heard[]): (number | undefined)[] {
  return frames.filter((frame) => frame.ip !== undefined).map((frame) => frame.udp?.data.length);
}

describe('tcpip/arp', () => {
  it('answers a request for its address, to the asker alone', ({ bench }) => {
    const { machine } = bench();
    machine.receive(arp({ operation: REQUEST, sender: THEM, target: US }));
    const [reply] = machine.take();
    expect(reply).toMatchObject({
      destination: macText(THEIR_MAC),
      source: macText(OUR_MAC),
      arp: {
        operation: REPLY, sender: US, senderMac: macText(OUR_MAC),
        target: THEM, targetMac: macText(THEIR_MAC),
      },
    });
    expect(machine.counters()).toMatchObject({ ARP_IN_REQUESTS: 1, ARP_OUT_REPLIES: 1 });
  });

  it('answers nobody who asks for another', ({ bench }) => {
    const { machine } = bench();
    machine.receive(arp({ operation: REQUEST, sender: THEM, target: NEIGHBOUR }));
    expect(machine.take()).toEqual([]);
  });

  it('learns from a request for its address, and sends without asking', ({ bench }) => {
    const one = bench();
    const { send } = silent(one);
    one.machine.receive(arp({
      operation: REQUEST, sender: NEIGHBOUR, senderMac: ITS_MAC, target: US,
    }));
    one.machine.take();
    send(10);
    const [sent] = one.machine.take();
    expect(sent).toMatchObject({ destination: macText(ITS_MAC), udp: { destinationPort: 99 } });
  });

  it('asks three times, a second apart, then drops what waits (nt-facts 3.7)', ({ bench }) => {
    const one = bench();
    const { send } = silent(one);
    send(10);
    one.machine.advance(60_000);
    const frames = one.machine.take();
    expect(asked(frames)).toEqual([[0, NEIGHBOUR], [1000, NEIGHBOUR], [2000, NEIGHBOUR]]);
    for (const { destination, arp: request } of frames) {
      expect(destination).toBe(macText(BROADCAST_MAC));
      expect(request).toMatchObject({ sender: US, senderMac: macText(OUR_MAC) });
    }
    expect(one.machine.dropped()).toEqual({ ARP_UNRESOLVED: 1 });
    // Whoever sends again asks again.
    send(10);
    expect(asked(one.machine.take())).toEqual([[60_000, NEIGHBOUR]]);
  });

  it('asks for each neighbour no more than once a second (RFC 1122, 2.3.2.1)', ({ bench }) => {
    const one = bench();
    const { send } = silent(one);
    send(10, address('10.0.0.50'));
    for (let host = 51; host < 70; host++) {
      one.machine.advance(90);
      for (let i = 0; i < 5; i++) send(10, address(`10.0.0.${host}`));
    }
    one.machine.advance(10_000);
    const times = new Map<number, number[]>();
    for (const [atMs, target] of asked(one.machine.take())) {
      times.set(target, [...times.get(target) ?? [], atMs]);
    }
    expect(times.size).toBe(20);
    for (const each of times.values()) {
      expect(each).toHaveLength(3);
      expect((each[1] ?? 0) - (each[0] ?? 0)).toBeGreaterThanOrEqual(1000);
      expect((each[2] ?? 0) - (each[1] ?? 0)).toBeGreaterThanOrEqual(1000);
    }
  });

  it('gives up as soon without a packet to ask with', ({ bench }) => {
    const one = bench({ parameters: { NtstackSendPackets: 1 } });
    const { send } = silent(one);
    send(10);
    one.machine.advance(10_000);
    expect(one.machine.raw.runningTimers()).toBe(0);
  });

  it('parks one datagram for each address, the newest (Q194881)', ({ bench }) => {
    const one = bench();
    const { send } = silent(one);
    for (const octets of [10, 20, 30]) send(octets);
    expect(one.machine.dropped()).toEqual({ ARP_REPLACED: 2 });
    const other = address('10.0.0.10');
    send(44, other);
    one.machine.take();
    answer(one);
    expect(datagrams(one.machine.take())).toEqual([30]);
    answer(one, other, Uint8Array.of(2, 0, 0, 0, 0, 10));
    expect(datagrams(one.machine.take())).toEqual([44]);
  });

  it('keeps of a datagram in pieces the last piece: the one that is parked (Q194881)', ({
    bench,
  }) => {
    const one = bench();
    const { send } = silent(one);
    send(4000);
    one.machine.take();
    answer(one);
    const [piece] = one.machine.take();
    expect(piece?.ip).toMatchObject({ more: false, offset: 2960 });
    expect(one.machine.dropped()).toEqual({ ARP_REPLACED: 2 });
  });

  it('forgets after 2 minutes who is not sent to (Q139415)', ({ bench }) => {
    const one = bench();
    const { send } = silent(one);
    send(10);
    answer(one);
    one.machine.advance(119_000);
    one.machine.take();
    send(10);
    expect(datagrams(one.machine.take())).toEqual([10]);
    one.machine.advance(121_000);
    send(10);
    expect(asked(one.machine.take())).toHaveLength(1);
  });

  it('forgets after 10 minutes who is sent to all the time (Q139415)', ({ bench }) => {
    const one = bench();
    const { send } = silent(one);
    send(10);
    answer(one);
    one.machine.take();
    for (let seconds = 0; seconds < 598; seconds += 2) {
      one.machine.advance(2000);
      send(10);
    }
    expect(asked(one.machine.take())).toEqual([]);
    one.machine.advance(4000);
    send(10);
    expect(asked(one.machine.take())).toHaveLength(1);
  });

  it('heeds ArpCacheLife and ArpCacheMinReferencedLife', ({ bench }) => {
    const one = bench({ parameters: { ArpCacheLife: 10, ArpCacheMinReferencedLife: 30 } });
    const { send } = silent(one);
    send(10);
    answer(one);
    one.machine.take();
    for (let i = 0; i < 5; i++) {
      one.machine.advance(5000);
      send(10);
    }
    expect(asked(one.machine.take())).toEqual([]);
    one.machine.advance(6000);
    send(10);
    expect(asked(one.machine.take())).toHaveLength(1);
  });

  it('sends to a neighbour\'s new address once it is told (gratuitous ARP)', ({ bench }) => {
    const one = bench();
    const { send } = silent(one);
    send(10);
    answer(one);
    one.machine.take();
    const moved = Uint8Array.of(2, 0, 0, 0, 9, 9);
    one.machine.receive(arp({
      operation: REQUEST, sender: NEIGHBOUR, senderMac: moved, target: NEIGHBOUR,
    }));
    send(10);
    expect(one.machine.take()[0]?.destination).toBe(macText(moved));
  });

  it('makes no entry of what it is not asked (RFC 826)', ({ bench }) => {
    const one = bench();
    const { send } = silent(one);
    one.machine.receive(arp({
      operation: REQUEST, sender: NEIGHBOUR, senderMac: ITS_MAC, target: THEM,
    }));
    send(10);
    expect(asked(one.machine.take())).toHaveLength(1);
  });

  it('answers who asks whether its address is free (RFC 5227, 2.1.1)', ({ bench }) => {
    const { machine } = bench();
    const nobody = address('0.0.0.0');
    machine.receive(arp({ operation: REQUEST, sender: nobody, senderMac: ITS_MAC, target: US }));
    const [answer, ...others] = machine.take();
    expect(others).toEqual([]);
    expect(answer?.destination).toBe(macText(ITS_MAC));
    expect(answer?.arp).toMatchObject({ operation: REPLY, sender: US, target: nobody });
    // It is no neighbour by that.
    expect(machine.raw.runningTimers()).toBe(0);
  });

  it('tells who says that it has its address, and learns nothing from it', ({ bench }) => {
    const one = bench();
    const thief = Uint8Array.of(2, 0, 0, 0, 6, 6);
    one.machine.receive(
      arp({ operation: REQUEST, sender: US, senderMac: thief, target: US }),
      arp({ operation: REPLY, sender: US, senderMac: thief, target: US }),
    );
    const [answer, ...others] = one.machine.take();
    expect(others).toEqual([]);
    expect(answer?.destination).toBe(macText(thief));
    expect(answer?.arp).toMatchObject({ operation: REPLY, sender: US, target: US });
    expect(one.machine.traced('ARP_CONFLICT')).toBe(2);
    expect(one.machine.dropped()).toEqual({ ARP_NOT_OURS: 1 });
  });

  it('learns nothing of another net, of a broadcast address, of a group\'s station', ({
    bench,
  }) => {
    const one = bench();
    const from = (sender: string, senderMac: Uint8Array): Uint8Array =>
      arp({ operation: REQUEST, sender: address(sender), senderMac, target: US });
    one.machine.receive(
      from('11.0.0.1', ITS_MAC), from('0.0.0.0', BROADCAST_MAC), from('10.0.0.255', ITS_MAC),
      from('255.255.255.255', ITS_MAC), from('10.0.0.9', BROADCAST_MAC),
      from('10.0.0.9', Uint8Array.of(1, 0, 0x5e, 0, 0, 1)),
    );
    expect(one.machine.dropped()).toEqual({ ARP_NOT_OURS: 6 });
    expect(one.machine.take()).toEqual([]);
    expect(one.machine.raw.runningTimers()).toBe(0);
  });

  it('drops what is malformed, by reason', ({ bench }) => {
    const one = bench();
    const good = arp({ operation: REQUEST, sender: THEM, target: US });
    const changed = (at: number, value: number): Uint8Array => {
      const frame = good.slice();
      frame[at] = value;
      return frame;
    };
    one.machine.receive(
      changed(15, 6), changed(16, 9), changed(18, 8), changed(19, 6),
      good.subarray(0, 41), good.subarray(0, 15), good.subarray(0, 14),
    );
    expect(one.machine.dropped()).toEqual({ ARP_MALFORMED: 7 });
    expect(one.machine.take()).toEqual([]);
  });

  it('accepts 802.3 with SNAP too (nt-facts 2.1, ArpUseEtherSNAP)', ({ bench }) => {
    const one = bench();
    const good = arp({ operation: REQUEST, sender: THEM, target: US });
    const snap = Uint8Array.of(0, 36, 0xaa, 0xaa, 3, 0, 0, 0, 8, 6);
    const frame = new Uint8Array(12 + 10 + 28);
    frame.set(good.subarray(0, 12));
    frame.set(snap, 12);
    frame.set(good.subarray(14, 42), 22);
    one.machine.receive(frame);
    expect(one.machine.take()[0]?.arp).toMatchObject({ operation: REPLY, target: THEM });
  });

  it('keeps at most 16,384 neighbours, whoever claims to be one', ({ bench }) => {
    const { machine } = bench({ netOctets: 1 });
    const blocks = machine.raw.poolBlocks();
    for (let from = 0; from < 20_000; from += 200) {
      machine.receive(...Array.from({ length: 200 }, (_, i) => arp({
        operation: REQUEST, sender: address('10.1.0.0') + 1 + from + i, target: US,
        senderMac: Uint8Array.of(2, 1, 0, 0, from & 255, i),
      })));
      machine.take();
    }
    expect(machine.raw.poolBlocks() - blocks).toBe(16_384);
    expect(machine.dropped()).toEqual({ ARP_TABLE_FULL: 20_000 - 16_384 });
    machine.advance(130_000);
    expect(machine.raw.poolBlocks()).toBe(blocks);
  });

  it('sends a broadcast without asking anybody', ({ bench }) => {
    const one = bench();
    const { send } = silent(one);
    send(10, address('10.0.0.255'));
    send(10, address('255.255.255.255'));
    for (const { destination, udp: datagram } of one.machine.take()) {
      expect(destination).toBe(macText(BROADCAST_MAC));
      expect(datagram?.data.length).toBe(10);
    }
  });

  it('asks for the gateway when the destination is on another net', ({ bench }) => {
    const one = bench({ gateway: address('10.0.0.254') });
    const { send } = silent(one);
    send(10, address('192.168.1.1'));
    expect(asked(one.machine.take())).toEqual([[0, address('10.0.0.254')]]);
    answer(one, address('10.0.0.254'));
    const [sent] = one.machine.take();
    expect(sent).toMatchObject({
      destination: macText(ITS_MAC), ip: { destination: address('192.168.1.1') },
    });
  });

  it('drops frames for other stations, of other types, and too short ones', ({ bench }) => {
    const { machine } = bench();
    const datagram = ipv4(udp(pattern(4), { source: 1, destination: 2 }));
    machine.receive(
      ethernet(datagram, { destination: THEIR_MAC }),
      ethernet(datagram, { type: 0x86dd }),
      ethernet(datagram, { type: 46 }),
      ethernet(datagram).subarray(0, 13),
    );
    expect(machine.dropped()).toEqual({
      ETHERNET_OTHER_STATION: 1, ETHERNET_TYPE: 2, ETHERNET_SHORT: 1,
    });
  });
});
