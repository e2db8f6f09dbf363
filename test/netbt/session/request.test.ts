/**
 * What a client of TDI asks of an endpoint of \Device\NetBT, beyond what our own drivers ask:
 * TDI_LISTEN, requests that are cancelled, and calls that are sent elsewhere.
 */

import { beforeAll, describe, expect } from 'vitest';
import { netbiosName } from '../../../host/wire/nbname.js';
import { compileModule } from '../../compile.js';
import { ACK, SYN, THEM } from '../../wireside/build.js';
import type { Bench } from '../../wireside/fixture.js';
import { it } from '../../wireside/fixture.js';
import type { Machine, MachineOptions } from '../../wireside/machine.js';
import { Peer } from '../../wireside/peer.js';
import { sessionRequest } from '../session.js';

/** The kernel is compiled first, where nobody did so before. */
const COMPILES_MS = 400_000;
const PORT = 139;
const POSITIVE = Uint8Array.of(0x82, 0, 0, 0);
let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/netbt/client.ts', {
    checked: true, kernel: true, optimize: 0,
  });
}, COMPILES_MS);

/** Calls a routine of the client; what it gives. */
function call(machine: Machine, routine: string, ...words: number[]): number {
  const exports = machine.raw as unknown as Record<string, (...words: number[]) => number>;
  return machine.call(() => exports[routine]?.(...words) ?? 0);
}

/** As `call`; the name of the status that it gives. */
function ask(machine: Machine, routine: string, ...words: number[]): string {
  return machine.kernel.word('Status', call(machine, routine, ...words));
}

/** A machine with a client whose endpoint is associated with CLIENT<00>, and that calls SERVER. */
function clientOf(bench: (options?: MachineOptions) => Bench): Machine {
  const { machine } = bench({ module, netbios: true });
  machine.meet();
  for (const [which, name] of ['CLIENT<00>', 'SERVER<20>'].entries()) {
    const at = call(machine, 'clientName', which) >>> 0;
    machine.kernel.memory.octets.set(netbiosName(name), at);
    machine.kernel.memory.setWord(at + 16, machine.number('NetbiosNameType.QUICK_UNIQUE'));
  }
  expect(ask(machine, 'clientOpen')).toBe('SUCCESS');
  expect(ask(machine, 'clientAssociate')).toBe('SUCCESS');
  return machine;
}

function leave(machine: Machine): void {
  call(machine, 'clientCloseEndpoint');
  call(machine, 'clientCloseAddress');
}

/** A peer that has connected to the machine's port 139. */
function caller(machine: Machine, port: number): Peer {
  const peer = new Peer(machine, { port, ours: PORT });
  peer.say(SYN);
  const [answer] = peer.heard();
  peer.ack = ((answer?.sequence ?? 0) + 1) >>> 0;
  peer.say(ACK);
  return peer;
}

/** The peer at `address` and `port`, whom the machine has called, has agreed to TCP. */
function called(machine: Machine, address: number, port: number): Peer {
  const peer = new Peer(machine, { address, port });
  const [first] = peer.heard();
  expect(first?.flags).toBe(SYN);
  peer.ack = ((first?.sequence ?? 0) + 1) >>> 0;
  peer.say(SYN | ACK);
  peer.listen('ack');
  expect(peer.text[0]).toBe(0x81);
  return peer;
}

/** SESSION RETARGET RESPONSE */
function elsewhere(address: number, port: number): Uint8Array {
  const octets = new DataView(new ArrayBuffer(10));
  octets.setUint32(0, 0x8400_0006);
  octets.setUint32(4, address);
  octets.setUint16(8, port);
  return new Uint8Array(octets.buffer);
}

