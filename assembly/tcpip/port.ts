/** Which ports are taken. The caller holds the address lock. */

import { Parameter, queryParameter } from "../ex/registry";
import { Protocol } from "../wire/ipv4";

/** One bit for each port: TCP, then UDP. */
const BITS: usize = memory.data(16384);
const BITS_EACH: usize = 8192;

/** NT: ephemeral ports are 1024 to MaxUserPort (Q149532). */
const FIRST_EPHEMERAL: u32 = 1024;

@unmanaged
class Word {
  value: u32;
}

/** Where the next search for an ephemeral port begins: TCP, then UDP. */
const NEXT: usize = memory.data(8);

function indexOf(protocol: Protocol): usize {
  return protocol == Protocol.TCP ? 0 : 1;
}

function wordOf(protocol: Protocol, port: u32): Word {
  return changetype<Word>(BITS + indexOf(protocol) * BITS_EACH + <usize>(port >>> 5 << 2));
}

function nextOf(protocol: Protocol): Word {
  return changetype<Word>(NEXT + indexOf(protocol) * 4);
}

/** Takes `port`; false when it is taken. */
export function takePort(protocol: Protocol, port: u32): bool {
  const word = wordOf(protocol, port);
  const bit = (<u32>1) << (port & 31);
  if (word.value & bit) return false;
  word.value |= bit;
  return true;
}

/** Takes the next free port above 1023; 0 when all are taken. */
export function takeEphemeralPort(protocol: Protocol): u32 {
  const next = nextOf(protocol);
  const last = queryParameter(Parameter.MaxUserPort);
  const many = last - FIRST_EPHEMERAL + 1;
  for (let tried: u32 = 0; tried < many; tried++) {
    const port = FIRST_EPHEMERAL + next.value % many;
    next.value = (port - FIRST_EPHEMERAL + 1) % many;
    if (takePort(protocol, port)) return port;
  }
  return 0;
}

/** Gives `port` back. */
export function releasePort(protocol: Protocol, port: u32): void {
  wordOf(protocol, port).value &= ~((<u32>1) << (port & 31));
}
