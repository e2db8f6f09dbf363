/** NetBIOS sessions as promises: messages between names, over \Device\NetBT. */

import { formatAddress, parseAddress } from '../machine/address.js';
import { mustBeWithin, mustKnow } from '../machine/options.js';
import type {
  CallOptions, NetbiosListener, NetbiosListenOptions, NetbiosSession, SocketHandler,
} from '../machine/usermode.js';
import type { StatusError } from '../kernel/status.js';
import { NAME_OCTETS, nameText, netbiosName } from '../wire/nbname.js';
import type { Desk, Waiter } from './desk.js';

/** The most octets of a message (RFC 1002, 4.3.1). */
const MOST_OCTETS = 0x1ffff;

/** TDI_ADDRESS_NETBIOS_TYPE_QUICK_*: a socket's name is had at once, as afd opens it at once. */
const QUICK = { unique: 2, group: 3 } as const;

/** A NetbiosAddress of the kernel: the name in capitals, and what it is. */
function addressOf(name: string, group = false): Uint8Array {
  const address = new Uint8Array(NAME_OCTETS + 4);
  address.set(netbiosName(name.toUpperCase()));
  address[NAME_OCTETS] = group ? QUICK.group : QUICK.unique;
  return address;
}

/** A send that waits for room. */
interface Sending {
  readonly data: Uint8Array;
  readonly waiter: Waiter<void>;
}

/** One session. */
export class MessageSession implements NetbiosSession, SocketHandler {
  remoteName = '';
  remoteAddress = '';
  private handle = 0;
  private connecting: Waiter<void> | undefined;
  private readonly receivers: Waiter<Uint8Array | undefined>[] = [];
  private readonly sends: Sending[] = [];
  private failure: StatusError | undefined;

  constructor(private readonly desk: Desk) {}

  /** Calls. @throws TypeError for a name, an address or an option that is wrong. */
  static async call(
    desk: Desk, called: string, calling: string, options: CallOptions,
  ): Promise<NetbiosSession> {
    mustKnow(options, ['address', 'direct'], 'a call');
    const { direct = false } = options;
    const remote = addressOf(called);
    const own = addressOf(calling);
    const address = options.address === undefined ? 0 : parseAddress(options.address, 'address');
    const session = new MessageSession(desk);
    await desk.request<void>((waiter) => {
      session.connecting = waiter;
      session.begin(own, remote, address, direct);
    });
    return session;
  }

  /** Takes over what a listener accepted. */
  adopt(handle: number): void {
    this.handle = handle;
    this.learn();
  }

  onEvent(events: number, status: number): void {
    const { CONNECTED, FAILED, WRITABLE, ABORTED } = this.desk.raw.events;
    if ((events & FAILED) !== 0) {
      this.fail(this.desk.error('call', status));
      return;
    }
    if ((events & CONNECTED) !== 0) {
      this.learn();
      this.connecting?.resolve();
      this.connecting = undefined;
    }
    if ((events & ABORTED) !== 0) this.failure ??= this.desk.error('session', status);
    if ((events & (WRITABLE | ABORTED)) !== 0) this.pumpSends();
    this.pump();
  }

  async send(data: Uint8Array | string): Promise<void> {
    const octets = this.desk.octetsOf(data);
    if (octets.length > MOST_OCTETS) {
      throw new TypeError(`data: ${octets.length} octets; a message has at most ${MOST_OCTETS}`);
    }
    return this.desk.request((waiter) => {
      this.sends.push({ data: octets, waiter });
      this.pumpSends();
    });
  }

  async receive(): Promise<Uint8Array | undefined> {
    return this.desk.request((waiter) => {
      this.receivers.push(waiter);
      this.pump();
    });
  }

  close(): void {
    this.end(false);
  }

  abort(): void {
    this.end(true);
  }

  private end(abort: boolean): void {
    if (this.handle === 0) return;
    this.desk.machine.runner.noteActivity();
    this.desk.raw.close(this.handle, abort);
    this.handle = 0;
    this.pumpSends();
    this.pump();
  }

  private begin(own: Uint8Array, remote: Uint8Array, address: number, direct: boolean): void {
    const { raw, messages } = this.desk;
    const what = `call ${nameText(remote)}`;
    this.handle = raw.open(direct ? 'netbiosDirect' : 'netbios', this);
    if (this.handle === 0) throw this.desk.error(what, 'INSUFFICIENT_RESOURCES');
    try {
      messages.write(own);
      this.desk.mustSucceed(what, raw.bindName(this.handle, messages));
      messages.write(remote);
      this.desk.mustSucceed(what, raw.connectName(this.handle, messages, address));
    } catch (thrown) {
      this.end(true);
      throw thrown;
    }
  }

