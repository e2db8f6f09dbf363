/** The cards of a machine: each with an address, a net, and gateways of its own. */

import type { Kernel } from '../kernel/load.js';
import type { Link } from '../link/link.js';
import { formatAddress, parseAddress, parseInterface, parseMac } from './address.js';

/** What a card can be told. */
export interface CardOptions {
  /** Address and network, `10.0.0.1/24`. */
  readonly address: string;
  /** Where it sends what is not in its network; of several the first one that answers. */
  readonly gateway?: string | readonly string[];
  /** The card's address; `02:00` and the IP address where not given. */
  readonly mac?: string;
  /** Whether NetBT is bound to it: then it is a LANA, whose number is the card's. */
  readonly netbios?: boolean;
  /** What it is plugged into; what the machine's first card is where not given. */
  readonly link?: Link;
}

/** A card, checked. */
export interface CardSettings {
  readonly address: number;
  readonly mask: number;
  /** The first of its default gateways; 0: it has none. */
  readonly gateway: number;
  /** All of them, in the order in which they are tried. */
  readonly gateways: readonly number[];
  readonly macHigh: number;
  readonly macLow: number;
  readonly netbios: boolean;
}

/** At most as many as the kernel has room for (ndis/adapter.ts, tcpip/interface.ts). */
const MOST_CARDS = 8;
const MOST_GATEWAYS = 5;

const CARD_OPTIONS: Readonly<Record<keyof CardOptions, true>> = {
  address: true, gateway: true, mac: true, netbios: true, link: true,
};

/**
 * The first card, of a machine's own options, and those beside it.
 * @throws TypeError naming the first option that is wrong, and that nets of two cards overlap.
 */
export function checkCards(
  first: CardOptions, others: readonly CardOptions[] | undefined,
): readonly [CardSettings, ...CardSettings[]] {
  const rest = mustBeCards<CardOptions>(others ?? [], 'cards');
  if (rest.length >= MOST_CARDS) {
    throw new TypeError(`cards: ${rest.length} beside the first, and the kernel has ${MOST_CARDS}`);
  }
  const all: [CardSettings, ...CardSettings[]] = [checkCard(first, '')];
  for (const [i, each] of rest.entries()) {
    if (each.link !== undefined && typeof each.link.attach !== 'function') {
      throw new TypeError(`cards: ${i}: link: a link, as openLink gives it`);
    }
    const card = checkCard(each, `cards: ${i}: `);
    const same = all.find((one) => ((one.address ^ card.address) & one.mask & card.mask) === 0);
    if (same !== undefined) {
      const [one, other] = [same, card].map(({ address }) => formatAddress(address));
      throw new TypeError(`cards: ${one} and ${other} are on one net`);
    }
    all.push(card);
  }
  return all;
}

/**
 * Has IP, and NetBT where it is wanted, on each card of a kernel; `scope`: NetBT's. An NTSTATUS:
 * the first that is an error.
 */
export function bindCards(
  { raw, layout, memory }: Kernel, cards: readonly CardSettings[], scope: Uint8Array,
): number {
  let status = 0;
  const step = (call: () => number): void => {
    if (status >= 0) status = call();
  };
  for (const [i, { address, mask, gateway, gateways }] of cards.entries()) {
    step(() => raw.addInterface(i, address, mask, gateway));
    for (const one of gateways.slice(1)) step(() => raw.addGateway(i, one));
  }
  if (status >= 0 && scope.length > 0) {
    const block = raw.userAllocate(scope.length) >>> 0;
    memory.octets.set(scope, block);
    status = raw.writeNetbtScope(block, scope.length);
    raw.userFree(block);
  }
  for (const [i, { address, mask, netbios }] of cards.entries()) {
    if (netbios) step(() => raw.bindNetbt(i, address, mask));
  }
  if (cards.some(({ netbios }) => netbios)) {
    step(() => raw.bindNetbt(layout.sizes.MAXIMUM_ADAPTERS, 0, 0));
  }
  return status;
}

/**
 * The cards that are `given`, each an object with an address and no option that is none.
 * @throws TypeError naming the first that is not.
 */
export function mustBeCards<T extends { readonly address: string }>(
  given: unknown, where: string,
): readonly T[] {
  if (given === undefined) return [];
  if (!Array.isArray(given)) {
    throw new TypeError(`${where}: a list of cards, each with its address`);
  }
  for (const [i, card] of given.entries()) mustBeCard(card, `${where}: ${i}`);
  return given as readonly T[];
}

function mustBeCard(given: unknown, where: string): void {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${where}: a card is { address }, and not ${String(given)}`);
  }
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(CARD_OPTIONS, name)) {
      throw new TypeError(`${where}: a card has no ${name}`);
    }
  }
  const { address, netbios } = given as Partial<CardOptions>;
  if (typeof address !== 'string') {
    throw new TypeError(`${where}: a card is { address }, like 10.0.0.1/24`);
  }
  if (netbios !== undefined && typeof netbios !== 'boolean') {
    throw new TypeError(`${where}: netbios: true or false, and not ${String(netbios)}`);
  }
}

function checkCard(card: CardOptions, where: string): CardSettings {
  const { address, mask } = parseInterface(card.address, `${where}address`);
  const mac = card.mac === undefined ? { high: 0x0200, low: address } : parseMac(card.mac);
  const gateways = gatewaysOf(card.gateway, address, mask, `${where}gateway`);
  return {
    address,
    mask,
    gateway: gateways[0] ?? 0,
    gateways,
    macHigh: mac.high,
    macLow: mac.low,
    netbios: card.netbios ?? false,
  };
}

function gatewaysOf(
  given: string | readonly string[] | undefined, address: number, mask: number, what: string,
): number[] {
  const all = given === undefined ? [] : [given].flat();
  if (all.length > MOST_GATEWAYS) {
    throw new TypeError(`${what}: ${all.length}, and a card has ${MOST_GATEWAYS} at most`);
  }
  return all.map((each) => {
    const gateway = parseAddress(each, what);
    if (((gateway ^ address) & mask) === 0) return gateway;
    throw new TypeError(`${what}: ${each} is not on the net of ${formatAddress(address)}`);
  });
}
