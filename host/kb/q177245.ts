/**
 * Q177245: a connection handle and the handle of its address are closed at the same moment, and
 * each waits for the lock that the other has.
 */

import type { World } from '../machine/world.js';
import type { ScheduledArticle } from './article.js';
import { PATIENCE_NS, SECOND, pairOf } from './scene.js';

const MACHINE = '10.0.0.1';
const OTHER = '10.0.0.2';
const PORT = 7;
const CONNECTIONS = 4;

/** The article. */
export const q177245: ScheduledArticle = {
  number: 'Q177245',
  title: 'Multiprocessor Computer May Hang Because of Tcpip.sys',
  products: 'Windows NT 4.0 to Service Pack 3',
  cause: 'must try to close both simultaneously',
  release: 'nt40sp3',
  fixed: 'nt40sp4',
  settings: {},
  processors: [2, 4],
  provocation:
    `a process of ${MACHINE} ends, and its listener and ${CONNECTIONS} connections close with it;`
    + ` ${OTHER} pings`,
  stage: (options) => pairOf(options, MACHINE, OTHER),
  play,
  alike: 3,
  schedule: { calls: 6, schedules: 100 },
  finds: {
    kind: 'deadlock', rule: 'DEADLOCK', lock: 'TcpipAddress', within: 'tcpip/tcp/association.ts',
    cause: 'TcpipAddress wanted by the holder of TcpConnection in',
  },
};

async function play(world: World): Promise<void> {
  const machine = world.machine('machine');
  const other = world.machine('other');
  const listener = await world.complete(machine.user.listen(PORT), PATIENCE_NS);
  const sockets = [];
  for (let i = 0; i < CONNECTIONS; i++) {
    const accepted = listener.accept();
    await world.complete(other.user.connect(MACHINE, PORT), PATIENCE_NS);
    sockets.push(await world.complete(accepted, PATIENCE_NS));
  }
  await world.run(SECOND);
  // In the order of their handles, had the listener been opened in the middle.
  for (const socket of sockets.splice(CONNECTIONS / 2)) socket.abort();
  listener.close();
  for (const socket of sockets) socket.abort();
  await world.complete(other.ping(MACHINE), PATIENCE_NS);
}
