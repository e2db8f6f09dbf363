/** Mutants of small texts: which there are, what they say, and that none is where none belongs. */

import { describe, expect, it } from 'vitest';
import { parseSource, treeOf } from '../tidy/source.js';
import { mutantsOf } from './mutant.js';
import type { Mutant } from './mutant.js';
import { Equivalence } from './equivalent.js';
import { Laws } from './laws.js';
import { describe as withoutText, formatReport, reportOf } from './report.js';
import { ringsOf } from './ring.js';
import { schemaOf } from './schema.js';

const PATH = 'assembly/tcpip/sample.ts';

function mutantsIn(...body: readonly string[]): Mutant[] {
  return mutantsOf(parseSource(PATH, `function f(): void {\n  ${body.join('\n  ')}\n}\n`));
}

/** What was done, in words, and the lines that are not as they were. */
function changesIn(...body: readonly string[]): string[] {
  return mutantsIn(...body).map(({ kind, change, line, text }) => {
    const lines = text.split('\n').slice(1).filter((each, index) => each.trim() !== body[index]);
    const changed = lines.map((each) => each.trim()).filter((each) => each !== '' && each !== '}');
    return `${line} ${kind} ${change}: ${changed.join(' ')}`;
  });
}

describe('what is left out', () => {
  it('is a statement, also after a condition, and the lines below keep their numbers', () => {
    expect(changesIn('if (a != null) referenceTcb(a);')).toEqual([
      '2 reference remove: if (a != null) {}',
    ]);
    const [mutant] = mutantsIn('KeReleaseSpinLock(', 'lock, irql);', 'f();');
    expect(mutant?.text.split('\n')[3]).toBe('  f();');
  });

  it('is an acquire whose level is kept, a try that succeeds, a count that stays', () => {
    const import_ = 'import { KeGetCurrentIrql as irqlOfMutant } from "../ke/irql";';
    expect(changesIn('const irql = KeAcquireSpinLock(lock());')).toEqual([
      `2 acquire remove: const irql = irqlOfMutant(); ${import_}`,
    ]);
    expect(changesIn('if (KeTryToAcquireSpinLock(x)) f();')).toEqual([
      '2 acquire remove: if (true) f();',
    ]);
    expect(changesIn('const gone = --entry.references == 0;')).toEqual([
      '2 dereference remove: const gone = entry.references == 0;',
    ]);
    expect(changesIn('return InterlockedDecrement(to("references")) == 0;')).toEqual([
      '2 dereference remove: return load<u32>(to("references")) == 0;',
    ]);
  });

  it('is no defect of an article, no counter, and nothing whose value is needed', () => {
    expect(changesIn('if (faulty(Fault.Q1)) KeReleaseSpinLock(lock, irql);')).toEqual([]);
    expect(changesIn('InterlockedIncrement(IN_USE);')).toEqual([]);
    expect(changesIn('const route = referenceRoute(address);')).toEqual([]);
  });
});

