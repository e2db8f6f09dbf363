/** IPv4 addresses and Ethernet addresses: text to numbers and back. */

/** An interface's address: `10.0.0.1/24`. */
export interface InterfaceAddress {
  readonly address: number;
  readonly mask: number;
}

/**
 * `10.0.0.1` as a number, the first octet highest.
 * @throws TypeError naming `what` where it is no address.
 */
export function parseAddress(text: string, what = 'address'): number {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(String(text));
  const parts = (match ?? []).slice(1).map(Number);
  if (match === null || parts.some((part) => part > 255)) {
    throw new TypeError(`${what}: '${text}' is no IPv4 address, like 10.0.0.1`);
  }
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** The text of an address. */
export function formatAddress(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 0xff).join('.');
}

/**
 * `10.0.0.1/24` as address and mask.
 * @throws TypeError naming `what` where it is not so written.
 */
export function parseInterface(text: string, what = 'address'): InterfaceAddress {
  const match = /^([^/]*)\/(\d{1,2})$/.exec(String(text));
  const length = Number(match?.[2] ?? NaN);
  if (match === null || !(length >= 1 && length <= 32)) {
    throw new TypeError(`${what}: '${text}' is no address with its network, like 10.0.0.1/24`);
  }
  const mask = (0xffff_ffff << (32 - length)) >>> 0;
  const address = parseAddress(match[1] as string, what);
  if (!isHost(address, mask)) throw new TypeError(`${what}: '${text}' is no address of one host`);
  return { address, mask };
}

/** Not a loopback's, a group's, nobody's; not its network's own, nor everybody's in it. */
function isHost(address: number, mask: number): boolean {
  const net = address >>> 24;
  if (net === 0 || net === 127 || net >= 224) return false;
  const host = (address & ~mask) >>> 0;
  const most = ~mask >>> 0;
  return most < 2 || (host !== 0 && host !== most);
}

/**
 * `02:00:0a:00:00:01` as its first two octets and the other four.
 * @throws TypeError where it is no address of one station.
 */
export function parseMac(text: string): { readonly high: number; readonly low: number } {
  const match = /^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.exec(String(text));
  const digits = String(text).replaceAll(/[:-]/g, '');
  const high = Number.parseInt(digits.slice(0, 4), 16);
  if (match === null || (high & 0x0100) !== 0) {
    throw new TypeError(`mac: '${text}' is no station's address, like 02:00:0a:00:00:01`);
  }
  return { high, low: Number.parseInt(digits.slice(4), 16) };
}

/** A port. @throws TypeError naming `what` where it is none. */
export function checkPort(port: number, least: number, what = 'port'): number {
  if (!Number.isInteger(port) || port < least || port > 0xffff) {
    throw new TypeError(`${what}: ${String(port)} is no port; the range is ${least}..65535`);
  }
  return port;
}
