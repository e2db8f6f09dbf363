/** What a name came to: its addresses. Of a tracker, of a name that is remembered, of LMHOSTS. */

import { FOUND_OCTETS, FoundName, MOST_ADDRESSES } from "../tdi/netbt";
import { NB_ENTRY, nbAddress, nbFlags } from "../wire/nbname";
import { NetbtDevice } from "./device";

/** The addresses of a name. */
@unmanaged
export class NameAnswer extends FoundName {
  /** One more; false: there are as many as may be. */
  add(address: u32): bool {
    if (this.count >= MOST_ADDRESSES) return false;
    this.word(this.count).value = address;
    this.count++;
    return true;
  }
  /** One alone. */
  set(flags: u32, address: u32): void {
    this.flags = flags;
    this.count = 0;
    this.add(address);
  }
}
/** Octets of a NameAnswer. */
export const ANSWER_OCTETS: usize = FOUND_OCTETS;

/** Copies an answer. */
export function copyAnswer(target: NameAnswer, source: NameAnswer): void {
  target.flags = source.flags;
  target.count = 0;
  for (let i: u32 = 0; i < source.count; i++) target.add(source.addressAt(i));
}

/** Reads the data of an NB record, `length` octets; false: it is no list of addresses. */
export function readAnswer(answer: NameAnswer, data: usize, length: u32): bool {
  const count = length / NB_ENTRY;
  if (count == 0 || count * NB_ENTRY != length) return false;
  answer.flags = nbFlags(data);
  answer.count = 0;
  const most = count < MOST_ADDRESSES ? count : MOST_ADDRESSES;
  for (let i: u32 = 0; i < most; i++) answer.add(nbAddress(data + i * NB_ENTRY));
  return true;
}

/** The address to go to: one on the device's own net, else the first; 0: there is none. */
export function bestAddress(answer: NameAnswer, device: NetbtDevice): u32 {
  for (let i: u32 = 0; i < answer.count; i++) {
    if (((answer.addressAt(i) ^ device.address) & device.mask) == 0) return answer.addressAt(i);
  }
  return answer.count == 0 ? 0 : answer.addressAt(0);
}
