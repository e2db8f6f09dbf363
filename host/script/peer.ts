/** The other end of the wire: the gateway that answers ARP, and whoever speaks behind it. */

import { FrameBatch } from '../link/batch.js';
import type { Link, Port } from '../link/link.js';
import type { Clock } from '../machine/clock.js';
import { buildArp, buildEthernet, ETHERTYPE } from '../wire/build.js';
import { parseFrame } from '../wire/read.js';
import type { Heard } from '../wire/read.js';

const MAC = Uint8Array.of(2, 0, 0x70, 0x65, 0x65, 0x72);
const NO_MAC = new Uint8Array(6);
const ARP_REQUEST = 1;
const ARP_REPLY = 2;

/** A datagram that the machine has sent. */
export interface HeardPacket {
  readonly timeNs: number;
  readonly frame: Heard;
}

/** One end of a link, at which the script stands. */
export class Peer {
  /** Datagrams that came and that nobody has asked for, oldest first. */
  readonly heard: HeardPacket[] = [];
  /** What the machine sent that no station would accept. */
  malformed: string | undefined;
  private readonly port: Port;
  private readonly batch = new FrameBatch(1);
  private station = NO_MAC;

  constructor(link: Link, private readonly clock: Clock, private readonly ownAddress: number) {
    this.port = link.attach({ receive: (batch) => this.receive(batch) });
  }

  /** Sends a datagram to the machine: it arrives in an event of this instant. */
  send(datagram: Uint8Array): void {
    this.sendFrame(buildEthernet(datagram, { destination: this.station, source: MAC }));
  }

  /** The machine's card, to which datagrams are sent. */
  set stationAddress({ high, low }: { readonly high: number; readonly low: number }) {
    const octets = new Uint8Array(6);
    const view = new DataView(octets.buffer);
    view.setUint16(0, high);
    view.setUint32(2, low);
    this.station = octets;
  }

  private sendFrame(frame: Uint8Array): void {
    this.batch.clear();
    this.batch.push(frame);
    this.port.send(this.batch);
  }

  private receive(batch: FrameBatch): void {
    for (let i = 0; i < batch.count; i++) {
      const timeNs = this.clock.now;
      try {
        const frame = parseFrame(batch.frame(i).slice(), timeNs / 1e6);
        if (frame.arp === undefined) this.heard.push({ timeNs, frame });
        else this.answer(frame.arp);
      } catch (thrown) {
        this.malformed ??= thrown instanceof Error ? thrown.message : String(thrown);
      }
    }
  }

  /** Whatever address the machine asks for, other than its own, is here. */
  private answer(arp: NonNullable<Heard['arp']>): void {
    if (arp.operation !== ARP_REQUEST || arp.target === this.ownAddress) return;
    const packet = buildArp({
      operation: ARP_REPLY, sender: arp.target, senderMac: MAC, target: arp.sender,
      targetMac: this.station,
    });
    this.sendFrame(
      buildEthernet(packet, { destination: this.station, source: MAC, type: ETHERTYPE.ARP }),
    );
  }
}
