/** IRPs: allocated, passed down through their stack locations, and given back by their owner. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Stopped, it, leaves, unasked } from '../floor.js';
import { Requests } from './requests.js';

const ENTRY = 'test/assembly/io/request.ts';

let checked: WebAssembly.Module;
let free: WebAssembly.Module;

beforeAll(async () => {
  checked = await compileModule(ENTRY, { checked: true, optimize: 0 });
  free = await compileModule(ENTRY, { optimize: 0 });
});

/** What stopped the kernel in `run`. */
function stopOf(run: () => void): Stopped {
  try {
    run();
  } catch (thrown) {
    if (thrown instanceof Stopped) return thrown;
    throw thrown;
  }
  throw new Error('the kernel did not stop');
}

describe('io/irp', () => {
  it.each([1, 2, 3, 4])('gives an IRP with %i locations, pending and its allocator’s', (count) => {
    const requests = new Requests(checked);
    const { floor } = requests;
    const irp = requests.allocate(count);
    expect(irp % 8).toBe(0);
    expect(requests.stateOf(irp)).toBe('IDLE');
    expect(floor.call('statusOf', irp)).toBe(requests.pending);
    expect(floor.call('stackCountOf', irp)).toBe(count);
    expect(floor.call('currentLocationOf', irp)).toBe(count);
    expect([floor.call('isCancelable', irp), floor.call('isCancelled', irp)]).toEqual([0, 0]);
    expect(requests.inUse()).toBe(1);
    floor.call('IoFreeIrp', irp);
    expect(requests.inUse()).toBe(0);
    expect(floor.findings).toEqual([]);
  });

  it('keeps the locations of an IRP, and two IRPs, apart', () => {
    leaves('irp leaked', 'pool leaked');
    const requests = new Requests(checked);
    const { floor } = requests;
    const [first, second] = [requests.allocate(4), requests.allocate(4)];
    const places = [first, second].flatMap((irp) =>
      [0, 1, 2, 3].map((index) => floor.call('stackLocation', irp, index)),
    );
    places.forEach((place, index) => floor.call('setLocation', place, index, 1000 + index));
    expect(places.map((place) => floor.call('majorOf', place))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
    expect(places.map((place) => floor.call('parameterOf', place) - 1000)).toEqual(
      places.map((_, index) => index),
    );
    const octets = floor.value('LOCATION_OCTETS');
    expect(places.slice(1, 4).map((place) => place - (places[0] ?? 0))).toEqual(
      [octets, 2 * octets, 3 * octets],
    );
    expect(requests.stateOf(first)).toBe('IDLE');
  });

  it('passes down the stack one location at a time, each driver with its own parameters', () => {
    const requests = new Requests(checked);
    const { floor } = requests;
    const seen: number[][] = [];
    const look = (device: number, irp: number): void => {
      const current = floor.call('IoGetCurrentIrpStackLocation', irp);
      seen.push([
        floor.call('currentLocationOf', irp), floor.call('parameterOf', current),
        floor.call('deviceOf', current) === device ? 1 : 0,
      ]);
      expect(requests.stateOf(irp)).toBe('IN_DRIVER');
    };
    const lowest = requests.device((device, irp) => {
      look(device, irp);
      return requests.complete(irp, requests.success);
    });
    const middle = requests.device((device, irp) => {
      look(device, irp);
      return requests.send(lowest, irp, 7);
    });
    const highest = requests.device((device, irp) => {
      look(device, irp);
      return requests.send(middle, irp, 8);
    });
    expect(requests.send(highest, requests.allocate(3), 9)).toBe(requests.success);
    expect(seen).toEqual([[2, 9, 1], [1, 8, 1], [0, 7, 1]]);
    expect([requests.inUse(), floor.findings.length]).toEqual([0, 0]);
  });

  it.each(['checked', 'free'])('stops with 0x35 where no location is left: %s', (build) => {
    leaves('stopped', ...(build === 'free' ? [] : ['irp misuse' as const]));
    const requests = new Requests(build === 'free' ? free : checked);
    const device = requests.device((self, irp) => requests.send(self, irp));
    const irp = requests.allocate(2);
    const stopped = stopOf(() => void requests.send(device, irp));
    expect(stopped.stop).toBe('NO_MORE_IRP_STACK_LOCATIONS');
    expect(requests.floor.value('Stop.NO_MORE_IRP_STACK_LOCATIONS')).toBe(0x35);
    expect(stopped.words[0]).toBe(irp);
    expect(requests.floor.findings).toEqual(build === 'free' ? [] : ['IRP_STACK']);
  });

  it('answers null where there is no memory, and counts no IRP for it', () => {
    leaves('irp leaked', 'pool leaked');
    const requests = new Requests(checked);
    requests.floor.call('failAllocation', 1, 0);
    expect(requests.allocate(2)).toBe(0);
    expect(requests.inUse()).toBe(0);
    expect(requests.allocate(2)).not.toBe(0);
  });

  it('gives a freed IRP again, as new, for the same number of locations', () => {
    leaves('irp leaked', 'pool leaked');
    const requests = new Requests(checked);
    const { floor } = requests;
    const irp = requests.allocate(2);
    floor.call('setLocation', floor.call('stackLocation', irp, 1), 9, 9);
    floor.call('IoCancelIrp', irp);
    floor.call('IoFreeIrp', irp);
    expect(requests.allocate(3)).not.toBe(irp);
    expect(requests.allocate(2)).toBe(irp);
    expect(floor.call('isCancelled', irp)).toBe(0);
    expect(floor.call('majorOf', floor.call('stackLocation', irp, 1))).toBe(0);
    expect(requests.stateOf(irp)).toBe('IDLE');
  });

  it('gives what its lists kept back to the pool at the end', () => {
    const requests = new Requests(checked);
    const irps = [1, 2, 3, 4, 4].map((count) => requests.allocate(count));
    for (const irp of irps) requests.floor.call('IoFreeIrp', irp);
    expect(requests.floor.call('poolBlocks')).toBe(5);
    requests.floor.call('deleteIrpLists');
    expect(requests.floor.call('poolBlocks')).toBe(0);
  });

  it('says that an IRP was freed that a driver owns, or that nobody owns', () => {
    // Unasked: what was freed too early is the finding that is looked at.
    unasked();
    const requests = new Requests(checked);
    const { floor } = requests;
    const device = requests.device(() => requests.pending);
    const owned = requests.allocate();
    requests.send(device, owned);
    floor.call('IoFreeIrp', owned);
    expect(floor.findings).toEqual(['IRP_FREED_IN_USE']);
    expect(floor.findingWords[0]?.[0]).toBe(owned);
    floor.call('IoFreeIrp', owned);
    expect(floor.findings).toEqual(['IRP_FREED_IN_USE', 'IRP_FREED_IN_USE']);
  });

  it('lets a driver take over a request that its client built for it', () => {
    const requests = new Requests(checked);
    const { floor } = requests;
    const irp = requests.allocate(1);
    const next = floor.call('IoGetNextIrpStackLocation', irp);
    floor.call('IoSetNextIrpStackLocation', irp);
    expect(floor.call('IoGetCurrentIrpStackLocation', irp)).toBe(next);
    expect(requests.stateOf(irp)).toBe('IN_DRIVER');
    requests.complete(irp, requests.success);
    expect([requests.inUse(), floor.findings.length]).toEqual([0, 0]);
  });

  it('remembers that its owner answered PENDING', () => {
    leaves('irp leaked', 'pool leaked');
    const requests = new Requests(checked);
    const irp = requests.allocate(1);
    expect(requests.floor.call('isPending', irp)).toBe(0);
    requests.floor.call('IoMarkIrpPending', irp);
    expect(requests.floor.call('isPending', irp)).toBe(1);
  });

  it('sends a request to the routine of its major function, where the driver has one', () => {
    leaves('irp leaked', 'pool leaked');
    const requests = new Requests(checked);
    const { floor } = requests;
    const majors: number[] = [];
    const device = requests.device((_, irp) => {
      majors.push(floor.call('majorOf', floor.call('IoGetCurrentIrpStackLocation', irp)));
      return requests.pending;
    });
    const answers = [...floor.namesOf('Major').map((name) => floor.value(`Major.${name}`)), 0x1b];
    const statuses = answers.map((major) => {
      const irp = requests.allocate(1);
      floor.call('setLocation', floor.call('IoGetNextIrpStackLocation', irp), major, 0);
      return floor.call('IoCallDriver', device, irp);
    });
    const invalid = floor.value('Status.INVALID_DEVICE_REQUEST');
    const { pending } = requests;
    expect(answers).toEqual([0x00, 0x02, 0x0e, 0x0f, 0x12, 0x1b]);
    expect(statuses).toEqual([pending, pending, invalid, pending, pending, invalid]);
    expect(majors).toEqual([0x00, 0x02, 0x0f, 0x12]);
  });
});
