/** What a client of TDI asks of a connection endpoint, beyond what our own drivers ask. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../../compile.js';
import { ACK, SYN, THEM } from '../../wireside/build.js';
import { it } from '../../wireside/fixture.js';
import type { Machine } from '../../wireside/machine.js';
import { pattern } from '../../wireside/octets.js';
import { Peer } from '../../wireside/peer.js';

const PORT = 80;
const OTHER_PORT = 81;
let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/tcpip/client.ts', {
    checked: true, kernel: true, optimize: 0,
  });
});

/** Calls a routine of the client; the name of the status that it gives. */
function ask(machine: Machine, routine: string, ...words: number[]): string {
  const exports = machine.raw as unknown as Record<string, (...words: number[]) => number>;
  return machine.kernel.word('Status', machine.call(() => exports[routine]?.(...words) ?? 0));
}

/** The octets that came of its last TDI_RECEIVE. */
function received({ raw }: Machine): Uint8Array {
  const exports = raw as unknown as Record<string, () => number>;
  const asked = ['clientReceived', 'clientBuffer'].map((name) => exports[name]?.());
  const [count = 0, buffer = 0] = asked;
  return new Uint8Array(raw.memory.buffer, buffer, count).slice();
}

describe('tcpip/tcp/request', () => {
  it('takes an endpoint away from its address, and gives both back', ({ bench }) => {
    const { machine } = bench({ module });
    expect(ask(machine, 'clientOpen', PORT)).toBe('SUCCESS');
    expect(ask(machine, 'clientDisassociate')).toBe('ADDRESS_NOT_ASSOCIATED');
    expect(ask(machine, 'clientAssociate')).toBe('SUCCESS');
    expect(ask(machine, 'clientAssociate')).toBe('ADDRESS_ALREADY_ASSOCIATED');
    expect(ask(machine, 'clientDisassociate')).toBe('SUCCESS');
    expect(ask(machine, 'clientDisassociate')).toBe('ADDRESS_NOT_ASSOCIATED');
    ask(machine, 'clientClose');
  });

  it('leaves the endpoint of a connection to its address', ({ bench }) => {
    const { machine } = bench({ module });
    ask(machine, 'clientOpen', PORT);
    ask(machine, 'clientAssociate');
    expect(ask(machine, 'clientConnect', THEM, 4000)).toBe('PENDING');
    expect(ask(machine, 'clientDisassociate')).toBe('CONNECTION_ACTIVE');
    ask(machine, 'clientClose');
  });

  it('keeps what follows the text that a waiting TDI_RECEIVE took', ({ bench }) => {
    const { machine } = bench({ module });
    ask(machine, 'clientOpen', PORT);
    ask(machine, 'clientAssociate');
    ask(machine, 'clientConnect', THEM, 4000);
    const peer = new Peer(machine, { port: 4000 });
    peer.heard();
    peer.ack = peer.kernels + 1;
    peer.say(SYN | ACK);
    expect(ask(machine, 'clientReceive')).toBe('PENDING');
    const base = peer.next;
    peer.say(ACK, { sequence: base + 10, data: pattern(10, 10) });
    expect(received(machine)).toEqual(new Uint8Array(0));
    // It fills the gap, and the request; what was behind the gap waits for another one.
    peer.say(ACK, { data: pattern(10) });
    expect(received(machine)).toEqual(pattern(10));
    expect(peer.lines().at(-1)).toBe('. 1(0) ack 21');
    ask(machine, 'clientReceive');
    expect(received(machine)).toEqual(pattern(10, 10));
    ask(machine, 'clientClose');
  });

  it('resets a late connection for which the client gives an endpoint in use', ({ bench }) => {
    const { machine, user } = bench({
      module, parameters: { SynAttackProtect: 2, TcpMaxPortsExhausted: 3 },
    });
    ask(machine, 'clientOpen', PORT);
    ask(machine, 'clientAssociate');
    expect(ask(machine, 'clientConnect', THEM, 4000)).toBe('PENDING');
    // Its backlog is full after the first: the others are refused, until the attack is seen.
    user.listen(OTHER_PORT, 1);
    for (let i = 0; i < 5; i++) new Peer(machine, { port: 6000 + i, ours: OTHER_PORT }).say(SYN);
    machine.take();
    const peer = new Peer(machine, { port: 5000, ours: PORT });
    peer.say(SYN);
    expect(peer.lines()).toEqual(['S. 0(0) ack 1']);
    expect(machine.traced('TCP_SYN_ATTACK_DETECTED')).toBe(1);
    peer.ack = peer.kernels + 1;
    peer.say(ACK);
    expect(peer.lines()).toEqual(['R 1(0)']);
    ask(machine, 'clientClose');
  });
});
