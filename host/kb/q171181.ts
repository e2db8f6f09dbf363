/**
 * Q171181: a connection that ends takes the lock of the connection table while it holds its own; a
 * segment for it takes the two the other way round.
 */

import type { World } from '../machine/world.js';
import type { ScheduledArticle } from './article.js';
import { PATIENCE_NS, SECOND, pairOf } from './scene.js';

const MACHINE = '10.0.0.1';
const OTHER = '10.0.0.2';
const PORT = 7;
const CONNECTIONS = 4;
/** Longer than a frame is on its way. */
const MOMENT_NS = 1e6;

/** The article. */
export const q171181: ScheduledArticle = {
  number: 'Q171181',
  title: 'Deadlock in TCP/IP on Multiprocessor Computers',
  products: 'Windows NT 4.0 to Service Pack 3',
  cause: 'then the calling function tries to lock the TCBTableLock',
  release: 'nt40sp3',
  fixed: 'nt40sp4',
  settings: {},
  processors: [2],
  provocation:
    `${OTHER} sends to ${CONNECTIONS} connections that ${MACHINE} aborts as the segments come`,
  stage: (options) => pairOf(options, MACHINE, OTHER),
  play,
  alike: 2,
  schedule: { calls: 5, schedules: 100 },
  finds: {
    kind: 'deadlock', rule: 'DEADLOCK', lock: 'TcpTable', within: 'tcpip/tcp/settle.ts',
    cause: 'TcpTable wanted by the holder of a TcpTcb in',
  },
};

async function play(world: World): Promise<void> {
  const machine = world.machine('machine');
  const other = world.machine('other');
  const listener = await world.complete(machine.user.listen(PORT), PATIENCE_NS);
  for (let i = 0; i < CONNECTIONS; i++) {
    const accepted = listener.accept();
    const client = await world.complete(other.user.connect(MACHINE, PORT), PATIENCE_NS);
    const socket = await world.complete(accepted, PATIENCE_NS);
    await world.run(SECOND);
    await world.complete(client.send('stress'), PATIENCE_NS);
    await world.run(MOMENT_NS);
    socket.abort();
    await world.run(SECOND);
  }
  listener.close();
}
