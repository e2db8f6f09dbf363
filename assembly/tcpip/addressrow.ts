/** Which addresses are open, for the host: what netstat -a shows besides connections. */

import { at } from "../nt/embed";
import { KeAcquireSpinLock, KeReleaseSpinLock, mustHold } from "../ke/spinlock";
import { TdiDefaultConnectHandler } from "../tdi/event";
import { ADDRESS_BUCKETS, addressLock, firstAddressLocked } from "./address";

/** An open address. */
@unmanaged
class AddressRow {
  address: u32;
  port: u32;
  protocol: u32;
  /** 1: connections that come in are taken. */
  listens: u32;
}
const ROW: usize = 16;
if (offsetof<AddressRow>() != ROW) ERROR("host/kernel/inspect.ts reads AddressRow as 16 octets");

/** How many rows there are, and behind that the rows. */
@unmanaged
class AddressRows {
  count: u32;
}
const MOST_ROWS: u32 = 255;
const ROWS: usize = memory.data(4096);

/** Where the rows of all open addresses lie, as many as there is room for: one look at a time. */
export function addressRows(): usize {
  const irql = KeAcquireSpinLock(addressLock());
  writeRowsLocked();
  KeReleaseSpinLock(addressLock(), irql);
  return ROWS;
}

function writeRowsLocked(): void {
  mustHold(addressLock());
  let count: u32 = 0;
  for (let i: u32 = 0; i < ADDRESS_BUCKETS; i++) {
    let one = firstAddressLocked(i);
    while (one != null && count < MOST_ROWS) {
      const row = at<AddressRow>(ROWS, ROW * (count + 1));
      row.address = one.address;
      row.port = one.port;
      row.protocol = one.protocol;
      row.listens = one.handlers.connect == TdiDefaultConnectHandler ? 0 : 1;
      count++;
      one = one.next;
    }
  }
  changetype<AddressRows>(ROWS).count = count;
}
