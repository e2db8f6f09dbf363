/** What listens on a port, as promises: connections wait in the backlog until asked for. */

import { checkPort } from '../machine/address.js';
import { mustBeWithin, mustKnow } from '../machine/options.js';
import type { ListenOptions, Listener, Socket, SocketHandler } from '../machine/usermode.js';
import type { Desk, Waiter } from './desk.js';
import { StreamSocket, checkBuffers, setBuffers } from './socket.js';

/** Connections that may wait where it is not told: SOMAXCONN of NT Workstation. */
const BACKLOG = 5;
const MOST_BACKLOG = 65_535;
const LISTEN_OPTIONS = ['backlog', 'noDelay', 'sendBuffer', 'receiveBuffer', 'linger'];

/** One listener. */
export class StreamListener implements Listener, SocketHandler {
  port = 0;
  /** The kernel's; 0: it is closed. */
  handle = 0;
  private readonly waiters: Waiter<Socket>[] = [];

  private constructor(
    private readonly desk: Desk,
    private readonly options: ListenOptions,
    private readonly onSocket: ((socket: Socket) => unknown) | undefined,
  ) {}

  /** Listens. @throws TypeError for an argument or an option that is wrong. */
  static async listen(
    desk: Desk, port: number, options: ListenOptions, onSocket?: (socket: Socket) => unknown,
  ): Promise<Listener> {
    checkPort(port, 0);
    mustKnow(options, LISTEN_OPTIONS, 'a listener');
    checkBuffers(options);
    const backlog = mustBeWithin('backlog', options.backlog ?? BACKLOG, 1, MOST_BACKLOG);
    const listener = new StreamListener(desk, options, onSocket);
    await desk.request<void>((waiter) => {
      listener.begin(port, backlog);
      waiter.resolve();
    });
    return listener;
  }

  onEvent(events: number): void {
    if ((events & this.desk.raw.events.ACCEPT) !== 0) this.pump();
  }

  async accept(): Promise<Socket> {
    if (this.onSocket !== undefined) throw new TypeError('accept: all go to onSocket');
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

  async *[Symbol.asyncIterator](): AsyncGenerator<Socket, void, undefined> {
    while (this.handle !== 0) {
      let socket: Socket;
      try {
        socket = await this.accept();
      } catch (thrown) {
        if (this.isOver(thrown)) return;
        throw thrown;
      }
      yield socket;
    }
  }

  private begin(port: number, backlog: number): void {
    const { desk } = this;
    const { raw } = desk;
    const what = `listen on ${port}`;
    this.handle = raw.open('stream', this);
    if (this.handle === 0) throw desk.error(what, 'INSUFFICIENT_RESOURCES');
    try {
      desk.mustSucceed(what, raw.bind(this.handle, 0, port));
      // Connections take them over.
      setBuffers(desk, this.handle, this.options);
      desk.mustSucceed(what, raw.listen(this.handle, backlog));
    } catch (thrown) {
      raw.close(this.handle, true);
      this.handle = 0;
      throw thrown;
    }
    this.port = raw.query(this.handle, 'LOCAL_PORT');
  }

  /** Whether an accept failed because nobody listens any more, and not because a kernel stopped. */
  private isOver(thrown: unknown): boolean {
    const { desk } = this;
    return this.handle === 0 || (desk.isEnd(thrown) && desk.machine.stopped === undefined);
  }

  private pump(): void {
    const { desk, onSocket } = this;
    const isWanted = (): boolean => onSocket !== undefined || this.waiters.length > 0;
    while (this.handle !== 0 && isWanted()) {
      const socket = new StreamSocket(desk);
      const handle = desk.raw.accept(this.handle, socket);
      if (handle === 0) return;
      if (this.options.noDelay === true) desk.raw.option(handle, 'NO_DELAY', 1);
      socket.adopt(handle, this.options.linger ?? 0);
      if (onSocket === undefined) this.waiters.shift()?.resolve(socket);
      else {
        desk.machine.runner.noteActivity();
        desk.serve(onSocket(socket));
      }
    }
    if (this.handle !== 0) return;
    const error = desk.error(`accept on ${this.port}`, 'LOCAL_DISCONNECT');
    for (const waiter of this.waiters.splice(0)) waiter.reject(error);
  }
}
