import { describe, expect, it } from 'vitest';
import {
  checkPort, formatAddress, parseAddress, parseInterface, parseMac,
} from '../../host/machine/address.js';

describe('machine/address', () => {
  it('reads and writes addresses', () => {
    expect(parseAddress('10.0.0.1')).toBe(0x0a000001);
    expect(parseAddress('255.255.255.255')).toBe(0xffff_ffff);
    expect(formatAddress(0xc0a8_01fe)).toBe('192.168.1.254');
    expect(parseInterface('10.1.2.3/24')).toEqual({ address: 0x0a010203, mask: 0xffff_ff00 });
    expect(parseInterface('10.1.2.3/32').mask).toBe(0xffff_ffff);
    expect(parseInterface('10.1.2.3/1').mask).toBe(0x8000_0000);
    expect(parseMac('02:00:0A:00:00:01')).toEqual({ high: 0x0200, low: 0x0a000001 });
  });

  it.each(['', '10.0.0', '10.0.0.256', '10.0.0.1.2', ' 10.0.0.1', '0x0a.0.0.1', '10.0.0.-1'])(
    'does not take %j for an address', (text) => {
      expect(() => parseAddress(text, 'host')).toThrow(`host: '${text}'`);
    },
  );

  it('does not take what is no network, station or port', () => {
    for (const text of ['10.0.0.1', '10.0.0.1/0', '10.0.0.1/33', '10.0.0.1/x', '/24']) {
      expect(() => parseInterface(text), text).toThrow(TypeError);
    }
    for (const text of ['02:00', '01:00:5e:00:00:01', 'ff:ff:ff:ff:ff:ff', '0200.0a00.0001']) {
      expect(() => parseMac(text), text).toThrow(/no station's address/);
    }
    expect(checkPort(0, 0)).toBe(0);
    for (const port of [-1, 65_536, 1.5, NaN]) expect(() => checkPort(port, 0)).toThrow(TypeError);
  });
});
