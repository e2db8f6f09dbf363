/**
 * Q243878: a receive releases the lock of its connection twice; the second release takes it from
 * another processor, which has it by then.
 */

import type { World } from '../machine/world.js';
import type { ScheduledArticle } from './article.js';
import { PATIENCE_NS, SECOND, pairOf } from './scene.js';

const MACHINE = '10.0.0.1';
const OTHER = '10.0.0.2';
const PORT = 7;
/** More than the socket of the machine takes before its client asks: tcpip keeps the rest. */
const OCTETS = 150_000;

/** The article. */
export const q243878: ScheduledArticle = {
  number: 'Q243878',
  title: 'Tcpip.sys Hotfixes Dated 4/28/99 to 6/4/99 Replaced',
  products: 'Windows NT 4.0 with hotfixes after Service Pack 5',
  cause: 'attempts to free the same spinlock twice',
  release: 'nt40sp5',
  fixed: 'nt40sp6a',
  settings: {},
  processors: [2],
  provocation: `${OTHER} sends ${OCTETS} octets, which ${MACHINE} receives late and in parts`,
  stage: (options) => pairOf(options, MACHINE, OTHER),
  play,
  alike: 2,
  schedule: { calls: 6, schedules: 1000 },
  finds: {
    kind: 'lock misuse', rule: 'LOCK_RELEASED_BY_OTHER', lock: 'TcpTcb',
    within: 'tcpip/tcp/request.ts', cause: 'TcpTcb released a second time by',
  },
};

async function play(world: World): Promise<void> {
  const machine = world.machine('machine');
  const other = world.machine('other');
  const listener = await world.complete(machine.user.listen(PORT), PATIENCE_NS);
  const accepted = listener.accept();
  const client = await world.complete(other.user.connect(MACHINE, PORT), PATIENCE_NS);
  const socket = await world.complete(accepted, PATIENCE_NS);
  const sent = client.send(new Uint8Array(OCTETS));
  await world.run(SECOND);
  for (let received = 0; received < OCTETS;) {
    const data = await world.complete(socket.receive(), PATIENCE_NS);
    received += data?.length ?? OCTETS;
  }
  await world.complete(sent, PATIENCE_NS);
  socket.abort();
  listener.close();
  await world.run(SECOND);
}
