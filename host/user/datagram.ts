/** A UDP socket as promises. */

import { checkPort, formatAddress, parseAddress } from '../machine/address.js';
import type { Datagram, DatagramSocket, SocketHandler } from '../machine/usermode.js';
import type { Desk, Waiter } from './desk.js';

/** The most octets of a datagram: 65,535 without the headers of IP and UDP. */
const MOST_OCTETS = 65_507;

/** One socket. */
export class UdpSocket implements DatagramSocket, SocketHandler {
  port = 0;
  /** The kernel's; 0: it is closed. */
  handle = 0;
  private readonly receivers: Waiter<Datagram | undefined>[] = [];

  private constructor(private readonly desk: Desk) {}

  /** Opens and binds it. @throws TypeError for a port that is none. */
  static async open(desk: Desk, port: number): Promise<DatagramSocket> {
    checkPort(port, 0);
    const socket = new UdpSocket(desk);
    await desk.request<void>((waiter) => {
      socket.begin(port);
      waiter.resolve();
    });
    return socket;
  }

  onEvent(events: number): void {
    if ((events & this.desk.raw.events.READABLE) !== 0) this.pump();
  }

  async send(data: Uint8Array | string, host: string, port: number): Promise<void> {
    const octets = this.desk.octetsOf(data);
    const address = parseAddress(host, 'host');
    checkPort(port, 1);
    if (octets.length > MOST_OCTETS) {
      throw new TypeError(`data: ${octets.length} octets; a datagram has at most ${MOST_OCTETS}`);
    }
    return this.desk.request((waiter) => {
      const what = `send to ${host}:${port}`;
      if (this.handle === 0) throw this.desk.error(what, 'ADDRESS_CLOSED');
      const { block } = this.desk;
      block.write(octets);
      const sent = this.desk.raw.sendTo(this.handle, block, octets.length, address, port);
      this.desk.mustSucceed(what, sent);
      waiter.resolve();
    });
  }

  async receive(): Promise<Datagram | undefined> {
    return this.desk.request((waiter) => {
      this.receivers.push(waiter);
      this.pump();
    });
  }

  close(): void {
    if (this.handle === 0) return;
    this.desk.machine.runner.noteActivity();
    this.desk.raw.close(this.handle, false);
    this.handle = 0;
    this.pump();
  }

  private begin(port: number): void {
    const { desk } = this;
    const what = `bind to ${port}`;
    this.handle = desk.raw.open('datagram', this);
    if (this.handle === 0) throw desk.error(what, 'INSUFFICIENT_RESOURCES');
    const status = desk.raw.bind(this.handle, 0, port);
    if (status < 0) {
      desk.raw.close(this.handle, true);
      this.handle = 0;
      throw desk.error(what, status);
    }
    this.port = desk.raw.query(this.handle, 'LOCAL_PORT');
  }

  private pump(): void {
    const { desk } = this;
    for (let first = this.receivers[0]; first !== undefined; first = this.receivers[0]) {
      if (this.handle === 0) {
        this.receivers.shift();
        first.resolve(undefined);
        continue;
      }
      const { block } = desk;
      const count = desk.raw.receive(this.handle, block);
      if (count === desk.raw.noDatagram) return;
      this.receivers.shift();
      if (count < 0) {
        first.reject(desk.error(`receive on ${this.port}`, count));
        continue;
      }
      const address = formatAddress(desk.raw.query(this.handle, 'REMOTE_ADDRESS'));
      const port = desk.raw.query(this.handle, 'REMOTE_PORT');
      first.resolve({ data: block.read(count), address, port });
    }
  }
}
