/** tcp_info of a socket: what a machine's own eyes see of its connection. */

import type { AgreedOption, ConnectionView } from '../kernel/inspect.js';
import type { Machine } from '../machine/machine.js';
import type { Descriptor } from './sockets.js';

/** States by their names in scripts, with Berkeley's numbers (tcp_fsm.h). */
export const STATE_NUMBERS: Readonly<Record<string, number>> = {
  CLOSED: 0, LISTEN: 1, SYN_SENT: 2, SYN_RECEIVED: 3, ESTABLISHED: 4, CLOSE_WAIT: 5,
  FIN_WAIT_1: 6, CLOSING: 7, LAST_ACK: 8, FIN_WAIT_2: 9, TIME_WAIT: 10,
};

/** Other spellings of states: Linux's. */
const SPELLINGS: Readonly<Record<string, string>> = {
  CLOSE: 'CLOSED', SYN_RECV: 'SYN_RECEIVED', SYN_RCVD: 'SYN_RECEIVED', FIN_WAIT1: 'FIN_WAIT_1',
  FIN_WAIT2: 'FIN_WAIT_2',
};

/** Bits of tcpi_options (tcp.h), by the names that the kernel has for them. */
const OPTION_BITS: Readonly<Record<AgreedOption, number>> = {
  TIMESTAMPS: 1, SACK: 2, SCALE: 4, ECN: 8,
};
const OPTION_NAMES: Readonly<Record<string, number>> = {
  TCPI_OPT_TIMESTAMPS: 1, TCPI_OPT_SACK: 2, TCPI_OPT_WSCALE: 4, TCPI_OPT_ECN: 8,
};

/** The number of what a script's code calls a state or a bit; undefined for what is neither. */
export function namedNumber(name: string): number | undefined {
  return OPTION_NAMES[name] ?? (/^TCP[IS]?_[A-Z]/.test(name) ? stateNumber(name) : undefined);
}

/** The connection of a socket; undefined where it has none. */
export function connectionOf(
  machine: Machine, descriptor: Descriptor,
): ConnectionView | undefined {
  const { state } = descriptor;
  if (state === 'open' || state === 'bound' || state === 'listening') return undefined;
  const { localPort, remotePort } = descriptor;
  return machine.connections().find((each) => {
    return each.localPort === localPort && each.remotePort === remotePort;
  });
}

/** The name of a socket's state, as Berkeley's tools write it. */
function stateOf(machine: Machine, descriptor: Descriptor): string {
  if (descriptor.state === 'listening') return 'LISTEN';
  return connectionOf(machine, descriptor)?.state ?? 'CLOSED';
}

/** The number of a state's name, with or without its prefix; undefined for what is none. */
export function stateNumber(name: string): number | undefined {
  const bare = name.replace(/^TCP[IS]?_/, '');
  return STATE_NUMBERS[SPELLINGS[bare] ?? bare];
}

/** A field of tcp_info; undefined where it is not known here. */
export function infoOf(
  machine: Machine, descriptor: Descriptor, field: string,
): number | undefined {
  if (field === 'tcpi_state') return stateNumber(stateOf(machine, descriptor));
  const connection = connectionOf(machine, descriptor);
  if (connection === undefined) return undefined;
  const { cwnd, mss, rto, agreed } = connection;
  const fields: Readonly<Record<string, number>> = {
    tcpi_snd_mss: mss, tcpi_snd_cwnd: Math.floor(cwnd / mss), tcpi_rto: rto * 1000,
    tcpi_options: agreed.reduce((sum, option) => sum | OPTION_BITS[option], 0),
  };
  return fields[field];
}