describe('what is moved', () => {
  it('is an acquire past what it protects, and a release before it', () => {
    const body = ['KeAcquireSpinLock(l);', 'x.first = y;', 'KeReleaseSpinLock(l, irql);'];
    expect(changesIn(...body).filter((each) => !each.includes('remove'))).toEqual([
      '2 acquire later: x.first = y; KeAcquireSpinLock(l);',
      '4 release earlier: KeReleaseSpinLock(l, irql); x.first = y;',
    ]);
  });

  it('is a dereference before the last use, and a reference past the first', () => {
    expect(changesIn('send(tcb);', 'dereferenceTcb(tcb);')).toContain(
      '3 dereference earlier: dereferenceTcb(tcb); send(tcb);');
    expect(changesIn('referenceTcb(tcb);', 'publish(tcb);')).toContain(
      '2 reference later: publish(tcb); referenceTcb(tcb);');
  });

  it('is a reference past the call that hands on what it is for', () => {
    const later = (...body: readonly string[]): string[] =>
      changesIn(...body).filter((each) => each.includes('reference later'));
    expect(later('referenceBlock(b);', 'build(irp);', 'IoCallDriver(device, irp);')).toEqual([
      '2 reference later: {} IoCallDriver(device, irp); referenceBlock(b);',
    ]);
    expect(later('beginCall(r);', 'build(irp);', 'return IoCallDriver(device, irp);')).toEqual([
      '2 reference later: {} const given = IoCallDriver(device, irp); beginCall(r); return given;',
    ]);
    expect(later('beginCall(r);', 'build(irp);', 'return;', 'IoCallDriver(device, irp);'))
      .toEqual([]);
  });

  it('is a release past a call that leaves the driver, and no other', () => {
    const release = 'KeReleaseSpinLock(l, irql);';
    expect(changesIn(release, 'IoCompleteRequest(irp, status, 0);')).toContain(
      `2 release later: IoCompleteRequest(irp, status, 0); ${release}`);
    expect(changesIn(release, 'x.first = y;')).toHaveLength(1);
  });

  it('does not pass an end, what it needs, what is the same without it, or another lock', () => {
    const moves = (...body: readonly string[]): string[] =>
      changesIn(...body).filter((each) => !each.includes('remove'));
    expect(moves('return x.y;', 'KeReleaseSpinLock(l, irql);')).toEqual([]);
    expect(moves('const tcb = take();', 'dereferenceTcb(tcb);')).toEqual([]);
    expect(moves('const all = table();', 'KeReleaseSpinLock(l, irql);')).toEqual([]);
    expect(moves('KeAcquireSpinLock(l);', 'KeReleaseSpinLock(l, irql);')).toEqual([]);
  });

  it('makes no text twice', () => {
    const mutants = mutantsIn('referenceTcb(tcb);', 'dereferenceTcb(tcb);');
    const texts = mutants.map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts).toHaveLength(3);
  });
});

/** The lines of the body with all its mutants in it, numbered from 1. */
function schemaIn(...body: readonly string[]): string[] {
  const text = `function f(): void {\n  ${body.join('\n  ')}\n}\n`;
  const mutants = mutantsOf(parseSource(PATH, text))
    .map((mutant, place) => ({ ...mutant, number: place + 1 }));
  expect(mutants.map(({ switched }) => switched)).not.toContain(null);
  const lines = schemaOf(PATH, text, mutants).split('\n');
  return lines.slice(1, body.length + 1).map((line) => line.trim());
}

describe('one kernel with all mutants', () => {
  it('has each behind its number, on the lines where they are', () => {
    expect(schemaIn('KeAcquireSpinLock(l);', 'x.first = y;', 'KeReleaseSpinLock(l, irql);'))
      .toEqual([
        '{if (!isMutant(1)) {if (!isMutant(2)) KeAcquireSpinLock(l);}}',
        'if (isMutant(4)) {KeReleaseSpinLock(l, irql);} x.first = y; '
          + 'if (isMutant(2)) {KeAcquireSpinLock(l);}',
        '{if (!isMutant(3)) {if (!isMutant(4)) KeReleaseSpinLock(l, irql);}}',
      ]);
  });

  it('keeps what an acquire gives, and what a count is', () => {
    expect(schemaIn('const irql = KeAcquireSpinLock(l);', 'x.first = y;')).toEqual([
      'let irql = (isMutant(1) ? irqlOfMutant() : (isMutant(2) ? irqlOfMutant() : '
        + 'KeAcquireSpinLock(l)));',
      'x.first = y; if (isMutant(2)) {irql = KeAcquireSpinLock(l);}',
    ]);
    expect(schemaIn('let irql = KeAcquireSpinLock(l);', 'x.first = y;')[1]).toBe(
      'x.first = y; if (isMutant(2)) {irql = KeAcquireSpinLock(l);}');
    expect(schemaIn('let irql = KeAcquireSpinLock(l);', 'x.first = y;')[0]).toMatch(/^let irql = /);
    expect(schemaIn('return --entry.references == 0;')).toEqual([
      'return (isMutant(1) ? entry.references : --entry.references) == 0;',
    ]);
    expect(schemaIn('use(entry);', 'const gone = dereferenceLocked(entry);')).toEqual([
      'const early2 = isMutant(2) ? dereferenceLocked(entry) : false; use(entry);',
      'const gone = (isMutant(1) ? false : (isMutant(2) ? early2 : dereferenceLocked(entry)));',
    ]);
  });

  it('has a reference behind what is given back', () => {
    expect(schemaIn('beginCall(r);', 'build(irp);', 'return IoCallDriver(device, irp);')).toEqual([
      '{if (!isMutant(1)) {if (!isMutant(2)) beginCall(r);}}',
      'build(irp);',
      'if (isMutant(2)) {const given2 = IoCallDriver(device, irp); beginCall(r); return given2;} '
        + 'return IoCallDriver(device, irp);',
    ]);
  });

  it('asks the switch, from where it lies', () => {
    const mutants = mutantsIn('dereferenceTcb(tcb);').map((each) => ({ ...each, number: 7 }));
    expect(schemaOf(PATH, 'function f(): void {\n  dereferenceTcb(tcb);\n}\n', mutants)).toBe(
      'function f(): void {\n  {if (!isMutant(7)) dereferenceTcb(tcb);}\n}\n'
      + 'import { isMutant } from "../nt/mutant";\n');
  });
});

