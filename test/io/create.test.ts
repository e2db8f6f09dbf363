/** Opening and closing objects: by requests that are there even where there is no memory. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { it, leaves } from '../floor.js';
import { Requests } from './requests.js';

/** Reserved IRPs: io/create.ts. */
const RESERVED_IRPS = 32;
/** How deep requests nest in a test: there are so many devices. */
const DEPTH = 4;

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/io/request.ts', { checked: true, optimize: 0 });
});

/** The name of the major function that the owner of `irp` is asked. */
function majorOf(requests: Requests, irp: number): string {
  const { floor } = requests;
  const location = floor.call('IoGetCurrentIrpStackLocation', irp);
  return floor.nameOf('Major', floor.call('majorOf', location));
}

function fileOf(requests: Requests, irp: number): number {
  const { floor } = requests;
  return floor.call('fileOf', floor.call('IoGetCurrentIrpStackLocation', irp));
}

describe('io/create', () => {
  it('asks the driver to create, with the kind and the words, and gives a file object', () => {
    leaves('pool leaked');
    const requests = new Requests(module);
    const { floor } = requests;
    const seen: unknown[] = [];
    const device = requests.device((self, irp) => {
      const words = ['createKind', 'createWord0', 'createWord1'].map((name) =>
        floor.call(name, irp),
      );
      seen.push(self, majorOf(requests, irp), ...words, fileOf(requests, irp));
      return requests.complete(irp, requests.success);
    });
    const file = floor.call('IoCreateFile', device, 3, 0xc0a80001, 80);
    expect(seen).toEqual([device, 'CREATE', 3, 0xc0a80001, 80, file]);
    expect([floor.call('fileDevice', file), floor.call('fileKind', file)]).toEqual([device, 3]);
    expect(floor.findings).toEqual([]);
  });

  it('asks to clean up and then to close, and frees the file object', () => {
    const requests = new Requests(module);
    const { floor } = requests;
    const seen: string[] = [];
    const device = requests.device((_, irp) => {
      seen.push(`${majorOf(requests, irp)} ${floor.call('createKind', irp)}`);
      return requests.complete(irp, requests.success);
    });
    const before = floor.call('poolBlocks');
    const file = floor.call('IoCreateFile', device, 7, 0, 0);
    expect(floor.call('poolBlocks')).toBe(before + 1);
    floor.call('IoCloseFile', file);
    expect(seen).toEqual(['CREATE 7', 'CLEANUP 7', 'CLOSE 7']);
    expect([floor.call('poolBlocks'), requests.inUse()]).toEqual([before, 0]);
    expect(floor.findings).toEqual([]);
  });

  it('waits for a CLEANUP that its driver keeps, and asks to close only then', () => {
    const requests = new Requests(module);
    const { floor } = requests;
    const seen: string[] = [];
    let kept = 0;
    const device = requests.device((_, irp) => {
      seen.push(majorOf(requests, irp));
      if (seen.at(-1) !== 'CLEANUP') return requests.complete(irp, requests.success);
      kept = irp;
      return requests.pending;
    });
    const file = floor.call('IoCreateFile', device, 7, 0, 0);
    floor.spin = () => {
      seen.push('waits');
      requests.complete(kept, requests.success);
    };
    floor.call('IoCloseFile', file);
    expect(seen).toEqual(['CREATE', 'CLEANUP', 'waits', 'CLOSE']);
    expect(floor.findings).toEqual([]);
  });

  it('does not wait where what was kept is completed before the driver answers', () => {
    const requests = new Requests(module);
    const { floor } = requests;
    const device = requests.device((_, irp) => {
      floor.call('IoMarkIrpPending', irp);
      requests.complete(irp, requests.success);
      return requests.pending;
    });
    // Nobody lets a processor go that spins: it would throw.
    const file = floor.call('IoCreateFile', device, 7, 0, 0);
    expect(file).not.toBe(0);
    floor.call('IoCloseFile', file);
    expect(floor.findings).toEqual([]);
  });

  it('gives the status that a CREATE came to, also where it was kept', () => {
    const requests = new Requests(module);
    const { floor } = requests;
    const refusal = floor.value('Status.ADDRESS_ALREADY_EXISTS');
    let kept = 0;
    const device = requests.device((_, irp) => {
      kept = irp;
      return requests.pending;
    });
    floor.spin = () => void requests.complete(kept, refusal);
    expect(floor.call('IoCreateFile', device, 1, 0, 0)).toBe(0);
    expect(floor.call('createStatus')).toBe(refusal);
  });

  it('tells each thread how its own opening ended', () => {
    leaves('pool leaked');
    const requests = new Requests(module, 2);
    const { floor } = requests;
    const refusal = floor.value('Status.ADDRESS_ALREADY_EXISTS');
    const statuses = [refusal, requests.success];
    const device = requests.device((_, irp) => requests.complete(irp, statuses.shift() ?? 0));
    expect(floor.call('IoCreateFile', device, 1, 0, 0)).toBe(0);
    floor.call('selectProcessor', 1);
    expect(floor.call('IoCreateFile', device, 1, 0, 0)).not.toBe(0);
    expect(floor.call('createStatus')).toBe(requests.success);
    floor.call('selectProcessor', 0);
    expect(floor.call('createStatus')).toBe(refusal);
  });

  it('may close below DISPATCH_LEVEL only: it waits', () => {
    leaves('irql');
    const requests = new Requests(module);
    const { floor } = requests;
    const device = requests.device((_, irp) => requests.complete(irp, requests.success));
    const close = (level: string): void => {
      const file = floor.call('IoCreateFile', device, 1, 0, 0);
      const irql = floor.call('KeRaiseIrql', floor.value(`Irql.${level}`));
      floor.call('IoCloseFile', file);
      floor.call('KeLowerIrql', irql);
    };
    close('APC');
    expect(floor.findings).toEqual([]);
    close('DISPATCH');
    expect(floor.findings).toEqual(['IRQL_WRONG']);
  });

  it('gives null, and keeps nothing, where the driver refuses', () => {
    const requests = new Requests(module);
    const { floor } = requests;
    const refusal = floor.value('Status.ADDRESS_ALREADY_EXISTS');
    const device = requests.device((_, irp) => requests.complete(irp, refusal));
    const before = floor.call('poolBlocks');
    expect(floor.call('IoCreateFile', device, 1, 0, 0)).toBe(0);
    expect(floor.call('poolBlocks')).toBe(before);
    expect(floor.findings).toEqual([]);
  });

  it('gives null, and asks nobody, where there is no memory for a file object', () => {
    const requests = new Requests(module);
    let asked = 0;
    const device = requests.device((_, irp) => {
      asked++;
      return requests.complete(irp, requests.success);
    });
    requests.floor.call('failAllocation', 1, 1);
    expect(requests.floor.call('IoCreateFile', device, 1, 0, 0)).toBe(0);
    expect(asked).toBe(0);
  });

  it('closes where no allocation succeeds', () => {
    const requests = new Requests(module);
    const { floor } = requests;
    let asked = 0;
    const device = requests.device((_, irp) => {
      asked++;
      return requests.complete(irp, requests.success);
    });
    const file = floor.call('IoCreateFile', device, 1, 0, 0);
    const blocks = floor.call('poolBlocks');
    floor.call('failAllocation', 1, 1);
    floor.call('IoCloseFile', file);
    expect([asked, floor.call('poolFailures')]).toEqual([3, 0]);
    expect(floor.call('poolBlocks')).toBe(blocks - 1);
  });

  it('nests: a driver may open an object of another, four deep, each with its own IRP', () => {
    leaves('pool leaked');
    const requests = new Requests(module);
    const { floor } = requests;
    const irps: number[] = [];
    const files: number[] = [];
    const devices: number[] = [];
    for (let depth = 0; depth < DEPTH; depth++) {
      devices.push(
        requests.device((_, irp) => {
          if (majorOf(requests, irp) !== 'CREATE') return requests.complete(irp, requests.success);
          irps.push(irp);
          const word = floor.call('createWord0', irp);
          const lower = devices[depth - 1];
          if (lower !== undefined) {
            files.push(floor.call('IoCreateFile', lower, depth, word + 1, 0));
          }
          // What was asked is still there after the others came and went.
          expect(floor.call('createWord0', irp)).toBe(word);
          expect(requests.stateOf(irp)).toBe('IN_DRIVER');
          return requests.complete(irp, requests.success);
        }),
      );
    }
    const top = devices[DEPTH - 1] ?? 0;
    files.push(floor.call('IoCreateFile', top, 9, 100, 0));
    expect(new Set(irps).size).toBe(DEPTH);
    expect(files.every((file) => file !== 0)).toBe(true);
    const again = irps.splice(0);
    for (const file of files.reverse()) floor.call('IoCloseFile', file);
    floor.call('IoCreateFile', top, 9, 200, 0);
    expect(irps).toEqual(again);
    expect(floor.findings).toEqual([]);
  });

  it('has a reserved IRP for each of 32 requests at a time, and stops at the next', () => {
    leaves('stopped');
    const requests = new Requests(module);
    const { floor } = requests;
    const irps: number[] = [];
    const device = requests.device((_, irp) => {
      irps.push(irp);
      floor.call('IoCreateFile', device, 1, 0, 0);
      return requests.complete(irp, requests.success);
    });
    expect(() => floor.call('IoCreateFile', device, 1, 0, 0)).toThrow('NO_MORE_IRP_STACK');
    expect(new Set(irps).size).toBe(RESERVED_IRPS);
  });

  it('keeps the reserved IRPs of two processors apart', () => {
    leaves('pool leaked');
    const requests = new Requests(module, 2);
    const { floor } = requests;
    const irps: number[] = [];
    const second = requests.device((_, irp) => {
      irps.push(irp);
      return requests.complete(irp, requests.success);
    });
    const first = requests.device((_, irp) => {
      irps.push(irp);
      floor.call('selectProcessor', 1);
      floor.call('IoCreateFile', second, 1, 0, 0);
      floor.call('selectProcessor', 0);
      expect(requests.stateOf(irp)).toBe('IN_DRIVER');
      return requests.complete(irp, requests.success);
    });
    floor.call('IoCreateFile', first, 1, 0, 0);
    expect(new Set(irps).size).toBe(2);
    expect(floor.findings).toEqual([]);
  });

  it('finds a device by its name from its creation to its deletion', () => {
    const requests = new Requests(module);
    const { floor } = requests;
    const tcp = floor.value('DeviceName.Tcp');
    expect(floor.call('IoGetDeviceObjectPointer', tcp)).toBe(0);
    const [ip, device] = [requests.device(() => 0), requests.device(() => 0)];
    expect(floor.call('IoGetDeviceObjectPointer', tcp)).toBe(device);
    expect(floor.call('IoGetDeviceObjectPointer', floor.value('DeviceName.Ip'))).toBe(ip);
    floor.call('IoDeleteDevice', device);
    expect(floor.call('IoGetDeviceObjectPointer', tcp)).toBe(0);
    expect(floor.call('IoGetDeviceObjectPointer', floor.value('DeviceName.Ip'))).toBe(ip);
  });
});
