/** What all services of user mode share: a port, a conversation for each connection, its end. */

import type { Listener, Socket, UserMode } from '../machine/usermode.js';

/** Connections that may wait to be accepted: SOMAXCONN of NT Server. */
const BACKLOG = 200;
/** What is sent and not yet acknowledged: so much is on its way on a long and wide path. */
export const SEND_BUFFER = 1 << 20;

/** A service that was started. */
export interface Service {
  readonly name: string;
  readonly port: number;
  /** No more connections; those that are open go on. */
  close(): void;
}

/** Listens, and holds a conversation with each who connects; it is closed afterwards. */
export async function serve(
  user: UserMode, name: string, port: number, converse: (socket: Socket) => Promise<void>,
): Promise<Service> {
  const options = { backlog: BACKLOG, sendBuffer: SEND_BUFFER };
  const listener: Listener = await user.listen(port, options, async (socket) => {
    try {
      await converse(socket);
      await socket.close();
    } catch (thrown) {
      // A peer that resets, or a machine that ends, ends the conversation and nothing else.
      if (!hasStatus(thrown)) throw thrown;
      socket.abort();
    }
  });
  return { name, port: listener.port, close: () => listener.close() };
}

/** Whether something thrown tells an NTSTATUS: a connection failed, and not a program. */
export function hasStatus(thrown: unknown): boolean {
  return thrown instanceof Error && 'status' in thrown;
}
