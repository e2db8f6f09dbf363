/** User mode of one machine: sockets by promise and by handle, and ping. */

import type { Machine } from '../machine/machine.js';
import type {
  ConnectOptions, DatagramSocket, EchoOptions, EchoReply, Listener, ListenOptions, Selected,
  SelectSets, SessionUser, Socket, UserMode,
} from '../machine/usermode.js';
import { UdpSocket } from './datagram.js';
import { Desk } from './desk.js';
import { StreamListener } from './listener.js';
import { NetbiosDesk } from './netbios.js';
import { ping } from './ping.js';
import { SocketTable } from './raw.js';
import { select } from './select.js';
import { MessageSession, SessionListener } from './session.js';
import { StreamSocket } from './socket.js';

/** Makes user mode for a machine that has booted. */
export function makeUserMode(machine: Machine): UserMode {
  return new Programs(machine);
}

class Programs implements UserMode {
  readonly raw: SocketTable;
  readonly netbios: NetbiosDesk;
  private readonly desk: Desk;

  constructor(machine: Machine) {
    this.raw = new SocketTable(machine);
    this.desk = new Desk(machine, this.raw);
    this.netbios = new NetbiosDesk(this.desk);
  }

  get waiting(): number {
    return this.desk.waiting + this.raw.refused;
  }

  async connect(host: string, port: number, options: ConnectOptions = {}): Promise<Socket> {
    return StreamSocket.connect(this.desk, host, port, options);
  }

  async listen(
    port: number, options: ListenOptions = {}, onSocket?: (socket: Socket) => unknown,
  ): Promise<Listener> {
    return StreamListener.listen(this.desk, port, options, onSocket);
  }

  async datagram(port = 0): Promise<DatagramSocket> {
    return UdpSocket.open(this.desk, port);
  }

  async select(sets: SelectSets, timeoutMs?: number): Promise<Selected> {
    return select(this.desk, sets, timeoutMs);
  }

  /** NetBIOS sessions. */
  readonly sessions: SessionUser = {
    call: async (called, calling, options = {}) =>
      MessageSession.call(this.desk, called, calling, options),
    listen: async (name, options = {}, onSession?) =>
      SessionListener.listen(this.desk, name, options, onSession),
  };

  async ping(host: string, options: EchoOptions = {}): Promise<EchoReply> {
    return ping(this.desk, host, options);
  }

  poll(): void {
    this.desk.resume();
    this.raw.poll();
    this.netbios.poll();
  }

  release(): void {
    this.netbios.release();
    this.raw.release();
  }

  end(): void {
    this.desk.end();
  }
}
