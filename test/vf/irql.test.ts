/** The verifier's rules of levels at the end of a routine: spoken where broken, else still. */

import { beforeAll, describe, expect } from 'vitest';
import { compileModule } from '../compile.js';
import { Floor, it, leaves } from '../floor.js';

let module: WebAssembly.Module;

beforeAll(async () => {
  module = await compileModule('test/assembly/ke/kernel.ts', { checked: true, optimize: 0 });
});

function processor(): Floor {
  const floor = new Floor(module);
  floor.call('initializeProcessors', 1);
  return floor;
}

describe('vf/irql', () => {
  it('names the rule of each boundary at which a routine came back at another level', () => {
    leaves('irql');
    const floor = processor();
    const boundaries = floor.namesOf('Boundary').filter((name) => !/^(NONE|COUNT)$/.test(name));
    for (const name of boundaries) {
      floor.call('checkIrql', floor.value(`Boundary.${name}`), 0, 2);
    }
    const rule = (name: string): string =>
      name === 'COMPLETION' ? 'COMPLETION_IRQL' : name === 'ISR' ? 'ISR_IRQL' : 'IRQL_LEAKED';
    expect(floor.findings).toEqual(boundaries.map(rule));
    expect(floor.findingWords).toEqual(
      boundaries.map((name) => [floor.value(`Boundary.${name}`), 0, 2]),
    );
  });

  it('is still where a routine came back as it went', () => {
    const floor = processor();
    for (const name of floor.namesOf('Boundary')) {
      for (const level of [0, 2, 12, 31]) {
        floor.call('checkIrql', floor.value(`Boundary.${name}`), level, level);
      }
    }
    expect(floor.findings).toEqual([]);
  });

  it('has the numbers of Driver Verifier where it has one', () => {
    const floor = processor();
    const numbers = ['IRQL_RAISE', 'IRQL_LOWER', 'COMPLETION_IRQL', 'ISR_IRQL', 'POOL_IRQL'];
    const codes = numbers.map((name) => floor.value(`Rule.${name}`));
    expect(codes).toEqual([0x30, 0x31, 0xfa, 0x111, 0x02]);
  });
});
