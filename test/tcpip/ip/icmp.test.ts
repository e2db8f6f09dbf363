/** ICMP: echoes answered and asked, "unreachable" said and heard (RFC 792; RFC 1122, 3.2.2). */

import { describe, expect } from 'vitest';
import {
  ACK, BROADCAST_MAC, ICMP, THEIR_MAC, THEM, UDP, US, echoRequest, ethernet, icmp, ipv4, pieces,
  udp,
} from '../../wireside/build.js';
import { BOTH, it } from '../../wireside/fixture.js';
import { join, viewOf } from '../../../host/wire/octets.js';
import { address, difference, pattern } from '../../wireside/octets.js';
import { macText, parseIcmp, reassembled } from '../../../host/wire/read.js';
import { fieldOf, reach, stateOf } from '../../wireside/peer.js';

function framed(message: Uint8Array, fields: { source?: number } = {}): Uint8Array {
  return ethernet(ipv4(message, { protocol: ICMP, ...fields }));
}

/** What an error quotes of the kernel's own frame: the IP header and 8 octets. */
function quoteOf(frame: Uint8Array | undefined): Uint8Array {
  if (frame === undefined) throw new Error('there is nothing to quote');
  return frame.subarray(14, 14 + 28);
}

describe('tcpip/ip/icmp', () => {
  for (const octets of [0, 1, 32, 33, 1471, 1472]) {
    it(`answers an echo of ${octets} octets with the same octets`, ({ bench }) => {
      const { machine } = bench();
      machine.receive(framed(echoRequest(pattern(octets), 9, 0x1234)));
      const [reply] = machine.take();
      expect(reply).toMatchObject({
        destination: macText(THEIR_MAC),
        ip: { source: US, destination: THEM, more: false },
        icmp: { type: 0, code: 0, rest: 0x1234_0009 },
      });
      expect(difference(reply?.icmp?.data ?? '', pattern(octets))).toBe('same');
      expect(machine.counters()).toMatchObject({ ICMP_IN_ECHOS: 1, ICMP_OUT_ECHO_REPS: 1 });
    });
  }

  it('answers with the don\'t-fragment bit of the echo where NT does (nmap: DFI)', ({ bench }) => {
    for (const [release, kept] of [['nt40', 0x4000], ['modern', 0]] as const) {
      const { machine } = bench({ release });
      for (const fragment of [0x4000, 0]) {
        const datagram = ipv4(echoRequest(pattern(120)), { protocol: ICMP, fragment });
        machine.receive(ethernet(datagram));
      }
      const bits = machine.take().map(({ octets }) => viewOf(octets).getUint16(14 + 6));
      expect(bits).toEqual([kept, 0]);
    }
  });

  for (const octets of [1473, 8000, 65_507]) {
    it(`answers an echo of ${octets} octets that came in pieces, in pieces`, ({ bench }) => {
      const { machine } = bench();
      machine.meet();
      machine.receive(...pieces(echoRequest(pattern(octets)), 1480, { protocol: ICMP }));
      const frames = machine.take();
      expect(frames).toHaveLength(Math.ceil((octets + 8) / 1480));
      expect(new Set(frames.map(({ ip }) => ip?.identification)).size).toBe(1);
      const reply = parseIcmp(reassembled(frames));
      expect(reply).toMatchObject({ type: 0, code: 0 });
      expect(difference(reply.data, pattern(octets))).toBe('same');
    });
  }

  it('answers no echo for everybody, or from everybody (RFC 1122, 3.2.2.6)', ({ bench }) => {
    const { machine } = bench();
    for (const destination of ['10.0.0.255', '255.255.255.255']) {
      const datagram = ipv4(echoRequest(pattern(8)), {
        protocol: ICMP, destination: address(destination),
      });
      machine.receive(ethernet(datagram, { destination: BROADCAST_MAC }));
    }
    expect(machine.dropped()).toEqual({ ICMP_BROADCAST: 2 });
    machine.receive(framed(echoRequest(pattern(8)), { source: address('10.0.0.255') }));
    expect(machine.dropped()).toEqual({ IP_SOURCE: 1 });
    expect(machine.take()).toEqual([]);
  });

  it('drops what is short, wrong, or of a type it does not know, by reason', ({ bench }) => {
    const { machine } = bench();
    const wrong = echoRequest(pattern(8));
    wrong[2] = (wrong[2] ?? 0) ^ 1;
    machine.receive(framed(echoRequest(pattern(0)).subarray(0, 7)), framed(wrong));
    expect(machine.dropped()).toEqual({ ICMP_SHORT: 1, ICMP_CHECKSUM: 1 });
    for (const type of [4, 5, 13, 15, 17, 255]) machine.receive(framed(icmp(type, 0, 0)));
    expect(machine.dropped()).toEqual({ ICMP_TYPE: 6 });
    expect(machine.take()).toEqual([]);
  });

  it('says "port unreachable", and quotes header and 8 octets (RFC 792)', ({ bench }) => {
    const { machine } = bench();
    for (const options of [new Uint8Array(0), Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 0)]) {
      const datagram = ipv4(udp(pattern(100), { source: 9, destination: 7 }), {
        protocol: UDP, options,
      });
      machine.receive(ethernet(datagram));
      const [error] = machine.take();
      expect(error?.ip?.destination).toBe(THEM);
      expect(error?.icmp).toMatchObject({ type: 3, code: 3, rest: 0 });
      const quoted = datagram.subarray(0, 20 + options.length + 8);
      expect(difference(error?.icmp?.data ?? '', quoted)).toBe('same');
    }
    expect(machine.dropped()).toEqual({ UDP_NO_PORT: 2 });
  });

  it('says "protocol unreachable" of a protocol that nobody speaks', ({ bench }) => {
    const { machine } = bench();
    const datagram = ipv4(pattern(4), { protocol: 99 });
    machine.receive(ethernet(datagram));
    const [error] = machine.take();
    expect(error?.icmp).toMatchObject({ type: 3, code: 2 });
    expect(difference(error?.icmp?.data ?? '', datagram)).toBe('same');
  });

  it('says nothing of errors, groups, later pieces, and sources that no host has', ({ bench }) => {
    const { machine } = bench();
    const to = (destination: string): Uint8Array => ethernet(ipv4(
      udp(pattern(4), { source: 9, destination: 7 }, { destination: address(destination) }),
      { protocol: UDP, destination: address(destination) },
    ), { destination: BROADCAST_MAC });
    machine.receive(
      to('10.0.0.255'), to('255.255.255.255'),
      // An error about a datagram that was never sent, and one that quotes an error.
      framed(icmp(3, 3, 0, ipv4(pattern(8), { protocol: UDP, source: US, destination: THEM }))),
      framed(icmp(3, 1, 0, ipv4(icmp(3, 3, 0), { protocol: ICMP, source: US }))),
      framed(icmp(11, 0, 0, ipv4(pattern(8), { protocol: UDP }))),
      ethernet(ipv4(pattern(4), { protocol: 99, source: 0 })),
      ethernet(ipv4(pattern(4), { protocol: 99, source: address('127.0.0.1') })),
      ethernet(ipv4(pattern(4), { protocol: 99, destination: address('10.0.0.255') }),
        { destination: BROADCAST_MAC }),
    );
    expect(machine.take()).toEqual([]);
  });

  it('drops an error whose quotation is too short or makes no sense', ({ bench }) => {
    const { machine } = bench();
    const quote = ipv4(pattern(8), { protocol: 6, source: US, destination: THEM });
    const longer = quote.slice();
    longer[0] = 0x4f;
    const shorter = quote.slice();
    shorter[0] = 0x44;
    const later = ipv4(pattern(8), { protocol: 6, source: US, destination: THEM, fragment: 5 });
    for (const bad of [quote.subarray(0, 27), quote.subarray(0, 0), longer, shorter, later]) {
      machine.receive(framed(icmp(3, 3, 0, bad)));
      expect(machine.dropped()).toEqual({ ICMP_QUOTE: 1 });
    }
  });

  it('lowers the segment size on "fragmentation needed", and sends again (RFC 1191)', ({
    bench,
  }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    machine.take();
    user.send(handle, pattern(2920));
    const [sent] = machine.take();
    machine.receive(framed(icmp(3, 4, 1000, quoteOf(sent?.octets))));
    expect(fieldOf(machine, peer, 'mss')).toBe(960);
    expect(peer.heard()[0]).toMatchObject({ sequence: peer.ack });
    for (let i = 0; i < 10; i++) {
      for (const { data } of peer.listen('ack')) expect(data.length).toBeLessThanOrEqual(960);
      machine.advance(500);
    }
    expect(difference(Uint8Array.from(peer.text), pattern(2920))).toBe('same');
  });

  it('believes no MTU below 68, above what it has, or about what it did not send', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    machine.take();
    user.send(handle, pattern(1000));
    const [sent] = machine.take();
    const quote = quoteOf(sent?.octets);
    const tell = (mtu: number, quoted = quote): number => {
      machine.receive(framed(icmp(3, 4, mtu, quoted)));
      return fieldOf(machine, peer, 'mss');
    };
    expect([tell(67), tell(1500), tell(9000), tell(1040)]).toEqual([1460, 1460, 1460, 1460]);
    const old = quote.slice();
    viewOf(old).setUint32(24, peer.ack - 1);
    const future = quote.slice();
    viewOf(future).setUint32(24, peer.ack + 5000);
    expect([tell(500, old), tell(500, future)]).toEqual([1460, 1460]);
    // An old router does not say: the next plateau below 1040 octets (RFC 1191, 5 and 7.1).
    expect(tell(0)).toBe(966);
    expect(tell(68)).toBe(28);
  });

  it('remembers a narrow path for the next connection, and forgets it after ten minutes (6.3)', ({
    bench,
  }) => {
    const { machine, user } = bench({ release: 'modern', parameters: { Tcp1323Opts: 0 } });
    const { peer, handle } = reach({ machine, user });
    machine.take();
    user.send(handle, pattern(1460));
    const [sent] = machine.take();
    machine.receive(framed(icmp(3, 4, 1000, quoteOf(sent?.octets))));
    expect(fieldOf(machine, peer, 'mss')).toBe(960);
    peer.listen('ack');
    const other = reach({ machine, user }, { port: 140 });
    expect(fieldOf(machine, other.peer, 'mss')).toBe(960);
    machine.advance(601_000);
    user.send(handle, pattern(10));
    peer.listen('ack');
    expect(fieldOf(machine, peer, 'mss')).toBe(1460);
  });

  it('finds a path that swallows large segments and says nothing (RFC 2923, 2.1)', ({ bench }) => {
    for (const [detects, mss] of [[1, 536], [0, 1460]] as const) {
      const { machine, user } = bench({
        release: 'modern', parameters: { Tcp1323Opts: 0, EnablePMTUBHDetect: detects },
      });
      const { peer, handle } = reach({ machine, user });
      user.send(handle, pattern(1460));
      machine.advance(10_000);
      expect(fieldOf(machine, peer, 'mss')).toBe(mss);
      expect(peer.heard().at(-1)?.data.length).toBe(mss);
    }
  });

  it('ends a connect for what a router prohibits, in modern (RFC 1122, 3.2.2.1)', ({ bench }) => {
    for (const [release, ends] of [['modern', true], ['nt40', false]] as const) {
      for (const code of [9, 10, 13]) {
        const { machine, user } = bench({ release });
        const handle = user.socket();
        user.connect(handle, 139);
        const syn = machine.take().find(({ tcp }) => tcp !== undefined);
        const quote = quoteOf(syn?.octets);
        const late = quote.slice();
        viewOf(late).setUint32(24, (viewOf(quote).getUint32(24) + 1) >>> 0);
        machine.receive(framed(icmp(3, code, 0, late)));
        expect(user.events(handle).events).toEqual([]);
        machine.receive(framed(icmp(3, code, 0, quote)));
        expect(user.events(handle).events.length > 0).toBe(ends);
      }
    }
  });

  it('does not end an open connection on any "unreachable" (RFC 5927, 5.2)', ({ bench }) => {
    const { machine, user } = bench();
    const { peer, handle } = reach({ machine, user });
    machine.take();
    user.send(handle, pattern(100));
    const [sent] = machine.take();
    for (let code = 0; code < 16; code++) {
      if (code !== 4) machine.receive(framed(icmp(3, code, 0, quoteOf(sent?.octets))));
    }
    expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    peer.ack += 100;
    peer.say(ACK);
    expect(machine.raw.irpsInUse()).toBe(0);
  });

  for (const release of BOTH) {
    it(`${release}: drops a source quench, to its connection too (MUST-55; RFC 6633)`, ({
      bench,
    }) => {
      const { machine, user } = bench({ release });
      const { peer, handle } = reach({ machine, user });
      machine.take();
      user.send(handle, pattern(6000));
      const [sent] = machine.take();
      const fields = ['cwnd', 'rto'].map((field) => fieldOf(machine, peer, field));
      machine.receive(framed(icmp(4, 0, 0, quoteOf(sent?.octets))));
      expect(machine.dropped()).toEqual({ ICMP_TYPE: 1 });
      expect(machine.take()).toEqual([]);
      expect(['cwnd', 'rto'].map((field) => fieldOf(machine, peer, field))).toEqual(fields);
      expect(stateOf(machine, peer)).toBe('ESTABLISHED');
    });
  }

  it('asks with the alphabet up to w, and tells how long the answer took', ({ bench }) => {
    const { machine, user } = bench();
    expect(user.ping(THEM, 32, 1000, 77)).toBe('PENDING');
    const [asked] = machine.take();
    expect(asked?.icmp).toMatchObject({ type: 8, code: 0 });
    const alphabet = Buffer.from('abcdefghijklmnopqrstuvwabcdefghi');
    expect(difference(asked?.icmp?.data ?? '', alphabet)).toBe('same');
    machine.advance(30);
    const reply = join(asked?.ip?.payload ?? new Uint8Array(0));
    machine.receive(framed(icmp(0, 0, viewOf(reply).getUint32(4), reply.subarray(8))));
    const told = user.everything();
    expect(told).toEqual([{ context: 77, events: ['ECHO'], status: 'SUCCESS', handle: 30_000 }]);
  });

  it('gives up an echo after its time, and takes no late or strange answer', ({ bench }) => {
    const { machine, user } = bench();
    user.ping(THEM, 32, 1000, 77);
    const [asked] = machine.take();
    const rest = asked?.icmp?.rest ?? 0;
    machine.receive(
      framed(icmp(0, 0, rest + 1, pattern(32))), framed(icmp(0, 0, rest + 0x10000, pattern(32))),
      framed(icmp(0, 0, rest, pattern(32)), { source: address('10.0.0.3') }),
    );
    machine.advance(990);
    expect(user.everything()).toEqual([]);
    machine.advance(120);
    const ended = { context: 77, events: ['ECHO'], status: 'IO_TIMEOUT' };
    expect(user.everything()).toMatchObject([ended]);
    machine.receive(framed(icmp(0, 0, rest, pattern(32))));
    expect(user.everything()).toEqual([]);
    expect(machine.raw.irpsInUse()).toBe(0);
  });

  it('tells of every echo how it ended, though it could not begin', ({ bench }) => {
    const { machine, user } = bench();
    const ended = (...ping: Parameters<typeof user.ping>): string[] => {
      expect(user.ping(...ping)).toBe('PENDING');
      return user.everything().map(({ status }) => status);
    };
    expect(ended(address('11.0.0.1'))).toEqual(['NETWORK_UNREACHABLE']);
    expect(ended(THEM, 65_508)).toEqual(['INVALID_PARAMETER']);
    expect(ended(THEM, 0xffff_fff8)).toEqual(['INVALID_PARAMETER']);
    expect(machine.raw.irpsInUse()).toBe(0);
    expect(machine.take()).toEqual([]);
  });

  it('says so at once when its card has too few packets', ({ bench }) => {
    const { machine, user } = bench({ parameters: { NtstackSendPackets: 8 } });
    machine.meet();
    expect(user.ping(THEM, 20_000)).toBe('PENDING');
    expect(user.everything().map(({ status }) => status)).toEqual(['INSUFFICIENT_RESOURCES']);
    expect(machine.dropped()).toEqual({ NO_PACKET: 1 });
    expect(machine.raw.irpsInUse()).toBe(0);
  });

  it('asks with 8000 octets in pieces, and takes the answer in pieces', ({ bench }) => {
    const { machine, user } = bench();
    machine.meet();
    user.ping(THEM, 8000, 1000, 77);
    const message = reassembled(machine.take());
    const { rest, data } = parseIcmp(message);
    expect(data).toHaveLength(8000);
    machine.advance(5);
    machine.receive(...pieces(icmp(0, 0, rest, data), 1480, { protocol: ICMP }));
    expect(user.everything()).toMatchObject([{ status: 'SUCCESS', handle: 5000 }]);
  });

  it('answers its own echo, over loopback and to its own address', ({ bench }) => {
    const { machine, user } = bench();
    for (const target of [US, address('127.0.0.1'), address('127.9.9.9')]) {
      expect(user.ping(target, 100, 1000, 5)).toBe('PENDING');
      expect(user.everything()).toMatchObject([{ events: ['ECHO'], status: 'SUCCESS' }]);
    }
    expect(machine.take()).toEqual([]);
  });
});