  private learn(): void {
    const { raw, messages } = this.desk;
    this.remoteAddress = formatAddress(raw.query(this.handle, 'REMOTE_ADDRESS'));
    raw.remoteName(this.handle, messages);
    this.remoteName = nameText(messages.read(NAME_OCTETS));
  }

  private fail(error: StatusError): void {
    this.failure ??= error;
    this.connecting?.reject(error);
    this.connecting = undefined;
    this.end(true);
  }

  private pumpSends(): void {
    const { desk } = this;
    for (let first = this.sends[0]; first !== undefined; first = this.sends[0]) {
      if (this.handle === 0) {
        this.sends.shift();
        first.waiter.reject(this.failure ?? desk.error('send', 'LOCAL_DISCONNECT'));
        continue;
      }
      desk.messages.write(first.data);
      const sent = desk.raw.send(this.handle, desk.messages, first.data.length);
      if (sent === desk.raw.noDatagram) return;
      this.sends.shift();
      if (sent < 0) first.waiter.reject(desk.error('send', sent));
      else first.waiter.resolve();
    }
  }

  private pump(): void {
    const { desk } = this;
    for (let first = this.receivers[0]; first !== undefined; first = this.receivers[0]) {
      if (this.handle === 0) {
        this.receivers.shift();
        first.resolve(undefined);
        continue;
      }
      const count = desk.raw.receive(this.handle, desk.messages);
      if (count === desk.raw.noDatagram) return;
      this.receivers.shift();
      if (count >= 0) first.resolve(desk.messages.read(count).slice());
      else if (count === desk.gracefulDisconnect) first.resolve(undefined);
      else first.reject(desk.error('receive', count));
    }
  }
}

/** What listens on a name. */
export class SessionListener implements NetbiosListener, SocketHandler {
  private handle = 0;
  private readonly waiters: Waiter<NetbiosSession>[] = [];

  private constructor(
    private readonly desk: Desk,
    private readonly onSession: ((session: NetbiosSession) => unknown) | undefined,
  ) {}

  /** Listens. @throws TypeError for a name or an option that is wrong. */
  static async listen(
    desk: Desk, name: string, options: NetbiosListenOptions,
    onSession?: (session: NetbiosSession) => unknown,
  ): Promise<NetbiosListener> {
    mustKnow(options, ['backlog', 'group', 'direct'], 'a listener');
    const backlog = mustBeWithin('backlog', options.backlog ?? 5, 1, 65_535);
    const own = addressOf(name, options.group);
    const listener = new SessionListener(desk, onSession);
    await desk.request<void>((waiter) => {
      listener.begin(own, backlog, options.direct ?? false);
      waiter.resolve();
    });
    return listener;
  }

  onEvent(events: number): void {
    if ((events & this.desk.raw.events.ACCEPT) !== 0) this.pump();
  }

  async accept(): Promise<NetbiosSession> {
    return this.desk.request((waiter) => {
      this.waiters.push(waiter);
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

  private begin(own: Uint8Array, backlog: number, direct: boolean): void {
    const { desk } = this;
    const what = `listen on ${nameText(own)}`;
    this.handle = desk.raw.open(direct ? 'netbiosDirect' : 'netbios', this);
    if (this.handle === 0) throw desk.error(what, 'INSUFFICIENT_RESOURCES');
    try {
      desk.messages.write(own);
      desk.mustSucceed(what, desk.raw.bindName(this.handle, desk.messages));
      desk.mustSucceed(what, desk.raw.listen(this.handle, backlog));
    } catch (thrown) {
      this.close();
      throw thrown;
    }
  }

  private pump(): void {
    const { desk, onSession } = this;
    const isWanted = (): boolean => onSession !== undefined || this.waiters.length > 0;
    while (this.handle !== 0 && isWanted()) {
      const session = new MessageSession(desk);
      const handle = desk.raw.accept(this.handle, session);
      if (handle === 0) return;
      session.adopt(handle);
      if (onSession === undefined) this.waiters.shift()?.resolve(session);
      else desk.serve(onSession(session));
    }
    if (this.handle !== 0) return;
    const error = desk.error('accept', 'LOCAL_DISCONNECT');
    for (const waiter of this.waiters.splice(0)) waiter.reject(error);
  }
}
