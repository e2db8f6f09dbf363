/** netstat's tables, as Windows NT printed them: connections, the card, and what was counted. */

import { formatAddress } from '../machine/address.js';
import type { Machine } from '../machine/machine.js';

/** A connection, as a row. */
export interface ConnectionRow {
  readonly protocol: 'TCP' | 'UDP';
  readonly local: string;
  readonly remote: string;
  readonly state: string;
}

/**
 * The machine's connections, and behind them what is half open in its SYN cache; `names`: of
 * addresses, where one wants them instead of numbers.
 */
export function connectionRows(
  machine: Machine, names?: ReadonlyMap<string, string>,
): ConnectionRow[] {
  const end = (address: number, port: number): string => {
    const host = formatAddress(address);
    return `${names?.get(host) ?? host}:${port}`;
  };
  return [...machine.connections(), ...machine.halfOpen()].map((one) => ({
    protocol: 'TCP',
    local: end(one.localAddress, one.localPort),
    remote: end(one.remoteAddress, one.remotePort),
    state: one.state,
  }));
}

/** What is open and waits: listeners of TCP, sockets of UDP; by protocol and port. */
export function openRows(machine: Machine, names?: ReadonlyMap<string, string>): ConnectionRow[] {
  const own = formatAddress(machine.settings.address);
  const host = (address: number): string => {
    if (address === 0) return names === undefined ? '0.0.0.0' : machine.name.toLowerCase();
    return names?.get(own) ?? formatAddress(address);
  };
  return machine.openAddresses().filter(({ protocol, listens }) => protocol === 'UDP' || listens)
    .sort((a, b) => a.protocol.localeCompare(b.protocol, 'en') || a.port - b.port)
    .map(({ protocol, address, port }) => ({
      protocol,
      local: `${host(address)}:${port}`,
      remote: protocol === 'UDP' ? '*:*' : `${host(0)}:0`,
      state: protocol === 'UDP' ? '' : 'LISTENING',
    }));
}

/** `netstat`, `netstat -n` and, with what is open, `netstat -a` */
export function connectionTable(rows: readonly ConnectionRow[]): string {
  return [
    '', 'Active Connections', '',
    '  Proto  Local Address          Foreign Address        State',
    ...rows.map(({ protocol, local, remote, state }) =>
      `  ${protocol.padEnd(5)}  ${local.padEnd(21)}  ${remote.padEnd(21)}  ${state}`.trimEnd()),
  ].join('\n');
}

/** The card's figures, in and out. */
export interface InterfaceFigures {
  readonly octets: readonly [received: number, sent: number];
  readonly frames: readonly [received: number, sent: number];
  readonly discards: readonly [received: number, sent: number];
}

/** What the machine's card has carried. */
export function interfaceFigures({ card: { stats } }: Machine): InterfaceFigures {
  const { ring, stopped } = stats.droppedIn;
  return {
    octets: [stats.octetsIn, stats.octetsOut],
    frames: [stats.framesIn, stats.framesOut],
    discards: [ring + stopped, stats.droppedOut],
  };
}

/** `netstat -e` */
export function interfaceTable({ octets, frames, discards }: InterfaceFigures): string {
  const line = (title: string, [received, sent]: readonly [number, number]): string =>
    `${title.padEnd(20)}${String(received).padStart(16)}${String(sent).padStart(16)}`;
  return [
    'Interface Statistics', '', `${' '.repeat(28)}Received            Sent`, '',
    line('Bytes', octets), line('Packets', frames), line('Discards', discards),
  ].join('\n');
}

/** A line of `netstat -s`: what it is called there, and how it is counted here. */
type Line = readonly [title: string, counter: string];
const PROTOCOLS: Readonly<Record<string, readonly Line[]>> = {
  'IP Statistics': [
    ['Packets Received', 'IP_IN_RECEIVES'], ['Received Packets Delivered', 'IP_IN_DELIVERS'],
    ['Output Requests', 'IP_OUT_REQUESTS'], ['Reassembly Required', 'IP_REASM_REQDS'],
    ['Reassembly Successful', 'IP_REASM_OKS'], ['Reassembly Failures', 'IP_REASM_FAILS'],
    ['Datagrams Successfully Fragmented', 'IP_FRAG_OKS'],
    ['Fragments Created', 'IP_FRAG_CREATES'],
  ],
  'ICMP Statistics': [
    ['Echos Received', 'ICMP_IN_ECHOS'], ['Echo Replies Received', 'ICMP_IN_ECHO_REPS'],
    ['Destination Unreachable Received', 'ICMP_IN_DEST_UNREACHS'],
    ['Echos Sent', 'ICMP_OUT_ECHOS'], ['Echo Replies Sent', 'ICMP_OUT_ECHO_REPS'],
    ['Destination Unreachable Sent', 'ICMP_OUT_DEST_UNREACHS'],
  ],
  'TCP Statistics': [
    ['Active Opens', 'TCP_ACTIVE_OPENS'], ['Passive Opens', 'TCP_PASSIVE_OPENS'],
    ['Failed Connection Attempts', 'TCP_ATTEMPT_FAILS'],
    ['Reset Connections', 'TCP_ESTAB_RESETS'], ['Current Connections', 'TCP_CURR_ESTAB'],
    ['Segments Received', 'TCP_IN_SEGS'], ['Segments Sent', 'TCP_OUT_SEGS'],
    ['Segments Retransmitted', 'TCP_RETRANS_SEGS'],
  ],
  'UDP Statistics': [
    ['Datagrams Received', 'UDP_IN_DATAGRAMS'], ['No Ports', 'UDP_NO_PORTS'],
    ['Datagrams Sent', 'UDP_OUT_DATAGRAMS'],
  ],
};

/** `netstat -s` */
export function protocolTable(counters: Readonly<Record<string, number>>): string {
  return Object.entries(PROTOCOLS).map(([title, lines]) => [
    '', title, '',
    ...lines.map(([name, counter]) => `  ${name.padEnd(34)}= ${counters[counter] ?? 0}`),
  ].join('\n')).join('\n');
}
