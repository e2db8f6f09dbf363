/** Frames that nobody should send: made of chance, and of a recording that was damaged. */

import { readFile } from 'node:fs/promises';
import { readCapture } from '../../host/link/pcapread.js';
import {
  BROADCAST_MAC, OUR_MAC, THEM, US, arp, ethernet, icmp, ipv4, tcp, udp,
} from '../wireside/build.js';
import { internetChecksum, join, pseudoHeader, viewOf } from '../../host/wire/octets.js';
import { chance } from '../wireside/octets.js';

/** Where live connections are: chance aims near them. */
export interface Target {
  port: number;
  ours: number;
  /** Near what the kernel expects, and near what it has sent. */
  sequence: number;
  acknowledgment: number;
}

type Chance = (below: number) => number;

function octetsOf(below: Chance, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => below(256));
}

/** Makes damaged frames from one seed. */
export class Garbage {
  private readonly below: Chance;

  /** `recorded`: frames of a recording, addressed to the machine. */
  constructor(
    seed: number,
    private readonly recorded: readonly Uint8Array[],
    private readonly targets: readonly Target[],
  ) {
    this.below = chance(seed);
  }

  /** One more frame. */
  next(): Uint8Array {
    const kinds = [
      this.noise, this.header, this.segment, this.segment, this.datagram, this.message, this.piece,
      this.question, this.snap, this.damaged, this.damaged, this.damaged, this.spliced,
    ];
    const make = kinds[this.below(kinds.length)] ?? this.noise;
    return make.call(this).subarray(0, 1514);
  }

  private noise(): Uint8Array {
    const frame = octetsOf(this.below, this.below(200));
    if (this.below(2)) frame.set(OUR_MAC.subarray(0, frame.length));
    return frame;
  }

  // An IPv4 header of chance; some fields of it right.
  private header(): Uint8Array {
    const { below } = this;
    const strangers = [0xffff_ffff, 0x0a00_00ff, 0x7f00_0001, below(2 ** 32)];
    const datagram = ipv4(octetsOf(below, below(80)), {
      protocol: [1, 6, 17, 2, below(256)][below(5)] ?? 0,
      ...(below(3) ? {} : { source: below(2 ** 32) }),
      ...(below(3) ? {} : { destination: strangers[below(4)] ?? 0 }),
      ...(below(4) ? {} : { version: below(16) }),
      ...(below(4) ? {} : { headerLength: below(16) }),
      ...(below(4) ? {} : { totalLength: below(200) }),
      ...(below(4) ? {} : { checksum: below(65_536) }),
      ...(below(4) ? {} : { options: octetsOf(below, 4 * below(11)) }),
      ...(below(4) ? {} : { fragment: below(65_536) }),
    });
    return ethernet(datagram, below(8) ? {} : { destination: BROADCAST_MAC });
  }

  // A segment that verifies, near a live connection or a listener.
  private segment(): Uint8Array {
    const { below } = this;
    const target = this.targets[below(this.targets.length)];
    const near = (value: number): number =>
      (value + ([0, 0, below(3000), below(20_000) - 10_000][below(4)] ?? 0)) >>> 0;
    const far = below(4) === 0 || target === undefined;
    const data = octetsOf(below, below(3) ? 0 : below(1200));
    return ethernet(ipv4(tcp({
      sourcePort: far ? below(65_536) : target.port,
      destinationPort: far ? [80, 139, 7, below(65_536)][below(4)] ?? 0 : target.ours,
      sequence: far ? below(2 ** 32) : near(target.sequence),
      acknowledgment: far ? below(2 ** 32) : near(target.acknowledgment),
      flags: below(3) ? [2, 16, 18, 4, 20, 17, 24, 1][below(8)] ?? 0 : below(256),
      window: below(65_536),
      urgent: below(2) ? 0 : below(65_536),
      options: below(2) ? new Uint8Array(0) : octetsOf(below, 4 * below(11)),
      data,
      ...(below(6) ? {} : { headerLength: 4 * below(16) }),
      ...(below(8) ? {} : { checksum: below(65_536) }),
    }), { protocol: 6 }));
  }

  private datagram(): Uint8Array {
    const { below } = this;
    const ports = { source: below(65_536), destination: [7, 9, 137, below(65_536)][below(4)] ?? 0 };
    return ethernet(ipv4(udp(octetsOf(below, below(600)), {
      ...ports,
      ...(below(4) ? {} : { length: below(700) }),
      ...(below(4) ? {} : { checksum: below(65_536) }),
    }), { protocol: 17 }));
  }

