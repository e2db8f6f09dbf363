import { it, expect } from 'vitest';
import { createWorld } from '../../host/index.js';
it('connects', async () => {
  for (const target of ['checked', 'free'] as const) {
  const world = await createWorld({ target, machines: [
    { name: 'server', address: '10.0.0.1/24' }, { name: 'client', address: '10.0.0.2/24' } ] });
  const [server, client] = [world.machine('server'), world.machine('client')];
  const out = await world.complete((async () => {
    console.log(await client.ping('10.0.0.1'));
    const listener = await server.user.listen(80);
    const [a, b] = await Promise.all([client.user.connect('10.0.0.1', 80), listener.accept()]);
    console.log(a.localPort, b.remotePort, b.remoteAddress, world.clock.now);
    const data = new Uint8Array(100_000).map((_, i) => i * 7);
    const sent = a.send(data).then(() => a.shutdown());
    const got = await b.receiveAll();
    await sent;
    await b.send('bye'); await b.close();
    console.log(got.length, Buffer.compare(got, data), new TextDecoder().decode(await a.receiveAll()));
    await a.close(); listener.close();
    return 1;
  })(), 60e9);
  console.log(out, world.clock.now, world.digest(), client.findings.slice(0,5), server.findings.slice(0,5), client.stopped, server.stopped);
  console.log(client.connections().map(c=>c.state), client.locks().length, client.irql(), client.heldLocks());
  await world.run(300e9);
  console.log(client.connections().map(c=>c.state), world.clock.now, client.kernel.raw.irpsInUse(), client.kernel.raw.runningTimers());
  world.stop();
  for (const m of world.machines) console.log(m.kernel.raw.poolBlocks(), m.poolTags().filter(t=>t.allocations!==t.frees), m.stopped?.message, m.card.stats, m.findingCount);
  }
});
