/**
 * sysctl: what other systems call the settings of their TCP, and which value of our registry each
 * is. What has no value of its own says what holds here instead.
 */

import type { Machine } from '../machine/machine.js';
import { describeParameter, parameterNames } from '../machine/registry.js';
import { MissingFeature } from './syntax.js';

/** A setting: its value where nobody set it, and what setting it means. */
interface Setting {
  readonly initial: number;
  /** The registry's value, where there is one, from that of the setting. */
  readonly parameter?: string;
  readonly convert?: (value: number, sysctls: Sysctls) => number;
  /** The values that ask for what holds here anyway; where not given, all do. */
  readonly holds?: (value: number) => boolean;
}

const isOn = (value: number): number => (value === 0 ? 0 : 1);
const zero = (value: number): boolean => value === 0;
/** Tcp1323Opts: window scaling in bit 0, timestamps in bit 1 (Q224829). */
const BOTH_OPTIONS = 3;
/** The same for net.inet.tcp.rfc1323 (tcp(4)): none, both, scaling alone, timestamps alone. */
const RFC1323 = [0, BOTH_OPTIONS, 1, 2];

/** The shift with which a window can be as large as the largest buffer (RFC 7323, 2.3). */
function shiftOf(octets: number): number {
  let shift = 0;
  while (shift < 14 && 0xffff * 2 ** shift < octets) shift++;
  return shift;
}

/** How often a SYN is sent again before so many milliseconds have passed since the first. */
function retransmissionsOf(ms: number, sysctls: Sysctls): number {
  const most = sysctls.registry('NtstackMaximumRto');
  let timeout = sysctls.registry('TcpInitialRTT');
  let count = 0;
  for (let at = timeout; at < ms; at += timeout) {
    count++;
    timeout = Math.min(timeout * 2, most);
  }
  return count;
}

/** FreeBSD's names, in the order of its manual (tcp(4)), then those of sockets. */
const FREEBSD: Readonly<Record<string, Setting>> = {
  'net.inet.tcp.rfc1323': {
    initial: 1, parameter: 'Tcp1323Opts', convert: (value) => RFC1323[value] ?? BOTH_OPTIONS,
  },
  'net.inet.tcp.sack.enable': { initial: 1, parameter: 'SackOpts', convert: isOn },
  'net.inet.tcp.ecn.enable': { initial: 2, parameter: 'NtstackEcn' },
  'net.inet.tcp.ecn.maxretries': { initial: 1, parameter: 'NtstackEcnRetries' },
  'net.inet.tcp.recvspace': { initial: 65_536, parameter: 'TcpWindowSize' },
  // A socket's own buffer holds what was sent; see Sockets.
  'net.inet.tcp.sendspace': { initial: 32_768 },
  'net.inet.tcp.rexmit_initial': { initial: 1000, parameter: 'TcpInitialRTT' },
  // FreeBSD adds so much to each time-out; the tolerance of the scripts has room for it.
  'net.inet.tcp.rexmit_slop': { initial: 200 },
  'net.inet.tcp.rexmit_drop_options': { initial: 0, parameter: 'NtstackSynDropOptions' },
  'net.inet.tcp.delacktime': { initial: 40, parameter: 'NtstackDelayedAckMs' },
  'net.inet.tcp.keepidle': { initial: 7_200_000, parameter: 'KeepAliveTime' },
  'net.inet.tcp.keepintvl': { initial: 75_000, parameter: 'KeepAliveInterval' },
  'net.inet.tcp.keepcnt': { initial: 8, parameter: 'NtstackKeepAliveProbes' },
  'net.inet.tcp.keepinit': {
    initial: 75_000, parameter: 'TcpMaxConnectRetransmissions', convert: retransmissionsOf,
  },
  'net.inet.tcp.blackhole': { initial: 0, holds: zero },
  'net.inet.tcp.drop_synfin': { initial: 0, parameter: 'NtstackDropSynFin' },
  'net.inet.tcp.insecure_rst': {
    initial: 0, parameter: 'Protect5961', convert: (value) => 1 - isOn(value), holds: zero,
  },
  'net.inet.tcp.insecure_syn': {
    initial: 0, parameter: 'Protect5961', convert: (value) => 1 - isOn(value), holds: zero,
  },
  // Hard errors end a connect, and nothing else (RFC 5927, 5.2).
  'net.inet.tcp.icmp_may_rst': { initial: 1, holds: (value) => value !== 0 },
  // Nothing is remembered of a host from one connection to the next.
  'net.inet.tcp.hostcache.purgenow': { initial: 0 },
  'net.inet.tcp.hostcache.purge': { initial: 0 },
  'net.inet.tcp.msl': { initial: 30_000 },
  'net.inet.ip.ttl': { initial: 64, parameter: 'DefaultTTL' },
  'kern.ipc.maxsockbuf': {
    initial: 2_097_152, parameter: 'NtstackWindowShift', convert: shiftOf,
  },
  'kern.ipc.soacceptqueue': { initial: 128 },
};

/** Linux's names, of which the first number counts. */
const LINUX: Readonly<Record<string, Setting>> = {
  'net.ipv4.tcp_sack': { initial: 1, parameter: 'SackOpts', convert: isOn },
  'net.ipv4.tcp_timestamps': { initial: 1, parameter: 'Tcp1323Opts', convert: (value) => {
    return value === 0 ? 1 : BOTH_OPTIONS;
  } },
  'net.ipv4.tcp_ecn': { initial: 2, parameter: 'NtstackEcn' },
  'net.ipv4.tcp_syn_retries': { initial: 6, parameter: 'TcpMaxConnectRetransmissions' },
  'net.ipv4.tcp_synack_retries': {
    initial: 5, parameter: 'TcpMaxConnectResponseRetransmissions',
  },
  'net.ipv4.tcp_retries2': { initial: 15, parameter: 'TcpMaxDataRetransmissions' },
};

const SETTINGS: Readonly<Record<string, Setting>> = { ...FREEBSD, ...LINUX };

/** The settings of one machine. */
export class Sysctls {
  private readonly values = new Map<string, number>();
  private readonly written = new Map<string, number>();

  constructor(private readonly machine: Machine) {}

  /** A setting's value. @throws MissingFeature for a name that is not known. */
  get(name: string): number {
    return this.values.get(name) ?? settingOf(name).initial;
  }

  /** Sets one. @throws MissingFeature where what it asks for cannot be had. */
  set(name: string, value: number): void {
    this.apply(name, value);
    this.values.set(name, value);
  }

  /** Has the machine heed a value, which is not remembered. @throws MissingFeature as `set`. */
  apply(name: string, value: number): void {
    const setting = settingOf(name);
    const { parameter, convert, holds } = setting;
    if (parameter !== undefined && parameterNames().includes(parameter)) {
      const { least, most } = describeParameter(parameter).range;
      const wanted = convert === undefined ? value : convert(value, this);
      const allowed = Math.min(Math.max(wanted, least), most);
      this.machine.setParameter(parameter, allowed);
      this.written.set(parameter, allowed);
    } else if (!(holds?.(value) ?? (parameter === undefined || value === setting.initial))) {
      throw new MissingFeature(`sysctl ${name}=${value}`);
    }
  }

  /** A registry value as it is now. */
  registry(parameter: string): number {
    const { parameters } = this.machine.settings;
    return this.written.get(parameter) ?? parameters.get(parameter) ?? 0;
  }
}

function settingOf(name: string): Setting {
  const found = SETTINGS[name];
  if (found === undefined) throw new MissingFeature(`sysctl ${name}`);
  return found;
}
