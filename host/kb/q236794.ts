/**
 * Q236794: a connection is noted as the one found last when the table is not locked any more, and
 * its time-out takes it out of the table in between: the note is of a connection that is freed.
 */

import { FrameBatch } from '../link/batch.js';
import { synFrame } from '../load/frame.js';
import { parseAddress } from '../machine/address.js';
import type { World } from '../machine/world.js';
import type { ScheduledArticle } from './article.js';
import { PATIENCE_NS, SECOND, pairOf } from './scene.js';

const MACHINE = '10.0.0.1';
const OTHER = '10.0.0.2';
/** Who connects and never hears the answer. */
const DEAF = '10.0.0.3';
const PORT = 7;
const SOURCE_PORT = 1025;
/** From the first SYN: the SYN-ACK goes at 0 and 3 seconds, and 6 after that nothing came. */
const GIVEN_UP_NS = 9 * SECOND;
/** SYNs about that time, and how far they are apart. */
const SYNS = 16;
const APART_NS = 5e6;

/** The article. */
export const q236794: ScheduledArticle = {
  number: 'Q236794',
  title: '"STOP 0x0000000A" in Ntoskrnl.exe Caused by Race Condition in Tcpip.sys',
  products: 'Windows NT Server 4.0, Terminal Server Edition, Service Pack 4',
  cause: 'condition between FindTCB and TCBTimeout for LastTCB',
  release: 'nt40sp4',
  fixed: 'nt40sp5',
  settings: { TcpMaxConnectResponseRetransmissions: 1 },
  processors: [2],
  provocation: `${DEAF} repeats its SYN just when ${MACHINE} gives the half-open connection up`,
  stage: (options) => pairOf(options, MACHINE, OTHER),
  play,
  alike: 4,
  schedule: { calls: 5, schedules: 4000 },
  finds: {
    kind: 'reference count', rule: 'REFERENCE_COUNT', lock: 'LastTCB',
    within: 'tcpip/tcp/find.ts', cause: 'LastTCB, which is freed, used by',
  },
};

async function play(world: World): Promise<void> {
  const machine = world.machine('machine');
  const port = world.link.attach({ receive: () => {} });
  const { address, macHigh, macLow } = machine.settings;
  const batch = new FrameBatch(1);
  const frame = synFrame({ high: 0x0200, low: 0x0a00_0003 }, { high: macHigh, low: macLow });
  frame.write({
    source: parseAddress(DEAF), target: address, sourcePort: SOURCE_PORT, targetPort: PORT,
    sequence: 1, identification: 1,
  });
  batch.push(frame.octets);
  const listener = await world.complete(machine.user.listen(PORT), PATIENCE_NS);
  port.send(batch);
  await world.run(GIVEN_UP_NS - SYNS / 2 * APART_NS);
  for (let i = 0; i < SYNS; i++) {
    port.send(batch);
    await world.run(APART_NS);
  }
  listener.close();
  await world.run(SECOND);
  port.close();
}