describe('the laws of locks', () => {
  it('find an acquire without its release, and nothing in a release that comes too early', () => {
    const body = ['KeAcquireSpinLock(l);', 'x.first = y;', 'KeReleaseSpinLock(l, irql);'];
    const source = parseSource(PATH, `function f(): void {\n  ${body.join('\n  ')}\n}\n`);
    const laws = new Laws(treeOf([source]));
    const found = mutantsIn(...body).map((each) => laws.against(each));
    expect(found[2]).toBe('lock-release: l is acquired and never released');
    expect(found[3]).toBeNull();
  });
});

/** The moves of a function among some declarations: what its lines are, and what is found. */
function judgedIn(...body: readonly string[]): [law: string | null, same: string | null][] {
  const text = `class Tcb {
  // Under \`lock\`:
  state: u8;
  get lock(): KSpinLock { return at<KSpinLock>(0, 0); }
}
class Taken {
  // This processor's own:
  tcb: Tcb;
}
function place(): Taken { return at<Taken>(0, 0); }
function f(tcb: Tcb): void {\n  ${body.join('\n  ')}\n}\n`;
  const source = parseSource(PATH, text);
  const tree = treeOf([source]);
  const [laws, equivalence] = [new Laws(tree), new Equivalence(tree)];
  return mutantsOf(source).filter(({ change }) => change !== 'remove')
    .map((each) => [laws.against(each), equivalence.of(each)]);
}

