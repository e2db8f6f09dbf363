import { beforeAll, describe, expect, it } from 'vitest';
import { replayLine } from '../../host/explore/again.js';
import { explore } from '../../host/explore/explorer.js';
import { expectNoFindings } from '../../host/explore/expect.js';
import type { Exploration, Finding } from '../../host/explore/finding.js';
import { prepareProgram } from '../../host/explore/program.js';
import { formatNothing, formatReport } from '../../host/explore/report.js';
import { hintOf } from '../../host/explore/sentence.js';
import type { LoadedModule } from '../../host/explore/source.js';
import { timelineOf } from '../../host/explore/timeline.js';
import type { TraceEvent } from '../../host/explore/timeline.js';
import { compileProgram } from '../../host/cli/explorecompile.js';

const ROOT = new URL('../../', import.meta.url);
let driver: LoadedModule;
let found: Exploration;

function only(exploration: Exploration): Finding {
  const [finding] = exploration.findings;
  if (finding === undefined) throw new Error('nothing was found');
  return finding;
}

beforeAll(async () => {
  driver = await compileProgram(new URL('test/explore/programs/driver.ts', ROOT).pathname);
  found = explore(prepareProgram(driver.module, { name: 'driver' }), driver);
});

describe('explore/report', () => {
  it('tells a deadlock on one screen', () => {
    const text = formatReport(found, { width: 80 });
    const lines = text.split('\n');
    expect(lines.length).toBeLessThanOrEqual(40);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(80);
    expect(text).toContain('DEADLOCK  0xC4/0x1001  confirmed');
    expect(text.replaceAll(/\s+/g, ' ')).toContain(
      'sendPacket and onTimer take ringLock and sendLock in opposite orders: with 2 processors',
    );
  });

  it('draws a column for each processor, the IRQL in the margin', () => {
    const lines = formatReport(found, { width: 80 }).split('\n');
    const head = lines.findIndex((line) => line.startsWith('IRQL processor 0: sendPacket'));
    expect(lines[head]).toContain('IRQL processor 1: onTimer');
    const rows = lines.slice(head + 1, lines.indexOf('', head));
    expect(rows.length).toBe(4);
    expect(rows.some((row) => /^0 {4}takes sendLock +driver\.ts:\d+/.test(row))).toBe(true);
    expect(rows.some((row) => /^2 {4}waits for ringLock .*◀─+ has it$/.test(row))).toBe(true);
    expect(rows.some((row) => /^ +has it ─+▶ 2 {4}waits for sendLock/.test(row))).toBe(true);
  });

  it('tells of each lock who has it, who waits, where it was taken and initialized', () => {
    const text = formatReport(found, { width: 100 });
    expect(text).toMatch(/^lock +ringLock 0x[0-9a-f]+, no rank, initialized at \S+:\d+$/m);
    expect(text).toMatch(/^ {2}held +by onTimer, taken at IRQL 2: \S+:\d+ onTimer < :\d+$/m);
    expect(text).toMatch(/^ {2}waits +sendPacket at IRQL 2: \S+:\d+ sendPacket < :\d+$/m);
  });

  it('hints at the order to adopt, and gives the command and the coverage', () => {
    const finding = only(found);
    const command = (line: string): string => `ntstack explore x.ts --replay ${line}`;
    const text = formatReport(found, { command });
    expect(text).toContain('hint     take sendLock before ringLock everywhere');
    expect(text.replaceAll(/\\\n/g, '')).toContain(`ntstack explore x.ts --replay ${finding.line}`);
    expect(text).toMatch(/^seen +[\d,]+ schedules, \d+ distinct traces/m);
    expect(text).toMatch(/^not seen /m);
  });

  it('has colours only where somebody gives some', () => {
    const paint = (text: string): string => `<${text}>`;
    const colours = {
      bold: paint, dim: paint, red: paint, green: paint, yellow: paint, cyan: paint,
    };
    expect(formatReport(found)).not.toContain('\u001B');
    expect(formatReport(found)).not.toContain('<DEADLOCK>');
    expect(formatReport(found, { paint: colours })).toContain('<DEADLOCK>');
  });

  it('tells that nothing was found, and of what is refuted why', () => {
    const nothing = { ...found, findings: [] };
    expect(formatReport(nothing)).toContain('driver  nothing found');
    expect(formatNothing(nothing)).toMatch(/^driver {2}nothing found in [\d,]+ schedule/);
    const refuted = {
      ...found,
      findings: [{ ...only(found), status: 'refuted' as const, reason: 'a gate lock', steps: [] }],
    };
    expect(formatReport(refuted)).toMatch(/DEADLOCK .*refuted[\S\s]*because +a gate lock/);
  });

  it('says what is missing where a lock is left', () => {
    const { subjects, steps } = only(found);
    const [lock] = subjects;
    const hint = hintOf({
      rule: 'LOCK_HELD_AT_END', words: [lock?.address ?? 0], parties: [], subjects, steps,
    });
    expect(hint).toMatch(/the release of what \S+:\d+ takes is missing/);
    const none = { rule: 'TRAP', words: [], parties: [], subjects, steps };
    expect(hintOf(none)).toBeUndefined();
  });
});

