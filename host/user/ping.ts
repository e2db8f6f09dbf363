/** Echo: is somebody there, and how far away. */

import { parseAddress } from '../machine/address.js';
import { mustBeWithin, mustKnow } from '../machine/options.js';
import type { EchoOptions, EchoReply } from '../machine/usermode.js';
import type { Desk } from './desk.js';

/** What the prompt's ping sends and waits. */
const OCTETS = 32;
const TIMEOUT_MS = 1000;
/** The most octets of an echo: 65,535 without the headers of IP and ICMP. */
const MOST_OCTETS = 65_507;
const LONGEST_MS = 3_600_000;

/**
 * Sends an echo request, in pieces where a frame has too little room. The reply tells the name of
 * its NTSTATUS; where every processor is stuck above PASSIVE_LEVEL there is none.
 * @throws TypeError for an address or an option that is wrong.
 */
export async function ping(desk: Desk, host: string, options: EchoOptions): Promise<EchoReply> {
  const address = parseAddress(host, 'host');
  mustKnow(options, ['octets', 'timeoutMs'], 'an echo');
  const octets = mustBeWithin('octets', options.octets ?? OCTETS, 0, MOST_OCTETS);
  const timeoutMs = mustBeWithin('timeoutMs', options.timeoutMs ?? TIMEOUT_MS, 1, LONGEST_MS);
  return desk.request((waiter) => {
    const status = desk.raw.echo(address, octets, timeoutMs, {
      onEvent(_events, result, roundTripUs) {
        const status = desk.nameOf(result);
        waiter.resolve({ status, roundTripUs: result === 0 ? roundTripUs : 0 });
      },
    });
    if (status < 0) waiter.resolve({ status: desk.nameOf(status), roundTripUs: 0 });
  });
}
