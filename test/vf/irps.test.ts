/** The verifier's rules of IRPs: each speaks in one case and is still in another. */

import { beforeAll, describe, expect, it } from 'vitest';
import { compileModule } from '../compile.js';
import { Stopped } from '../floor.js';
import { Requests } from '../io/requests.js';

const ENTRY = 'test/assembly/io/request.ts';

let checked: WebAssembly.Module;
let free: WebAssembly.Module;

beforeAll(async () => {
  checked = await compileModule(ENTRY, { checked: true, optimize: 0 });
  free = await compileModule(ENTRY, { optimize: 0 });
});

/** An IRP that a driver owns and its allocator will keep. */
function sent(requests: Requests): number {
  const device = requests.device(() => requests.pending);
  const irp = requests.allocate(1);
  requests.onCompletion(irp, () => requests.moreProcessing);
  requests.send(device, irp);
  return irp;
}

/** The rule, its number, what breaks it, and the like of it that does not. */
const CASES: readonly (readonly [
  rule: string,
  code: number,
  breaks: (requests: Requests) => void,
  keeps: (requests: Requests) => void,
])[] = [
  ['IRP_COMPLETED_TWICE', 0x2010, (r) => {
    const irp = sent(r);
    r.complete(irp, r.success);
    r.complete(irp, r.success);
  }, (r) => {
    const irp = sent(r);
    r.complete(irp, r.success);
  }],
  ['IRP_FREED_IN_USE', 0x2011, (r) => {
    r.floor.call('IoFreeIrp', sent(r));
  }, (r) => {
    const irp = sent(r);
    r.complete(irp, r.success);
    r.floor.call('IoFreeIrp', irp);
    r.floor.call('IoFreeIrp', r.allocate(1));
  }],
  ['IRP_CANCELABLE', 0x2012, (r) => {
    const irp = sent(r);
    r.floor.call('setCancel', irp, r.floor.routine(() => undefined));
    r.complete(irp, r.success);
  }, (r) => {
    const irp = sent(r);
    r.floor.call('setCancel', irp, r.floor.routine(() => undefined));
    r.floor.call('clearCancel', irp);
    r.complete(irp, r.success);
  }],
  ['IRP_STACK', 0x2013, (r) => {
    const device = r.device(() => r.pending);
    const irp = r.allocate(1);
    r.send(device, irp);
    r.floor.call('IoCallDriver', device, irp);
  }, (r) => {
    const device = r.device(() => r.pending);
    const irp = r.allocate(2);
    r.send(device, irp);
    r.send(device, irp);
  }],
];

/** Runs what may stop the kernel: some rules are also stop codes. */
function until(run: () => void): void {
  try {
    run();
  } catch (thrown) {
    if (!(thrown instanceof Stopped)) throw thrown;
  }
}

describe('vf/irps', () => {
  it.each(CASES)('%s speaks where it is broken, and only there', (rule, code, breaks) => {
    const requests = new Requests(checked);
    expect(requests.floor.value(`Rule.${rule}`)).toBe(code);
    until(() => breaks(requests));
    expect(requests.floor.findings).toEqual([rule]);
  });

  it.each(CASES)('%s is still where it is kept', (_rule, _code, _breaks, keeps) => {
    const requests = new Requests(checked);
    keeps(requests);
    expect(requests.floor.findings).toEqual([]);
  });

  it.each(CASES)('%s says nothing in a free build', (_rule, _code, breaks) => {
    const requests = new Requests(free);
    until(() => breaks(requests));
    expect(requests.floor.findings).toEqual([]);
  });

  it('has a case for every rule of IRPs', () => {
    const rules = new Requests(checked).floor.namesOf('Rule');
    expect(CASES.map(([rule]) => rule)).toEqual(rules.filter((name) => name.startsWith('IRP_')));
  });

  it('names the IRP', () => {
    const requests = new Requests(checked);
    const irp = sent(requests);
    requests.floor.call('IoFreeIrp', irp);
    const [words] = requests.floor.findingWords;
    expect(words?.slice(0, 2)).toEqual([irp, requests.floor.value('IrpState.IN_DRIVER')]);
  });
});
