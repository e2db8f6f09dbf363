import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCapture } from '../../host/link/pcapread.js';
import { folderOf } from '../script/files.js';
import { printed } from './printed.js';

const folder = mkdtempSync(join(tmpdir(), 'ntstack-script-'));
afterAll(() => rmSync(folder, { recursive: true }));

const PASSING = join(folderOf('handshake'), 'passive.pkt');
const FAILING = join(folderOf('fail'), 'wrong-window.pkt');
const MALFORMED = join(folderOf('malformed'), 'flags.pkt');

describe('cli/script', () => {
  it('tells what passed, and ends with 0', async () => {
    const { code, out } = await printed('script', PASSING, '--target', 'both');
    expect(out).toBe('1 passed, 0 failed, 0 skipped\n');
    expect(code).toBe(0);
  });

  it('gives exactly the summary as JSON', async () => {
    const { code, out } = await printed('script', folderOf('skipped'), PASSING, '--json');
    const summary = JSON.parse(out) as { files: { file: string; outcome: string }[] };
    expect(Object.keys(summary)).toEqual(['passed', 'failed', 'skipped', 'files']);
    expect(Object.keys(summary.files[0] ?? {})).toEqual(['file', 'outcome', 'reason']);
    expect(summary).toMatchObject({ passed: 1, failed: 0 });
    expect(code).toBe(0);
  });

  it('shows a failure and ends with 1, on either kernel', async () => {
    const { code, out } = await printed('script', FAILING, '--target', 'both');
    expect(out).toContain(`${FAILING}:9: another packet in win`);
    expect(out).toContain('  expected  > S. 0:0(0) ack 1 win 8761 <mss 1460>\n');
    expect(code).toBe(1);
  });

  it('ends with 2 where a script cannot be read', async () => {
    const { code, out } = await printed('script', MALFORMED);
    expect(out).toContain(`${MALFORMED}:2:6: expected flags of TCP`);
    expect(code).toBe(2);
  });

  it('heeds names, registry values and strictness', async () => {
    const file = join(folder, 'defined.pkt');
    writeFileSync(file, '#ifdef MINE\n+0 close(9) = 0\n#endif\n+0 < R 1:1(0) win 0\n');
    expect((await printed('script', file)).code).toBe(0);
    expect((await printed('script', file, '-D', 'MINE')).code).toBe(1);
    const open = join(folderOf('fail'), 'extra-packet.pkt');
    expect((await printed('script', open, '--strict')).code).toBe(1);
    const set = ['--set', 'TcpInitialRTT=3000'];
    const again = join(folderOf('timers'), 'syn-again.pkt');
    expect((await printed('script', again, ...set)).out).toContain('syn-again.pkt:8: too late');
  });

  it('writes the frames of one script', async () => {
    const pcap = join(folder, 'frames.pcapng');
    await printed('script', PASSING, '--pcap', pcap);
    // A SYN, ARP both ways, the SYN-ACK, and what acknowledges it.
    expect([...readCapture(readFileSync(pcap))].length).toBeGreaterThanOrEqual(3);
  });

  it.each([
    [['nowhere.pkt'], 'nowhere.pkt cannot be read: no such file or folder'],
    [[folder, '--target', 'fast'], "option --target: 'fast' is none of free, checked, both"],
    [[PASSING, '--release', 'nt5'], 'option --release: nt5: unknown release'],
    [[PASSING, '--set', 'A'], "option --set: 'A' is not Name=value"],
    [[PASSING, '-D', '1x'], "option -D: '1x' is no name"],
    [[PASSING, FAILING, '--pcap', join(folder, 'x')], 'option --pcap: the frames of one script'],
    [[], "missing required argument 'path'"],
  ])('refuses %j', async (args, words) => {
    const { code, err } = await printed('script', ...args);
    expect(err).toContain(words);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });
});
