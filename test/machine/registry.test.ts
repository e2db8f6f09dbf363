/** The registry's names, ranges and defaults, against the kernel's list and the documents. */

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  describeParameter, parameterNames, resolveParameters,
} from '../../host/machine/registry.js';
import { PARAMETERS } from '../../host/machine/parameters.js';
import { RELEASES, releaseOrder } from '../../host/machine/release.js';

/** The members of `Parameter`, in order, as the kernel's source has them. */
function kernelParameters(): string[] {
  const source = readFileSync(new URL('../../assembly/ex/registry.ts', import.meta.url), 'utf8');
  const body = /const enum Parameter \{([^}]*)\}/.exec(source)?.[1] ?? '';
  const plain = body.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*/g, '');
  return plain.split(',').map((member) => member.trim()).filter((member) => member !== '');
}

const releaseNames = RELEASES.map((release) => release.name);

/** The default of one value in every release. */
function defaults(name: string): number[] {
  return releaseNames.map((release) => resolveParameters(release).get(name) ?? NaN);
}

/** What a default may rest on. */
const SOURCE =
  /Q\d{6}|RFC \d+|nt-facts \d|Windows 2000 reference|ours: \w+|white paper|nmap: \w+/;

describe('machine/registry', () => {
  it('has every parameter of the kernel but the keys, in the kernel\'s order', () => {
    const settable = kernelParameters().filter((name) => !/^NtstackKey\d$|^COUNT$/.test(name));
    expect(settable.length).toBeGreaterThan(20);
    expect(parameterNames()).toEqual(settable);
  });

  it('has a default within the range, and its source, for every value and release', () => {
    for (const parameter of PARAMETERS) {
      expect(parameter.defaults[0]?.since, parameter.name).toBe('nt35');
      const orders = parameter.defaults.map(({ since }) => releaseOrder(since));
      expect(orders, parameter.name).toEqual([...new Set(orders)].sort((a, b) => a - b));
      for (const { value, source } of parameter.defaults) {
        expect(resolveParameters('nt40', { [parameter.name]: value }).get(parameter.name))
          .toBe(value);
        expect(source, parameter.name)
          .toMatch(SOURCE);
      }
    }
  });

  it('allows as many parts of the connection table as the kernel has room for', () => {
    const source = readFileSync(
      new URL('../../assembly/tcpip/tcp/table.ts', import.meta.url), 'utf8');
    const most = Number(/MAXIMUM_PARTITIONS: u32 = (\d+);/.exec(source)?.[1]);
    const { range } = describeParameter('NumTcbTablePartitions');
    expect(range.most).toBe(most);
  });

  it('changes defaults where the documents say a release did', () => {
    //                                35   351  4.0  sp1  sp2  sp3  sp4  sp5  6a   fix  modern
    expect(defaults('DefaultTTL')).toEqual([32, 32, 128, 128, 128, 128, 128, 128, 128, 128, 128]);
    expect(defaults('TcpMaxDupAcks')).toEqual([0, 0, 0, 0, 2, 2, 2, 2, 2, 2, 3]);
    expect(defaults('NtstackIsnMode')).toEqual([2, 2, 2, 2, 2, 2, 3, 3, 1, 1, 1]);
    expect(defaults('TcpMaxConnectResponseRetransmissions'))
      .toEqual([5, 5, 5, 5, 5, 3, 3, 3, 3, 3, 5]);
    expect(defaults('TcpMaxConnectRetransmissions')).toEqual([...Array(10).fill(3), 7]);
    expect(defaults('TcpTimedWaitDelay')).toEqual([...Array(10).fill(240), 60]);
    expect(defaults('TcpInitialRTT')).toEqual([...Array(10).fill(3000), 1000]);
    expect(defaults('TcpWindowSize')).toEqual([...Array(10).fill(0), 65536]);
    expect(defaults('NumTcbTablePartitions')).toEqual([...Array(10).fill(1), 4]);
  });

  it('takes names in any case and reports the canonical one', () => {
    const values = resolveParameters('nt40sp6a', { SYNATTACKPROTECT: 2, mtu: 576 });
    expect(values.get('SynAttackProtect')).toBe(2);
    expect(values.get('MTU')).toBe(576);
    expect([...values.keys()]).toEqual(parameterNames());
    expect(describeParameter('defaultttl').name).toBe('DefaultTTL');
    expect(() => resolveParameters('nt40', { defaultttl: 0 }))
      .toThrow(new TypeError('DefaultTTL: 0 is out of range 1..255'));
  });

  it('leaves other values and later calls as they were', () => {
    const changed = resolveParameters('nt40', { TcpMaxHalfOpen: 500 });
    const fresh = resolveParameters('nt40');
    expect(fresh.get('TcpMaxHalfOpen')).toBe(100);
    changed.delete('TcpMaxHalfOpen');
    fresh.delete('TcpMaxHalfOpen');
    expect(changed).toEqual(fresh);
  });

  it('names an unknown value and what may have been meant', () => {
    expect(() => resolveParameters('nt40', { SynAtackProtect: 1 })).toThrow(new TypeError(
      'SynAtackProtect: unknown registry value; did you mean SynAttackProtect?',
    ));
    expect(() => resolveParameters('nt40', { MaxHalfOpen: 200 })).toThrow(
      /did you mean TcpMaxHalfOpen( or|,) .*TcpMaxHalfOpenRetried\?/,
    );
    expect(() => describeParameter('Zebra')).toThrow(
      new TypeError('Zebra: unknown registry value'),
    );
    expect(() => resolveParameters('nt40', { constructor: 1 })).toThrow(/^constructor: unknown/);
  });

  it('accepts both ends of each range and refuses what lies just outside', () => {
    for (const { name, least, most, powerOfTwo } of PARAMETERS) {
      const set = (value: number) => () => resolveParameters('nt40', {
        NtstackMaximumRto: 240_000, [name]: value,
      });
      const range = `${least}..${most}${powerOfTwo ? ', powers of two' : ''}`;
      if (name !== 'NtstackMaximumRto') expect(set(least)().get(name)).toBe(least);
      expect(set(most)().get(name)).toBe(most);
      for (const outside of [least - 1, most + 1]) {
        expect(set(outside)).toThrow(
          new TypeError(`${name}: ${outside} is out of range ${range}`),
        );
      }
    }
  });

  it('refuses what is no integer, by name and with the range', () => {
    for (const value of [1.5, NaN, Infinity, '2', null, undefined, 2n]) {
      const overrides = { SynAttackProtect: value } as unknown as Record<string, number>;
      expect(() => resolveParameters('nt40', overrides)).toThrow(new TypeError(
        `SynAttackProtect: ${String(value)} is not an integer; the range is 0..2`,
      ));
    }
    expect(resolveParameters('nt40', { SynAttackProtect: -0 }).get('SynAttackProtect')).toBe(0);
  });

  it('refuses what is no power of two where the table needs one', () => {
    expect(() => resolveParameters('nt40', { MaxHashTableSize: 500 })).toThrow(new TypeError(
      'MaxHashTableSize: 500 is not a power of two; the range is 64..65536, powers of two',
    ));
    expect(resolveParameters('nt40', { NumTcbTablePartitions: 8 }).get('NumTcbTablePartitions'))
      .toBe(8);
  });

  it('refuses the keys, a value given twice, and a least above the most', () => {
    expect(() => resolveParameters('nt40', { ntstackkey7: 1 })).toThrow(
      new TypeError('ntstackkey7: made from the machine\'s seed, and cannot be set'),
    );
    expect(parameterNames().some((name) => name.startsWith('NtstackKey'))).toBe(false);
    expect(() => resolveParameters('nt40', { MTU: 1500, mtu: 576 })).toThrow(
      new TypeError('MTU: given twice'),
    );
    expect(() => resolveParameters('nt40', { NtstackMaximumRto: 1000, NtstackMinimumRto: 1001 }))
      .toThrow(new TypeError('NtstackMinimumRto: 1001 is above NtstackMaximumRto, 1000'));
  });

  it('describes a value for a table', () => {
    const description = describeParameter('TcpMaxDupAcks');
    expect(description).toMatchObject({
      name: 'TcpMaxDupAcks',
      range: { least: 0, most: 3, powerOfTwo: false },
      unit: 'segments',
      source: 'nt35: Q170359: fast retransmit came with SP2; nt40sp2: Q170359; '
        + 'modern: RFC 5681 3.2',
    });
    expect(Object.keys(description.defaults)).toEqual(releaseNames);
    expect(description.defaults.nt40sp1).toBe(0);
    expect(description.defaults.nt40sp2).toBe(2);
    expect(describeParameter('ArpCacheLife').source).toBe('Q139415');
    for (const name of parameterNames()) expect(describeParameter(name).description).not.toBe('');
  });
});
