/** What the options at the head of a script mean, and what holds where they say nothing. */

import { parseAddress } from '../machine/address.js';
import { didYouMean } from '../machine/suggest.js';
import { MissingFeature, ScriptSyntaxError } from './syntax.js';
import type { Script, ScriptOption } from './syntax.js';

/** How a script is run. */
export interface Settings {
  /** The machine's address and network, like `192.168.0.1/16`. */
  readonly local: string;
  /** IPv4 addresses as numbers. */
  readonly localAddress: number;
  readonly remoteAddress: number;
  readonly gateway: string;
  /** The port that `bind(3, ..., ...)` means, and the one that `connect(3, ..., ...)` does. */
  readonly bindPort: number;
  readonly connectPort: number;
  /** How far an event may be from its time: the larger of the two. */
  readonly toleranceNs: number;
  /** Of the time since the event before. */
  readonly tolerancePercent: number;
  /** Octets of a datagram; undefined: the machine's own. */
  readonly mtu: number | undefined;
  /** What a tick of the timestamps is; 0: they are not checked. */
  readonly timestampTickUs: number;
  /** Whether each packet of the script is one packet on the wire. */
  readonly strictSegments: boolean;
}

/** Options that change nothing here: how the original program runs, and what it prints. */
const IGNORED = new Set([
  'define', 'dry_run', 'verbose', 'speed', 'init_scripts', 'non_fatal', 'code', 'code_command',
  'code_format', 'code_sockopt', 'persistent_tun_dev', 'wire_client', 'wire_server',
  'wire_client_dev', 'wire_server_ip', 'wire_server_port', 'wire_server_dev', 'send_omit_free',
  'netmask_ip', 'debug', 'fixed_isn',
]);
/** Options that want what there is not here, unless they are given without a value. */
const MISSING: Readonly<Record<string, string>> = {
  udp_encapsulation: 'TCP in UDP', udp_encaps: 'TCP in UDP', so_filename: 'a library of sockets',
  so_flags: 'a library of sockets', mss: 'a card that segments',
};
const KNOWN = [
  'ip_version', 'tolerance_usecs', 'tolerance_percent', 'mtu', 'tcp_ts_tick_usecs',
  'strict_segments', 'local_ip', 'remote_ip', 'gateway_ip', 'bind_port', 'connect_port',
];
/** The most that an Ethernet carries. */
const MOST_MTU = 1500;

/**
 * The settings of a script.
 * @throws ScriptSyntaxError for an option that is wrong; MissingFeature.
 */
export function readSettings({ path, options }: Script): Settings {
  const given = new Map<string, ScriptOption>();
  for (const option of options) {
    const { name, place, value } = option;
    if (IGNORED.has(name)) continue;
    const missing = MISSING[name];
    if (missing !== undefined) throw new MissingFeature(missing);
    if (!KNOWN.includes(name)) {
      const hint = didYouMean(name, KNOWN);
      throw new ScriptSyntaxError(path, place, `--${name} is no option of a script${hint}`);
    }
    if (value === undefined && name !== 'strict_segments') {
      throw new ScriptSyntaxError(path, place, `--${name} needs a value`);
    }
    given.set(name, option);
  }
  const text = (name: string, otherwise: string): string => given.get(name)?.value ?? otherwise;
  const number = (name: string, otherwise: number): number => {
    const option = given.get(name);
    if (option?.value === undefined) return otherwise;
    const value = Number(option.value);
    if (Number.isFinite(value) && value >= 0) return value;
    throw new ScriptSyntaxError(path, option.place, `--${name} is a number, not ${option.value}`);
  };
  const version = text('ip_version', 'ipv4');
  if (version !== 'ipv4') throw new MissingFeature(version === 'ipv6' ? 'IPv6' : `${version}`);
  const mtu = given.has('mtu') ? number('mtu', MOST_MTU) : undefined;
  if (mtu !== undefined && mtu > MOST_MTU) {
    throw new MissingFeature(`an MTU of ${mtu}: an Ethernet carries ${MOST_MTU}`);
  }
  const local = text('local_ip', '192.168.0.1');
  return {
    local: `${local}/16`,
    localAddress: parseAddress(local, 'local_ip'),
    remoteAddress: parseAddress(text('remote_ip', '192.0.2.1'), 'remote_ip'),
    gateway: text('gateway_ip', '192.168.0.2'),
    bindPort: number('bind_port', 8080),
    connectPort: number('connect_port', 8080),
    toleranceNs: number('tolerance_usecs', 4000) * 1000,
    tolerancePercent: number('tolerance_percent', 12.5),
    mtu,
    timestampTickUs: number('tcp_ts_tick_usecs', 0),
    strictSegments: given.has('strict_segments'),
  };
}
