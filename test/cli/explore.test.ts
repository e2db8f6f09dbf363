import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ExploreSummary } from '../../host/cli/explore.js';
import { printed } from './printed.js';
import type { Timeline } from '../../host/explore/timeline.js';

const PROGRAM = 'test/explore/programs/driver.ts';
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ntstack-test-'));
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function json(...args: string[]): Promise<ExploreSummary> {
  const { out, err } = await printed('explore', ...args, '--json');
  expect(err).toBe('');
  return JSON.parse(out) as ExploreSummary;
}

describe('cli/explore', () => {
  it('finds, replays, and finds nothing in the twin', async () => {
    const { code, out, err } = await printed('explore', PROGRAM);
    expect(out).toMatch(/^DEADLOCK {2}0xC4\/0x1001 {2}confirmed$/m);
    expect([code, err]).toEqual([1, '']);
    const line = /^replay +(npx ntstack explore \S+ --replay) \\\n(nt1:\S+)$/m.exec(out);
    expect(line?.[1]).toBe(`npx ntstack explore ${PROGRAM} --replay`);
    const again = await printed('explore', PROGRAM, '--replay', line?.[2] ?? '');
    expect(again.out).toContain('by replay in schedule 1');
    expect(again.code).toBe(1);
    const twin = await printed('explore', PROGRAM, '--fixed', '--schedules', '200');
    expect(twin.out).toContain('driver  nothing found');
    expect(twin.code).toBe(0);
  });

  it('takes a program by its name, and the name alone in its command', async () => {
    const { out } = await printed('explore', 'driver', '--seed', '7');
    expect(out).toContain('npx ntstack explore driver --replay');
  });

  it('gives an exploration as JSON, and nothing else', async () => {
    const value = await json(PROGRAM, '--schedules', '100', '--seed', '3');
    expect(value).toMatchObject({ scenario: 'driver', points: 'locks', interrupted: false });
    expect(value.build).toMatch(/^[0-9a-f]{12}$/);
    expect(value.hashes).toBeUndefined();
    const [finding] = value.findings;
    expect(finding).toMatchObject({ status: 'confirmed', rule: 'DEADLOCK' });
    expect(finding?.line).toMatch(/^nt1:[0-9a-f]{12}:driver:locks:[0-9.x]+$/);
    expect(finding?.subjects.map(({ name }) => name).sort()).toEqual(['ringLock', 'sendLock']);
  });

  it('merges shards that have other schedules', async () => {
    const paths: string[] = [];
    for (const part of [1, 2]) {
      const path = join(folder, `${part}.json`);
      const value = await json(PROGRAM, '--strategy', 'random', '--schedules', '20',
        '--shard', `${part}/2`);
      expect(value.hashes?.length).toBe(value.coverage.traces);
      writeFileSync(path, JSON.stringify(value));
      paths.push(path);
    }
    const merged = await json('--merge', ...paths);
    expect(merged.coverage.schedules).toBeGreaterThanOrEqual(40);
    expect(merged.findings.length).toBe(1);
    const { out, code } = await printed('explore', '--merge', ...paths);
    expect(out).toContain('driver  1 confirmed');
    expect(code).toBe(1);
  });

  it('writes the first finding as a timeline, and says where there is none', async () => {
    const path = join(folder, 'trace.json');
    const { out } = await printed('explore', PROGRAM, '--trace', path);
    expect(out).toContain(`timeline ${path}`);
    const { traceEvents, otherData } = JSON.parse(readFileSync(path, 'utf8')) as Timeline;
    expect(traceEvents.length).toBeGreaterThan(10);
    expect(otherData['rule']).toBe('DEADLOCK');
    const none = await printed('explore', PROGRAM, '--fixed', '--schedules', '9', '--trace', path);
    expect(none.out).toContain('nothing is confirmed');
  });

  it('explores windows of the stack under a load', async () => {
    const { out } = await printed('explore', 'messages', '--schedules', '1');
    expect(out).toMatch(/^messages 1 {2}/m);
  });
});

describe('cli/explore: wrong use', () => {
  const wrong: [string[], RegExp][] = [
    [[], /nothing to explore/],
    [['a.ts', 'b.ts'], /b\.ts: one thing is explored at a time/],
    [['nowhere.wasm'], /nowhere\.wasm: no such file/],
    [['nowhere.ts'], /nowhere\.ts: no such file/],
    [['package.json'], /package\.json: nothing to explore; FILE\.wasm, FILE\.ts, self/],
    [['q000000'], /nothing to explore/],
    [[PROGRAM, '--schedules', '0'], /option --schedules: '0' is no whole number from 1 to/],
    [[PROGRAM, '--seconds', '-1'], /option --seconds: '-1' is no number above 0, at most/],
    [[PROGRAM, '--strategy', 'luck'], /option --strategy: no strategy luck: random, /],
    [[PROGRAM, '--seed', 'x'], /option --seed: /],
    [[PROGRAM, '--points', 'all'], /option --points: 'all' is none of locks, interlocked, memory/],
    [[PROGRAM, '--shard', '3/2'], /option --shard: '3\/2' is not I\/N/],
    [[PROGRAM, '--size', 'big'], /option --size: 'big' is no whole number/],
    [[PROGRAM, '--replay', 'nt1:x'], /option --replay: no replay line/],
    [[PROGRAM, '--replay', 'nt1:a:driver:locks:0', '--points', 'locks'], /option --points: not/],
    [[PROGRAM, '--replay', 'nt1:a:driver:locks:0'], /option --replay: the line is of build a, /],
    [[PROGRAM, '--trace', 'no/folder/x.json'], /option --trace: no\/folder\/x\.json cannot be/],
    [['messages', '--fixed'], /option --fixed: messages is no program/],
    [['--merge'], /option --merge: name the files/],
    [['--merge', 'package.json'], /option --merge: package\.json is not what/],
    [['--merge', 'nowhere.json'], /option --merge: nowhere\.json cannot be read: no such file/],
    [[PROGRAM, '--luck'], /unknown option/],
  ];

  it.each(wrong)('%j', async (args, expected) => {
    const { code, out, err } = await printed('explore', ...args);
    expect(err).toMatch(expected);
    expect(err.trimEnd().split('\n').length).toBe(1);
    expect(out).toBe('');
    expect(code).toBe(2);
  });

  it('names what does not compile, and what cannot be explored', async () => {
    const source = join(folder, 'wrong.ts');
    writeFileSync(source, 'export function thread(index: u32): void { nobody(); }\n');
    const compiled = await printed('explore', source);
    expect(compiled.err).toMatch(/wrong\.ts does not compile: ERROR TS2304: .*'nobody'/);
    const module = join(folder, 'empty.wasm');
    writeFileSync(module, Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0));
    const empty = await printed('explore', module);
    expect(empty.err).toMatch(/does not export .*: (build it with|write)/);
    writeFileSync(module, 'text');
    expect((await printed('explore', module)).code).toBe(2);
  });
});
