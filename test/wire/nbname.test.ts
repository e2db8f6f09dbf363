/** Names of NetBIOS and packets of the name service: read whole, and at every truncation. */

import { beforeAll, describe, expect, it } from 'vitest';
import { Random } from '../../host/machine/random.js';
import {
  NAME_OPCODE, RECORD_TYPE, buildNamePacket, encodeName, nameText, nbEntries, netbiosName,
  parseNamePacket, statusEntries,
} from '../../host/wire/nbname.js';
import { compileModule } from '../compile.js';
import { Floor } from '../floor.js';
import { NAME_PACKETS } from './nbpackets.js';

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/wire/netbios.ts', { optimize: 0 });
});

/** The kernel's readers over octets of the test; what lies behind the octets is no name. */
class Bench {
  readonly floor = new Floor(module);
  private readonly packet = this.floor.block(1024) + 1;
  private readonly view = this.floor.block(this.floor.value('NAME_PACKET'));
  private readonly name = this.floor.block(16);
  private readonly scope = this.floor.block(this.floor.value('SCOPE_LIMIT'));

  put(octets: Uint8Array): number {
    this.floor.octets.fill(0xff, this.packet, this.packet + 1000);
    this.floor.octets.set(octets, this.packet);
    return octets.length;
  }

  octets(at: number, length: number): Uint8Array {
    return this.floor.octets.slice(at, at + length);
  }

  /** Reads `length` octets of what was put; the name of the fault. */
  read(length: number): string {
    const fault = this.floor.call('packetRead', this.view, this.packet, length);
    return this.floor.nameOf('NameFault', fault);
  }

  get(what: string): number {
    return this.floor.call(`packet${what}`, this.view);
  }

  readName(length: number, offset: number): { end: number; name: string; scope: string } {
    const { floor, name, scope } = this;
    const end = floor.call('readName', this.packet, length, offset, name, scope);
    return {
      end, name: nameText(this.octets(name, 16)),
      scope: Buffer.from(this.octets(scope, floor.call('scopeLength', scope))).toString('latin1'),
    };
  }

  writeName(name: string, scope: Uint8Array): Uint8Array {
    const { floor } = this;
    floor.octets.set(netbiosName(name), this.name);
    floor.octets.set(scope, this.scope);
    const octets = floor.call('writeName', this.packet, this.name, this.scope);
    expect(floor.call('nameOctets', this.scope)).toBe(octets);
    return this.octets(this.packet, octets);
  }

  get packetAt(): number {
    return this.packet;
  }
}

const hex = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

