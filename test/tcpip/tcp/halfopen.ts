/** Who listens behind a SYN cache, and who has sent a SYN and no more. */

import { SYN } from '../../wireside/build.js';
import type { Bench } from '../../wireside/fixture.js';
import type { MachineOptions } from '../../wireside/machine.js';
import { Peer } from '../../wireside/peer.js';

/** A kernel of today on which somebody listens at port 80. */
export function listening(
  make: (options?: MachineOptions) => Bench, parameters: Record<string, number> = {}, backlog = 5,
): Bench & { listener: number } {
  const one = make({ release: 'modern', parameters });
  one.machine.meet();
  return { ...one, listener: one.user.listen(80, backlog) };
}

/** A peer that has sent its SYN, and heard the answer. */
export function halfOpen({ machine }: Bench, port = 4000, agrees?: Uint8Array): Peer {
  const peer = new Peer(machine, { port, ours: 80, ...agrees === undefined ? {} : { agrees } });
  peer.say(SYN);
  const [answer] = peer.heard();
  if (answer === undefined) throw new Error('no answer to a SYN');
  peer.ack = (answer.sequence + 1) >>> 0;
  return peer;
}
