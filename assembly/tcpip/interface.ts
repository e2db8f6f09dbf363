/** An interface: an address on a card. */

import { at } from "../nt/embed";
import { InterlockedExchangeAdd } from "../ex/interlocked";
import { ExAllocate, ExFree } from "../ex/pool";
import { Parameter, queryParameter } from "../ex/registry";
import { Tag } from "../ex/tag";
import { Adapter, MAXIMUM_ADAPTERS } from "../ndis/adapter";
import { LIMITED_BROADCAST } from "../wire/ipv4";

/** Default gateways of an interface at most: as many as NT's control panel takes. */
export const MAXIMUM_GATEWAYS: u32 = 5;

/** One address on one card. Does not change while the driver runs, but for who the gateway is. */
@unmanaged
export class Interface {
  adapter: Adapter;
  address: u32;
  mask: u32;
  mtu: u32;
  // Written under `lock()` of route.ts:
  /** The default gateway that routes begin with, or 0. */
  gateway: u32;
  /** All of them, in the order in which they are tried. */
  gatewayCount: u32;
  private gateway0: u32;
  private gateway1: u32;
  private gateway2: u32;
  private gateway3: u32;
  private gateway4: u32;
  // Counted interlocked:
  /** IP's identification of the next datagram. */
  nextIdentification: u32;
  /** The broadcast address of its net. */
  get broadcast(): u32 {
    return this.address | ~this.mask;
  }
  /** Its default gateway of that number, which is below `gatewayCount`. */
  gatewayAt(index: u32): u32 {
    return at<Word>(changetype<usize>(this) + offsetof<this>("gateway0"), <usize>index << 2).value;
  }
  /** One more; there is room for it. Before traffic comes. Under `lock()` of route.ts. */
  appendGateway(address: u32): void {
    const base = changetype<usize>(this) + offsetof<this>("gateway0");
    at<Word>(base, <usize>this.gatewayCount << 2).value = address;
    if (this.gatewayCount == 0) this.gateway = address;
    this.gatewayCount++;
  }
}

@unmanaged
class Word {
  value: u32;
}

/**
 * IP's identification of a datagram on `via`: no other has it before 2^16 more (RFC 791, 3.2),
 * whichever processor sends it. NT: counted as the processor has words, so that on the wire it is
 * the first octet that moves. IRQL: any.
 */
export function takeIdentification(via: Interface): u32 {
  const word = changetype<usize>(via) + offsetof<Interface>("nextIdentification");
  const identification = InterlockedExchangeAdd(word, 1);
  if (queryParameter(Parameter.NtstackIdLowFirst) == 0) return identification;
  return ((identification & 0xff) << 8) | ((identification >>> 8) & 0xff);
}

/** One for each card. */
@unmanaged
class Slot {
  value: Interface | null;
}
const TABLE: usize = memory.data(32);
if (MAXIMUM_ADAPTERS * 4 > 32) ERROR("TABLE");

function slotAt(index: u32): Slot {
  return changetype<Slot>(TABLE + (<usize>index << 2));
}

@unmanaged
class Extent {
  end: u32;
}
const EXTENT: usize = memory.data(4);

function extent(): Extent {
  return changetype<Extent>(EXTENT);
}

/** The number behind that of the last card that has had an interface. IRQL: any. */
export function interfacesEnd(): u32 {
  return extent().end;
}

/** The interface on the card of that number, or null. */
export function interfaceAt(index: u32): Interface | null {
  return slotAt(index).value;
}

/** An interface on `adapter`; null when there is no memory. IRQL: PASSIVE_LEVEL. */
export function addInterface(
  adapter: Adapter,
  address: u32,
  mask: u32,
  gateway: u32,
  mtu: u32,
): Interface | null {
  const made = ExAllocate<Interface>(Tag.Interface);
  if (made == null) return null;
  made.adapter = adapter;
  made.address = address;
  made.mask = mask;
  if (gateway != 0) made.appendGateway(gateway);
  made.mtu = mtu < adapter.mtu ? mtu : adapter.mtu;
  made.nextIdentification = 1;
  slotAt(adapter.index).value = made;
  if (adapter.index >= interfacesEnd()) extent().end = adapter.index + 1;
  return made;
}

/** Takes the interface away from its card. IRQL: PASSIVE_LEVEL. */
export function removeInterface(index: u32): void {
  const gone = slotAt(index).value;
  if (gone == null) return;
  slotAt(index).value = null;
  ExFree(gone);
}

/** The interface that has `address`, or null. */
export function interfaceOf(address: u32): Interface | null {
  const end = interfacesEnd();
  for (let i: u32 = 0; i < end; i++) {
    const one = interfaceAt(i);
    if (one != null && one.address == address) return one;
  }
  return null;
}

/** 127.0.0.0/8 */
export function isLoopback(address: u32): bool {
  return address >>> 24 == 127;
}

/** True when `address` is one of this machine's. */
export function isOurs(address: u32): bool {
  return isLoopback(address) || interfaceOf(address) != null;
}

/** True when `address` means everybody on the net of `on`; all zeros is BSD's old broadcast. */
export function isBroadcast(on: Interface, address: u32): bool {
  return (
    address == LIMITED_BROADCAST ||
    (address & on.mask) == (on.address & on.mask) &&
      ((address | on.mask) == LIMITED_BROADCAST || (address & ~on.mask) == 0)
  );
}

/** The first interface there is, or null. */
export function firstInterface(): Interface | null {
  const end = interfacesEnd();
  for (let i: u32 = 0; i < end; i++) {
    const one = interfaceAt(i);
    if (one != null) return one;
  }
  return null;
}
