/** Several LANAs: each has its own names, sessions and gate. */

import { describe, expect } from 'vitest';
import { NCB_OCTETS, readNcb, writeNcb } from '../../host/wire/ncb.js';
import type { NcbOctets } from '../../host/wire/ncb.js';
import { it } from '../wireside/fixture.js';
import type { Machine } from '../wireside/machine.js';
import { address } from '../wireside/octets.js';

const PROGRAM = 7;

/** A second card, with NetBT bound to it. */
function addCard(machine: Machine): void {
  const mask = address('255.255.255.0');
  const statuses = machine.call((raw) => [
    raw.addAdapter(1, 0x200, 2, 1500),
    raw.addInterface(1, address('10.0.1.1'), mask, 0),
    raw.bindNetbt(1, address('10.0.1.1'), mask),
  ]);
  expect(statuses.map((status) => machine.word('Status', status))).toEqual(
    ['SUCCESS', 'SUCCESS', 'SUCCESS']);
}

/** Gives an NCB to the kernel, and lets time pass; what became of it, and its buffer. */
function submit(
  machine: Machine, fields: Omit<NcbOctets, 'command'> & { readonly command: string }, room = 0,
): { readonly code: string; readonly num: number; readonly data: Uint8Array } {
  const at = machine.call((raw) => raw.userAllocate(NCB_OCTETS + room)) >>> 0;
  const octets = new Uint8Array(NCB_OCTETS);
  const command = machine.number(`NcbCommand.${fields.command}`) | 0x80;
  writeNcb(octets, { ...fields, command, buffer: at + NCB_OCTETS, length: room });
  machine.octets(at, NCB_OCTETS).set(octets);
  machine.call((raw) => raw.netbiosSubmit(PROGRAM, at));
  machine.advance(10_000);
  const { retcode, num } = readNcb(machine.octets(at, NCB_OCTETS));
  const data = machine.octets(at + NCB_OCTETS, room).slice();
  machine.call((raw) => {
    const records = raw.userAllocate(8);
    raw.readNcbs(records, 1);
    raw.userFree(records);
    raw.userFree(at);
  });
  return { code: machine.word('NcbReturn', retcode), num, data };
}

describe('netbios/lana', () => {
  it('is one for each card with NetBT, with names of its own', ({ bench }) => {
    const { machine } = bench({ netbios: true });
    machine.meet();
    addCard(machine);
    expect([...submit(machine, { command: 'ENUM' }, 10).data.subarray(0, 3)]).toEqual([2, 0, 1]);
    const add = { command: 'ADD_NAME', name: 'A<00>' };
    expect(submit(machine, { command: 'RESET', lana: 0 }).code).toBe('GOODRET');
    expect(submit(machine, { ...add, lana: 1 }).code).toBe('ENVNOTDEF');
    expect(submit(machine, { command: 'RESET', lana: 1 }).code).toBe('GOODRET');
    for (const lana of [0, 1]) {
      expect(submit(machine, { ...add, lana })).toMatchObject({ code: 'GOODRET', num: 2 });
    }
    expect(submit(machine, { command: 'DELETE_NAME', name: 'A<00>', lana: 1 }).code)
      .toBe('GOODRET');
    expect(submit(machine, { ...add, lana: 0 }).code).toBe('DUPNAME');
    expect(submit(machine, { command: 'RESET', lana: 2 }).code).toBe('BRIDGE');
    machine.call((raw) => raw.netbiosEnd(PROGRAM));
  });

  it('refuses what lies outside of memory, and a post routine with an event', ({ bench }) => {
    const { machine } = bench({ netbios: true });
    const at = machine.call((raw) => raw.userAllocate(NCB_OCTETS)) >>> 0;
    const write = (buffer: number, length: number, post = 0, event = 0): string => {
      const octets = new Uint8Array(NCB_OCTETS);
      const command = machine.number('NcbCommand.RESET');
      writeNcb(octets, { command, buffer, length });
      machine.octets(at, NCB_OCTETS).set(octets);
      machine.octets(at, NCB_OCTETS)[44] = post;
      machine.octets(at, NCB_OCTETS)[60] = event;
      return machine.word('NcbReturn', machine.call((raw) => raw.netbiosSubmit(PROGRAM, at)));
    };
    expect(write(0, 1)).toBe('BADDR');
    expect(write(0xffff_fff0, 0x20)).toBe('BADDR');
    expect(write(machine.raw.memory.buffer.byteLength - 4, 5)).toBe('BADDR');
    expect(write(0, 0, 1, 1)).toBe('ILLCMD');
    expect(write(0, 0, 1)).toBe('PENDING');
    machine.call((raw) => raw.netbiosEnd(PROGRAM));
    machine.call((raw) => raw.userFree(at));
  });
});
