import { describe, expect, it } from 'vitest';
import { createMachine, createWorld } from '../../host/index.js';

describe('user/create', () => {
  it.each([null, 7, 'nt40'])('makes no machine of %s', async (none) => {
    await expect(createMachine(none as never)).rejects.toThrow(
      new TypeError(`options: a machine takes an object of options, and not ${String(none)}`),
    );
  });

  it.each([
    [{ name: '' }, "name: a text that is not empty, and not ''"],
    [{ release: 4 }, 'release: a text that is not empty, and not 4'],
    [{ address: 10 }, 'address: a text that is not empty, and not 10'],
    [{ mac: 2 }, 'mac: a text that is not empty, and not 2'],
    [{ parameters: ['SackOpts'] }, 'parameters: an object of names and values, and not SackOpts'],
    [{ netbios: 'yes' }, "netbios: true or false, and not 'yes'"],
    [{ captureSites: 'x' }, "captureSites: true or false, and not 'x'"],
    [{ scopeId: 7 }, 'scopeId: a text, and not 7'],
    [{ link: 'wire:' }, "link: a link, as openLink gives it, and not 'wire:'"],
    [{ clock: 5 }, 'clock: a Clock, and not 5'],
    [{ module: 'free.wasm' }, "module: a WebAssembly.Module, and not 'free.wasm'"],
    [{ strategy: 'inTurn' }, "strategy: a function, and not 'inTurn'"],
    [{ onPreempt: true }, 'onPreempt: a function, and not true'],
    [{ tap: null }, 'tap: a function, and not null'],
  ])('says what an option of a machine may be: %j', async (options, words) => {
    await expect(createMachine(options as never)).rejects.toThrow(new TypeError(words));
  });

  it.each([
    [{ release: '' }, "release: a text that is not empty, and not ''"],
    [{ parameters: 1 }, 'parameters: an object of names and values, and not 1'],
    [{ module: {} }, 'module: a WebAssembly.Module, and not [object Object]'],
    [{ link: 1 }, 'link: a URL or a function, and not 1'],
    [{ readFile: 'x' }, "readFile: a function, and not 'x'"],
    [{ pcap: 'x.pcapng' }, "pcap: a CaptureWriter, and not 'x.pcapng'"],
    [{ digest: 'no' }, "digest: true or false, and not 'no'"],
  ])('says what an option of a world may be: %j', async (options, words) => {
    const machines = [{ name: 'a', address: '10.0.0.1/24' }];
    await expect(createWorld({ machines, ...options } as never)).rejects.toThrow(
      new TypeError(words),
    );
  });

  it.each([undefined, null, {}, { machines: 2 }, 7])('makes no world of %j', async (none) => {
    await expect(createWorld(none as never)).rejects.toThrow(
      new TypeError('machines: a world needs { machines: [{ name, address }, …] }'),
    );
  });
});
