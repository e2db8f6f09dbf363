/** What the verifier tells of IRPs: which one, in what state, and who completed it first. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Stopped, it, leaves } from '../floor.js';
import { Requests } from '../io/requests.js';

const ENTRY = 'test/assembly/io/request.ts';

let checked: WebAssembly.Module;

beforeAll(async () => {
  checked = await compileModule(ENTRY, { checked: true, optimize: 0 });
});

/** An IRP that a driver owns and its allocator will keep. */
function sent(requests: Requests): number {
  const device = requests.device(() => requests.pending);
  const irp = requests.allocate(1);
  requests.onCompletion(irp, () => requests.moreProcessing);
  requests.send(device, irp);
  return irp;
}

describe('vf/irps', () => {
  it('names the IRP', () => {
    leaves('irp misuse');
    const requests = new Requests(checked);
    const irp = sent(requests);
    requests.floor.call('IoFreeIrp', irp);
    const [words] = requests.floor.findingWords;
    expect(words?.slice(0, 2)).toEqual([irp, requests.floor.value('IrpState.IN_DRIVER')]);
  });

  it('names the first completion of what is completed twice, which the host was told', () => {
    leaves('stopped', 'irp misuse');
    const requests = new Requests(checked);
    const { floor } = requests;
    floor.call('wantSites', 1);
    const irp = sent(requests);
    requests.complete(irp, requests.success);
    const first = floor.sites.filter(({ lock }) => lock === irp);
    expect(first.length).toBe(1);
    expect(() => requests.complete(irp, requests.success)).toThrow(Stopped);
    const idle = floor.value('IrpState.COMPLETED');
    expect(floor.findingWords).toEqual([[irp, idle, first[0]?.sequence]]);
  });

  it('judges by what each dispatch routine did with its own request, not with one it sent', () => {
    const requests = new Requests(checked);
    const lower = requests.device((_, irp) => requests.complete(irp, requests.success));
    const upper = requests.device((_, irp) => {
      const inner = requests.allocate(1);
      requests.send(lower, inner);
      return requests.complete(irp, requests.success);
    });
    requests.send(upper, requests.allocate(1));
    expect(requests.floor.findings).toEqual([]);
    expect(requests.inUse()).toBe(0);
  });
});