describe('names', () => {
  it('are encoded as RFC 1001, 14.1, has it: two letters for each octet', () => {
    // RFC 1001, 14.1: "The NetBIOS name" in the scope SCOPE.ID.COM; with a 16th octet of 0x20.
    expect(Buffer.from(encodeName('The NetBIOS nam<65>', 'SCOPE.ID.COM')).toString('latin1')).toBe(
      '\x20FEGIGFCAEOGFHEECEJEPFDCAGOGBGNGF\x05SCOPE\x02ID\x03COM\0',
    );
    expect(Buffer.from(encodeName('*')).toString('latin1').slice(1, 33)).toBe(
      'CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
    );
  });

  it('come back from the kernel as they were given', () => {
    const bench = new Bench();
    const chance = new Random(1001).stream('names');
    for (let turn = 0; turn < 200; turn++) {
      const octets = new Uint8Array(16);
      chance.fillOctets(octets);
      const encoded = encodeName('*');
      octets.forEach((octet, i) => {
        encoded.set([0x41 + (octet >> 4), 0x41 + (octet & 15)], 1 + 2 * i);
      });
      const length = bench.put(encoded);
      const [from, name] = [bench.packetAt + 1, bench.packetAt + 500];
      expect(bench.floor.call('firstLevelDecode', from, name)).toBe(1);
      expect(bench.octets(bench.packetAt + 500, 16)).toEqual(octets);
      bench.floor.call('firstLevelEncode', bench.packetAt + 600, bench.packetAt + 500);
      expect(bench.octets(bench.packetAt + 600, 32)).toEqual(encoded.subarray(1, 33));
      expect(length).toBe(34);
    }
  });

  it('are written by the kernel as the host writes them, with and without a scope', () => {
    const bench = new Bench();
    for (const scope of ['', 'A', 'CORP.EXAMPLE']) {
      const whole = encodeName('SERVER<20>', scope);
      expect(bench.writeName('SERVER<20>', whole.subarray(33))).toEqual(whole);
    }
  });

  it('end in their packet, at every truncation', () => {
    const bench = new Bench();
    const whole = encodeName('SERVER<20>', 'CORP.EXAMPLE');
    bench.put(whole);
    expect(bench.readName(whole.length, 0)).toEqual(
      { end: whole.length, name: 'SERVER<20>', scope: '\x04CORP\x07EXAMPLE\0' },
    );
    for (let length = 0; length < whole.length; length++) {
      expect(bench.readName(length, 0).end).toBe(0);
    }
  });

  it.each([
    ['a label of 31 letters', `1f${'41'.repeat(31)}00`],
    ['a label of 33 letters', `21${'41'.repeat(33)}00`],
    ['a letter that is not A to P', `20${'41'.repeat(31)}5100`],
    ['no label', '00'],
    ['a length of neither kind', `20${'41'.repeat(32)}40`],
  ])('are none with %s', (_what, text) => {
    const bench = new Bench();
    const length = bench.put(Buffer.from(text, 'hex'));
    expect(bench.readName(length, 0).end).toBe(0);
  });

  it('may end in a pointer backwards, behind the header, that does not come back', () => {
    const bench = new Bench();
    const name = encodeName('SERVER<20>', 'CORP');
    const at = 12 + name.length;
    const packet = (target: number, ...more: number[]): number => bench.put(Uint8Array.from(
      [...new Uint8Array(12), ...name, 0xc0, target, ...more],
    ));
    expect(bench.readName(packet(12), at)).toEqual(
      { end: at + 2, name: 'SERVER<20>', scope: '\x04CORP\0' },
    );
    expect(bench.readName(packet(12) - 1, at).end).toBe(0);
    expect(bench.readName(packet(11), at).end).toBe(0);
    expect(bench.readName(packet(at), at).end).toBe(0);
    expect(bench.readName(packet(at + 2, ...name), at).end).toBe(0);
    // A label, then a pointer to that label: it would go round for ever.
    const round = [...new Uint8Array(12), ...name.subarray(0, 33), 1, 0x41, 0xc0, 45];
    expect(bench.readName(bench.put(Uint8Array.from(round)), 12).end).toBe(0);
  });

  it('have no more than 255 octets with their scope', () => {
    const bench = new Bench();
    const label = 'A'.repeat(63);
    const longest = encodeName('SERVER<20>', `${label}.${label}.${label}.${'B'.repeat(28)}`);
    expect(longest.length).toBe(255);
    expect(bench.readName(bench.put(longest), 0).end).toBe(255);
    const over = encodeName('SERVER<20>', `${label}.${label}.${label}.${'B'.repeat(29)}`);
    expect(bench.readName(bench.put(over), 0).end).toBe(0);
  });
});