  // An ICMP message; errors quote something that the machine might have sent.
  private message(): Uint8Array {
    const { below } = this;
    const target = this.targets[below(this.targets.length)];
    const quoted = ipv4(tcp({
      sourcePort: target?.ours ?? 80,
      destinationPort: target?.port ?? 80,
      sequence: ((target?.acknowledgment ?? 0) + below(3000)) >>> 0,
      flags: 16,
    }), { source: US, destination: THEM, protocol: 6 });
    const cut = quoted.subarray(0, below(3) ? quoted.length : below(quoted.length));
    const data = below(2) ? octetsOf(below, below(300)) : cut;
    const type = [0, 3, 3, 3, 5, 8, 11, below(256)][below(8)] ?? 0;
    return ethernet(ipv4(icmp(type, below(8), below(2 ** 32), data), { protocol: 1 }));
  }

  private piece(): Uint8Array {
    const { below } = this;
    const fragment = (below(3) ? below(10) : below(8192)) | (below(3) ? 0x2000 : 0);
    const octets = octetsOf(below, below(3) ? 8 * below(100) : below(1000));
    return ethernet(ipv4(octets, {
      protocol: [1, 6, 17][below(3)] ?? 1, identification: below(50), fragment,
    }));
  }

  private question(): Uint8Array {
    const { below } = this;
    const frame = arp({
      operation: below(4),
      sender: below(3) ? 0x0a00_0000 + below(256) : below(2 ** 32),
      senderMac: octetsOf(below, 6),
      target: below(2) ? US : 0x0a00_0000 + below(256),
    });
    if (below(4) === 0) frame[14 + below(28)] = below(256);
    return below(6) ? frame : frame.subarray(0, below(frame.length + 1));
  }

  // 802.3 with LLC and SNAP, of any length and for any protocol.
  private snap(): Uint8Array {
    const { below } = this;
    const frame = this.recorded[below(this.recorded.length)] ?? new Uint8Array(0);
    const type = [[8, 0], [8, 6], [0x86, 0xdd], [below(256), below(256)]][below(4)] ?? [0, 0];
    const head = Uint8Array.of(0, below(256), 0xaa, 0xaa, 3, 0, 0, 0, ...type);
    const whole = join(frame.subarray(0, 12), head, frame.subarray(14));
    return below(3) ? whole : whole.subarray(0, below(60));
  }

  // A recorded frame with bits turned over, or its end missing; its sums often right again.
  private damaged(): Uint8Array {
    const { below } = this;
    const frame = (this.recorded[below(this.recorded.length)] ?? new Uint8Array(0)).slice();
    for (let flips = 1 + below(4); flips > 0; flips--) {
      // Mostly in the headers: text does not matter to anybody.
      const at = below(4) ? below(Math.min(60, frame.length)) : below(frame.length);
      frame[at] = (frame[at] ?? 0) ^ (1 << below(8));
    }
    if (below(4) > 0) sealAgain(frame);
    return below(4) ? frame : frame.subarray(0, below(frame.length + 1));
  }

  // The head of one and the tail of another.
  private spliced(): Uint8Array {
    const { below } = this;
    const one = this.recorded[below(this.recorded.length)] ?? new Uint8Array(0);
    const other = this.recorded[below(this.recorded.length)] ?? new Uint8Array(0);
    const frame = join(one.subarray(0, below(one.length)), other.subarray(below(other.length)));
    if (below(2)) sealAgain(frame);
    return frame;
  }
}

/** Makes the checksums of a frame right, as far as it has what they are about. */
function sealAgain(frame: Uint8Array): void {
  const header = ((frame[14] ?? 0) & 15) * 4;
  if (frame.length < 34 || header < 20 || frame.length < 14 + header) return;
  const view = viewOf(frame);
  view.setUint16(24, 0);
  view.setUint16(24, internetChecksum(frame.subarray(14, 14 + header)));
  const protocol = frame[23] ?? 0;
  const payload = frame.subarray(14 + header, Math.min(frame.length, 14 + view.getUint16(16)));
  const at = protocol === 6 ? 16 : protocol === 17 ? 6 : -1;
  if (at < 0 || payload.length < at + 2) return;
  const inside = viewOf(payload);
  const head = pseudoHeader(view.getUint32(26), view.getUint32(30), protocol, payload.length);
  inside.setUint16(at, 0);
  inside.setUint16(at, internetChecksum(head, payload));
}

/** The IPv4 frames of a recording, as if from the tests' station to the machine. */
export async function recordedFrames(url: URL): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  for (const { octets, linkType } of readCapture(await readFile(url))) {
    const start = linkType === 1 ? 14 : linkType === 0 ? 4 : linkType === 113 ? 16 : 0;
    const datagram = octets.slice(start, start + 1500);
    if ((datagram[0] ?? 0) >> 4 !== 4 || datagram.length < 28) continue;
    const view = viewOf(datagram);
    if (view.getUint16(2) > datagram.length) view.setUint16(2, datagram.length);
    view.setUint32(12, THEM);
    view.setUint32(16, US);
    const frame = ethernet(datagram);
    sealAgain(frame);
    frames.push(frame);
  }
  return frames;
}