describe('netbt/session/request', () => {
  it('takes an endpoint away from its address, and gives both back', ({ bench }) => {
    const machine = clientOf(bench);
    expect(ask(machine, 'clientAssociate')).toBe('ADDRESS_ALREADY_ASSOCIATED');
    expect(ask(machine, 'clientDisassociate')).toBe('SUCCESS');
    expect(ask(machine, 'clientDisassociate')).toBe('ADDRESS_NOT_ASSOCIATED');
    expect(ask(machine, 'clientListen')).toBe('ADDRESS_NOT_ASSOCIATED');
    leave(machine);
  });

  it('listens until it is cancelled, and again until it is closed', ({ bench }) => {
    const machine = clientOf(bench);
    expect(ask(machine, 'clientListen')).toBe('PENDING');
    expect(ask(machine, 'clientDisassociate')).toBe('CONNECTION_ACTIVE');
    expect(call(machine, 'clientCancel')).toBe(1);
    expect(ask(machine, 'clientStatus')).toBe('CANCELLED');
    expect(ask(machine, 'clientListen')).toBe('PENDING');
    call(machine, 'clientCloseEndpoint');
    expect(ask(machine, 'clientStatus')).toBe('CANCELLED');
    call(machine, 'clientCloseAddress');
  });

  it('listens for a session, and receives until that is cancelled', ({ bench }) => {
    const machine = clientOf(bench);
    ask(machine, 'clientListen');
    const peer = caller(machine, 4000);
    peer.say(ACK, { data: sessionRequest('CLIENT<00>', 'SERVER<20>') });
    peer.listen('ack');
    expect(Uint8Array.from(peer.text)).toEqual(POSITIVE);
    expect(ask(machine, 'clientStatus')).toBe('SUCCESS');
    expect(ask(machine, 'clientListen')).toBe('CONNECTION_ACTIVE');
    expect(ask(machine, 'clientReceive', 10)).toBe('PENDING');
    expect(call(machine, 'clientCancel')).toBe(1);
    expect(ask(machine, 'clientStatus')).toBe('CANCELLED');
    expect(ask(machine, 'clientReceive', 10)).toBe('PENDING');
    peer.say(ACK, { data: Uint8Array.of(0, 0, 0, 3, 1, 2, 3) });
    expect(ask(machine, 'clientStatus')).toBe('SUCCESS');
    leave(machine);
  });

  it('calls until that is cancelled, or its endpoint is closed', ({ bench }) => {
    const machine = clientOf(bench);
    expect(ask(machine, 'clientConnect', THEM)).toBe('PENDING');
    expect(call(machine, 'clientCancel')).toBe(1);
    expect(ask(machine, 'clientStatus')).toBe('CANCELLED');
    expect(ask(machine, 'clientConnect', 0)).toBe('PENDING');
    expect(ask(machine, 'clientDisassociate')).toBe('CONNECTION_ACTIVE');
    call(machine, 'clientCloseEndpoint');
    expect(ask(machine, 'clientStatus')).toBe('CANCELLED');
    call(machine, 'clientCloseAddress');
  });

  it('calls where a response sends it, so often and no oftener', ({ bench }) => {
    const machine = clientOf(bench);
    machine.stations.set(THEM + 1, Uint8Array.of(2, 0, 0, 0, 0, 9));
    expect(ask(machine, 'clientConnect', THEM)).toBe('PENDING');
    called(machine, THEM, PORT).say(ACK, { data: elsewhere(THEM + 1, 2000) });
    for (const port of [2000, 2001, 2002]) {
      expect(ask(machine, 'clientStatus')).toBe('PENDING');
      called(machine, THEM + 1, port).say(ACK, { data: elsewhere(THEM + 1, port + 1) });
    }
    const last = called(machine, THEM + 1, 2003);
    last.say(ACK, { data: elsewhere(THEM + 1, 2004) });
    expect(ask(machine, 'clientStatus')).toBe('BAD_NETWORK_PATH');
    machine.take();
    expect(ask(machine, 'clientConnect', THEM)).toBe('PENDING');
    called(machine, THEM, PORT).say(ACK, { data: elsewhere(THEM + 1, 2005) });
    called(machine, THEM + 1, 2005).say(ACK, { data: POSITIVE });
    expect(ask(machine, 'clientStatus')).toBe('SUCCESS');
    leave(machine);
  });

  it('ends with the driver, where nobody has asked for anything yet', ({ bench }) => {
    const { machine, user } = bench({ netbios: true });
    machine.meet();
    user.leave();
    caller(machine, 4000);
    machine.stop();
    expect(machine.raw.poolBlocks()).toBe(0);
  });
});