describe('packets of the name service', () => {
  it.each(Object.entries(NAME_PACKETS))('are read: %s', (_what, octets) => {
    const bench = new Bench();
    const heard = parseNamePacket(octets);
    const records = [...heard.answers, ...heard.authorities, ...heard.additionals];
    expect(bench.read(bench.put(octets))).toBe('NONE');
    expect(bench.get('HasQuestion')).toBe(heard.question === undefined ? 0 : 1);
    expect(bench.get('Records')).toBe(records.length);
    const [first, second] = records;
    expect(nameText(bench.octets(bench.get('Name'), 16))).toBe(heard.question?.name ?? first?.name);
    if (heard.question !== undefined) expect(bench.get('QuestionType')).toBe(heard.question.type);
    if (first !== undefined) {
      expect(bench.get('Type')).toBe(first.type);
      expect(bench.get('Ttl')).toBe(first.ttl);
      expect(bench.octets(bench.get('Data'), bench.get('DataLength'))).toEqual(
        Uint8Array.from(first.data));
    }
    if (second !== undefined) {
      expect(bench.get('SecondType')).toBe(RECORD_TYPE.A);
      expect(bench.octets(bench.get('SecondData'), bench.get('SecondLength'))).toEqual(
        Uint8Array.from(second.data));
    }
  });

  it.each(Object.entries(NAME_PACKETS))('are none at any truncation: %s', (_what, octets) => {
    const bench = new Bench();
    bench.put(octets);
    for (let length = 0; length < octets.length; length++) {
      expect(bench.read(length)).not.toBe('NONE');
      expect(() => parseNamePacket(octets.subarray(0, length))).toThrow();
    }
  });

  it('are none with another class, another name in the record, or too many of anything', () => {
    const bench = new Bench();
    const fault = (what: string, change: (octets: Uint8Array) => void): string => {
      const octets = (NAME_PACKETS[what] ?? new Uint8Array(0)).slice();
      change(octets);
      return bench.read(bench.put(octets));
    };
    expect(fault('query', (octets) => octets.set([0, 2], 48))).toBe('CLASS');
    expect(fault('positiveAnswer', (octets) => octets.set([0, 2], 48))).toBe('CLASS');
    expect(fault('query', (octets) => octets.set([0, 2], 4))).toBe('COUNTS');
    expect(fault('query', (octets) => octets.set([0, 0], 4))).toBe('COUNTS');
    expect(fault('redirect', (octets) => octets.set([0, 2], 10))).toBe('COUNTS');
    const other = buildNamePacket({
      id: 1, opcode: NAME_OPCODE.REGISTRATION, question: { name: 'A', type: RECORD_TYPE.NB },
      additionals: [{ name: 'B', type: RECORD_TYPE.NB, data: new Uint8Array(6) }],
    });
    expect(bench.read(bench.put(other))).toBe('NAME');
  });

  it('have a header whose fields lie where RFC 1002, 4.2.1.1, says', () => {
    const bench = new Bench();
    const { floor } = bench;
    bench.put(new Uint8Array(12));
    const header = bench.packetAt;
    floor.call('headerBegin', header, 0x1234, floor.value('NameOpcode.MULTIHOMED'), 0x8583);
    for (const [i, what] of ['Questions', 'Answers', 'Authorities', 'Additionals'].entries()) {
      floor.call(`headerSet${what}`, header, 0x101 * (i + 1));
      expect(floor.call(`header${what}`, header)).toBe(0x101 * (i + 1));
    }
    expect(hex(bench.octets(header, 12))).toBe('1234fd830101020203030404');
    expect(floor.call('headerTransactionId', header)).toBe(0x1234);
    expect(floor.call('headerOpcode', header)).toBe(15);
    expect(floor.call('headerResult', header)).toBe(3);
    expect(floor.call('headerIsResponse', header)).toBe(1);
    expect(floor.call('headerFlags', header)).toBe(0xfd83);
  });

  it('are written piece by piece as the host writes them whole', () => {
    const bench = new Bench();
    const { floor } = bench;
    const registration = NAME_PACKETS['registration'] ?? new Uint8Array(0);
    const name = encodeName('SERVER<20>');
    bench.put(new Uint8Array(100));
    let at = bench.packetAt;
    floor.call('headerBegin', at, 5, NAME_OPCODE.REGISTRATION, 0x0110);
    floor.call('headerSetQuestions', at, 1);
    floor.call('headerSetAdditionals', at, 1);
    floor.octets.set(name, at + 12);
    at += 12 + name.length;
    at += floor.call('writeQuestion', at, RECORD_TYPE.NB);
    at += floor.call('writeQuestionPointer', at);
    at += floor.call('writeRecord', at, RECORD_TYPE.NB, 300_000, 6);
    at += floor.call('writeNbEntry', at, 0, 0x0a000005);
    expect(floor.call('nbAddress', at - 6)).toBe(0x0a000005);
    expect(floor.call('nbFlags', at - 6)).toBe(0);
    expect(hex(bench.octets(bench.packetAt, at - bench.packetAt))).toBe(hex(registration));
  });

  it('have node status names of 18 octets', () => {
    const bench = new Bench();
    const { floor } = bench;
    const heard = parseNamePacket(NAME_PACKETS['statusAnswer'] ?? new Uint8Array(0));
    const data = heard.answers[0]?.data ?? new Uint8Array(0);
    expect(statusEntries(data).names.map(({ name }) => name)).toEqual(['SERVER<00>', 'DOMAIN<00>']);
    bench.put(netbiosName('DOMAIN<00>'));
    const at = bench.packetAt + 100;
    expect(floor.call('writeStatusCount', at, 2)).toBe(1);
    expect(floor.call('writeStatusEntry', at + 1, bench.packetAt, 0x8400)).toBe(18);
    expect(hex(bench.octets(at + 1, 18))).toBe(hex(data.slice(19, 37)));
    expect(() => nbEntries(data.subarray(0, 7))).toThrow('7 octets');
  });
});