describe('explore/again', () => {
  it('replays a line to the same report, and refuses one of another build', () => {
    const finding = only(found);
    const prepared = prepareProgram(driver.module, { name: 'driver' });
    const again = replayLine(prepared, finding.line, driver);
    expect(only(again)).toMatchObject({
      rule: finding.rule, sentence: finding.sentence, steps: finding.steps,
    });
    expect(() => replayLine(prepared, finding.line, { ...driver, build: '0123456789ab' }))
      .toThrow(`the line is of build ${driver.build}, and this is 0123456789ab`);
    const other = finding.line.replace(':driver:', ':other:');
    expect(() => replayLine(prepared, other, driver)).toThrow(/scenario other.*driver/);
  });
});

describe('explore/timeline', () => {
  it('begins and ends every slice, in order, on tracks that have names', () => {
    const { traceEvents } = timelineOf(only(found));
    const open = new Map<string, string[]>();
    const named = new Set<string>();
    const last = new Map<string, number>();
    for (const event of traceEvents) {
      const track = `${event.pid}/${event.tid}`;
      expect(typeof event.name).toBe('string');
      expect(Number.isInteger(event.ts) && event.ts >= 0).toBe(true);
      if (event.ph === 'M') {
        if (event.name === 'thread_name') named.add(track);
        continue;
      }
      expect(named.has(track)).toBe(true);
      expect(event.ts).toBeGreaterThanOrEqual(last.get(track) ?? 0);
      last.set(track, event.ts);
      const stack = open.get(track) ?? [];
      open.set(track, stack);
      // Viewers match the words of both ends, not the name alone.
      const words = `${event.name} ${JSON.stringify(event.args ?? {})}`;
      if (event.ph === 'B') stack.push(words);
      if (event.ph === 'E') expect(stack.pop()).toBe(words);
    }
    expect([...open.values()].every((stack) => stack.length === 0)).toBe(true);
    expect(named.size).toBe(4);
  });

  it('has what is held and what is waited for', () => {
    const slices = timelineOf(only(found)).traceEvents.filter(({ ph }) => ph === 'B')
      .map(({ name }: TraceEvent) => name);
    expect(slices).toEqual(expect.arrayContaining([
      'sendLock', 'ringLock', 'waits for sendLock', 'waits for ringLock', 'onTimer', 'sendPacket',
    ]));
  });

  it('nests slices where locks are let go in another order', () => {
    const step = { actor: 'a', processor: 0, irql: 2 };
    const points = [['ACQUIRE', 4], ['ACQUIRE', 8], ['RELEASE', 4], ['RELEASE', 8]] as const;
    const steps = points.map(([point, object]) => ({ ...step, point, object }));
    const { traceEvents } = timelineOf({ ...only(found), parties: [], subjects: [], steps });
    const slices = traceEvents.filter(({ ph, tid }) => tid !== 0 && (ph === 'B' || ph === 'E'))
      .map(({ ph, name }) => `${ph} ${name}`);
    expect(slices).toEqual(
      ['B 0x4', 'B 0x8', 'E 0x8', 'E 0x4', 'B 0x8', 'E 0x8'],
    );
  });
});

describe('explore/expect', () => {
  it('fails with the report, and is silent where nothing is wrong', async () => {
    await expect(expectNoFindings(driver.module, { name: 'driver' }))
      .rejects.toThrow(/driver: something was found[\S\s]*DEADLOCK {2}0xC4\/0x1001 {2}confirmed/);
    const { coverage } = await expectNoFindings(driver.module, { fixed: true, schedules: 500 });
    expect(coverage.schedules).toBeGreaterThan(0);
    await expect(expectNoFindings('nowhere.wasm')).rejects.toThrow('nowhere.wasm cannot be read');
  });
});
