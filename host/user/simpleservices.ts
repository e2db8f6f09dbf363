/**
 * NT's Simple TCP/IP Services: echo (RFC 862), discard (RFC 863), chargen (RFC 864), each by TCP
 * and by UDP. Not done: daytime (RFC 867), because virtual time is no date, and quotes (RFC 865).
 */

import type { Datagram, DatagramSocket, Socket, UserMode } from '../machine/usermode.js';
import { hasStatus, serve } from './service.js';
import type { Service } from './service.js';

/** Their ports where no others are given. */
export const SIMPLE_PORTS = { echo: 7, discard: 9, chargen: 19 } as const;

/** The name of such a service. */
export type SimpleName = keyof typeof SIMPLE_PORTS;

// RFC 864: 95 characters that can be printed, 72 of them in a line, the next line one further on.
const FIRST_CHARACTER = 0x20;
const CHARACTERS = 95;
const LINE_CHARACTERS = 72;
const LINE_OCTETS = LINE_CHARACTERS + 2;
/** A datagram that answers from one of these is not answered: both would go on for ever. */
const ANSWERING_PORTS = new Set([7, 13, 17, 19]);

const CONVERSATIONS: Readonly<Record<SimpleName, (socket: Socket) => Promise<void>>> = {
  async echo(socket) {
    for await (const octets of socket) await socket.send(octets);
  },
  async discard(socket) {
    for await (const octets of socket) void octets;
  },
  async chargen(socket) {
    const lines = characters();
    for (;;) await socket.send(lines);
  },
};

/** What a datagram is answered with; undefined: with nothing. */
const ANSWERS: Readonly<Record<SimpleName, (datagram: Datagram) => Uint8Array | undefined>> = {
  echo: ({ data }) => data,
  discard: () => undefined,
  chargen: () => characters().subarray(0, LINE_OCTETS),
};

/**
 * Starts one of them, on both transports.
 * @throws Error with the status where the port is taken.
 */
export async function serveSimple(
  user: UserMode, name: SimpleName, port: number = SIMPLE_PORTS[name],
): Promise<Service> {
  const datagrams = await user.datagram(port);
  const service = await serve(user, name, port, CONVERSATIONS[name]);
  void answer(datagrams, ANSWERS[name]);
  return {
    ...service,
    close() {
      service.close();
      datagrams.close();
    },
  };
}

async function answer(
  datagrams: DatagramSocket, answerTo: (datagram: Datagram) => Uint8Array | undefined,
): Promise<void> {
  for (;;) {
    try {
      const datagram = await datagrams.receive();
      if (datagram === undefined) return;
      const data = ANSWERING_PORTS.has(datagram.port) ? undefined : answerTo(datagram);
      if (data !== undefined) await datagrams.send(data, datagram.address, datagram.port);
    } catch (thrown) {
      if (!hasStatus(thrown)) throw thrown;
      // A machine that has ended has no datagrams to come; any other failure is of one of them.
      if ((thrown as { status?: string }).status === 'DEVICE_NOT_READY') return;
    }
  }
}

/** All lines, until they begin anew. */
function characters(): Uint8Array {
  const octets = new Uint8Array(CHARACTERS * LINE_OCTETS);
  for (let line = 0; line < CHARACTERS; line++) {
    const at = line * LINE_OCTETS;
    for (let i = 0; i < LINE_CHARACTERS; i++) {
      octets[at + i] = FIRST_CHARACTER + ((line + i) % CHARACTERS);
    }
    octets.set([0x0d, 0x0a], at + LINE_CHARACTERS);
  }
  return octets;
}