describe('a move', () => {
  const acquire = 'KeAcquireSpinLockAtDpcLevel(tcb.lock);';
  const release = 'KeReleaseSpinLockFromDpcLevel(tcb.lock);';

  it('past what the lock keeps breaks a law, and is no equivalent', () => {
    expect(judgedIn(acquire, 'tcb.state = 1;', release)).toEqual([
      ['lock-kept: tcb.state is touched without Tcb.lock', null],
      ['lock-kept: tcb.state is touched without Tcb.lock', null],
    ]);
  });

  it('of a dereference before the last use breaks a law', () => {
    expect(judgedIn('send(tcb);', 'dereferenceTcb(tcb);')).toEqual([
      ['let-go: tcb is touched behind dereferenceTcb(tcb)', null],
    ]);
  });

  it('past what nobody else sees changes nothing', () => {
    const same = [[null, 'nobody else sees what is done there']];
    expect(judgedIn('referenceTcb(tcb);', 'const word = changetype<usize>(tcb);')).toEqual(same);
    expect(judgedIn('referenceTcb(tcb);', 'place().tcb = tcb;')).toEqual(same);
    expect(judgedIn('const chunk = allocateChunk(4);', 'referenceTcb(tcb);', 'chunk.owner = tcb;'))
      .toEqual(same);
    expect(judgedIn('const chunk = allocateChunk(4);', 'publish(chunk);', 'referenceTcb(tcb);',
      'chunk.owner = tcb;')).toEqual([[null, null]]);
    const build = 'TdiBuildSend(irp, file, changetype<usize>(tcb));';
    expect(judgedIn('const irp = IoAllocateIrp(1);', 'referenceTcb(tcb);', build)).toEqual(same);
    expect(judgedIn('referenceTcb(tcb);', build)).toEqual([[null, null]]);
  });

  it('of a count under a lock that is held on both sides changes nothing', () => {
    const same = [[null, 'both are done under one lock, and nothing ends between them']];
    const under = (statement: string): [string | null, string | null][] =>
      judgedIn('KeAcquireSpinLock(l);', 'f();', 'referenceTcb(tcb);', statement, 'g();',
        'KeReleaseSpinLock(l, irql);').filter(([law, why]) => law !== null || why !== null);
    expect(under('list.tcb = tcb;')).toEqual(same);
    expect(under('settle(tcb);')).toEqual([]);
  });

  it('past what a defect that is off would do changes nothing', () => {
    const same = [[null, 'what a defect does there is not done without it']];
    const past = (condition: string): (string | null)[][] =>
      judgedIn(`if (${condition}) tcb.port = 0;`, 'KeReleaseSpinLock(l, irql);');
    expect(past('faulty(Fault.Q1)')).toEqual(same);
    expect(past('faulty(Fault.Q1) && tcb.port == 1 && x')).toEqual(same);
    expect(past('faulty(Fault.Q1) || x')).toEqual([[null, null]]);
    expect(past('!faulty(Fault.Q1)')).toEqual([[null, null]]);
    expect(past('x && faulty(Fault.Q1)')).toEqual([[null, null]]);
  });

  it('past what only the verifier is told changes nothing', () => {
    expect(judgedIn('if (VERIFIER && x) note(tcb.port);', 'KeReleaseSpinLock(l, irql);')).toEqual([
      [null, 'only the verifier is told'],
    ]);
    expect(judgedIn('if (VERIFIER || x) note(tcb.port);', 'KeReleaseSpinLock(l, irql);')).toEqual([
      [null, null],
    ]);
  });
});

describe('which tests reach a file', () => {
  const tests = [
    'test/explore/self.test.ts', 'test/tcpip/arp.test.ts', 'test/tcpip/tcp/close.test.ts',
    'test/tcpip/tcp/tcb.test.ts', 'test/user/socket.test.ts',
  ];

  it('are its own, those beside it, and rings around them; none twice', () => {
    const rings = ringsOf('assembly/tcpip/tcp/tcb.ts', tests, false);
    expect(rings).toEqual([[tests[3]], [tests[2]], [tests[1]], [tests[4]], [tests[0]]]);
  });

  it('are orders of what happens sooner, where something was moved', () => {
    const rings = ringsOf('assembly/tcpip/tcp/tcb.ts', tests, true);
    expect(rings).toEqual([[tests[3]], [tests[2]], [tests[0]], [tests[1]], [tests[4]]]);
  });
});

describe('the report', () => {
  it('lists who survived with file and line, and counts the others by who found them', () => {
    const [one, two] = mutantsIn('referenceTcb(tcb);', 'dereferenceTcb(tcb);');
    if (one === undefined || two === undefined) throw new Error('two were to be made');
    const outcomes = [
      { mutant: one, finder: 'nobody', by: '', seconds: 3 },
      { mutant: two, finder: 'test', by: 'test/a.test.ts', seconds: 1 },
    ] as const;
    const report = reportOf(3, outcomes, [], true);
    expect(report).toMatchObject({
      tried: 2, mutants: 3, survivors: [withoutText(one)], secondsEach: 2, interrupted: true,
    });
    expect(formatReport(report)).toBe(
      `survived  ${PATH}:2  reference removed: referenceTcb(tcb)\n2 of 3 mutants, interrupted: `
      + '0 by law, 0 by compiler, 1 by test, 0 by hang, 0 equivalent, 1 survived; 2.0 s each');
  });
});
